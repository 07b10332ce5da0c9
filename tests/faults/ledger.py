"""The ledger: every reply against topics, PostgreSQL, MongoDB and mail. Verdicts in the words of Jepsen's checkers.

lost-write     a 202 without its command, verdict, state or fact        counted as lost
unseen         a fact that a reader (history, mail) has not             counted as lost
poll-skip      a gap in the versions of an aggregate                    counted as lost
duplicate      twice on a fact topic, or a mail twice and not flagged   counted as doubled
aborted-read   there, though every reply said it never entered          counted as doubled
nonmonotonic   out of the order asked, or versions out of order         counted as misordered
inconsistent   a verdict that was shown and is another now              counted as misordered
"""
import collections
import json

from harness.mail import mails
from harness.topics import agreed
from harness.until import until

FACT_TOPICS = ("parcel", "auth")
COUNTED = {"lost-write": "lost", "unseen": "lost", "poll-skip": "lost", "duplicate": "doubled",
           "aborted-read": "doubled", "nonmonotonic": "misordered", "inconsistent": "misordered"}


def await_rest(bus, deadline=90):
    """Until every reader has read to the end and nothing is on its way."""
    until(lambda: _behind(bus, "projector", "commands") == [], deadline, "projector at the end", every=0.1)
    until(lambda: bus.value("select count(*) from bus.outbox") == 0, deadline, "outbox empty", every=0.1)
    for topic in FACT_TOPICS:
        until(lambda: _behind(bus, "notifier", topic) == [], deadline, f"notifier at the end of {topic}", every=0.1)
    until(lambda: _history_behind(bus) == [], deadline, "history at the end", every=0.1)
    until(lambda: bus.value("select count(*) from bus.notification where state in ('queued', 'sending')") == 0,
          deadline, "no mail waiting", every=0.1)


def _behind(bus, reader, topic):
    """Partitions where the reader has not stored the end of its topic."""
    stored = dict(bus.rows("select partition, next from bus.position where reader = %s and topic = %s", reader, topic))
    last = _last(bus, topic)
    return [(partition, stored.get(partition), end) for partition, end in last.items()
            if stored.get(partition, 0) <= end]


def _last(bus, topic):
    """Partition and offset of the last record of each partition that holds one."""
    found = {}
    for message in bus.topics.read(topic, check=False):
        found[message.partition] = message.offset
    return found


def _history_behind(bus):
    wanted = {message.id for topic in FACT_TOPICS[:1] for message in bus.topics.read(topic, check=False)}
    there = {document["fact"] for document in bus.mongo.history.find({}, {"fact": 1})}
    return sorted(wanted - there)


class Ledger:
    """All that was replied and all that is there, and what does not agree."""

    def __init__(self, bus, wishes, addresses):
        self.bus, self.wishes, self.addresses = bus, wishes, addresses
        self.findings = []

    def find(self, kind, text):
        self.findings.append((kind, text))

    def check(self):
        self.read()
        self.commands_check()
        self.verdicts_check()
        self.facts_check()
        self.states_check()
        self.order_check()
        self.history_check()
        self.mails_check()
        return self

    def read(self):
        self.commands = agreed(self.bus.topics.read("commands"))
        self.facts = [message for topic in FACT_TOPICS for message in self.bus.topics.read(topic)]
        rows = self.bus.rows("select id::text, accepted, fact_count, reason from bus.verdict")
        self.verdicts = {row[0]: row[1:] for row in rows}

    def commands_check(self):
        there = {message.id for message in self.commands}
        for wish in self.wishes:
            if wish.is_taken and wish.id not in there:
                self.find("lost-write", f"command {wish.id} {wish.replies} is not on its topic")
            if wish.is_surely_not and wish.id in there:
                self.find("aborted-read", f"command {wish.id} {wish.replies} is on its topic")

    def verdicts_check(self):
        for wish in self.wishes:
            verdict = self.verdicts.get(wish.id)
            if wish.is_taken and verdict is None:
                self.find("lost-write", f"command {wish.id} {wish.replies} has no verdict")
            if wish.is_surely_not and verdict is not None:
                self.find("aborted-read", f"command {wish.id} {wish.replies} has a verdict")
            if wish.seen and verdict and (wish.seen["state"] == "accepted") != verdict[0]:
                self.find("inconsistent", f"command {wish.id} was shown {wish.seen}, now {verdict}")
        for message in self.commands:
            if message.id not in self.verdicts:
                self.find("lost-write", f"command {message.id} on the topic has no verdict")

    def facts_check(self):
        counts = collections.Counter(message.id for message in self.facts)
        for fact, count in counts.items():
            if count > 1:
                self.find("duplicate", f"fact {fact} is {count} times on its topic")
        caused = collections.Counter(message.headers.get("ce_causationid") for message in self.facts)
        for command, (_, fact_count, _) in self.verdicts.items():
            if caused[command] < fact_count:
                self.find("lost-write", f"command {command} has {caused[command]} facts of {fact_count}")
            elif caused[command] > fact_count:
                self.find("duplicate", f"command {command} has {caused[command]} facts of {fact_count}")
        self.versions_check()

    def versions_check(self):
        versions = collections.defaultdict(list)
        for message in self.facts:
            versions[message.subject].append(message.version)
        for subject, found in versions.items():
            if found != sorted(found):
                self.find("nonmonotonic", f"{subject} has versions {found}")
            missing = set(range(1, max(found) + 1)) - set(found)
            if missing:
                self.find("poll-skip", f"{subject} has versions {sorted(found)}")
        self.newest = {subject: max(found) for subject, found in versions.items()}

    def states_check(self):
        rows = self.bus.rows("select 'parcel/' || id, version from state.parcel "
                             "union all select 'profile/' || id, version from state.profile")
        stored = dict(rows)
        for subject in stored.keys() | self.newest.keys():
            if stored.get(subject) != self.newest.get(subject):
                self.find("lost-write", f"{subject}: state has version {stored.get(subject)}, "
                                        f"its topic {self.newest.get(subject)}")
        private = self.bus.value("select count(*) from state.parcel s where not exists "
                                 "(select from private.parcel p where p.id = s.id)")
        if private:
            self.find("lost-write", f"{private} parcels without their private values")

    def order_check(self):
        """What a person asked after a 202 stands after it."""
        first = {}
        for message in self.commands:
            first.setdefault(message.id, message.offset)
        before = {}
        for wish in self.wishes:
            if not wish.is_taken or wish.id not in first:
                continue
            if first[wish.id] < before.get(wish.person, -1):
                self.find("nonmonotonic", f"command {wish.id} stands before what its person asked earlier")
            before[wish.person] = first[wish.id]

    def history_check(self):
        documents = list(self.bus.mongo.history.find())
        there = collections.Counter(document["fact"] for document in documents)
        facts = {message.id: message for message in self.facts if message.topic == "parcel"}
        for fact in facts.keys() - there.keys():
            self.find("unseen", f"fact {fact} is not in the history")
        for fact, count in there.items():
            if count > 1:
                self.find("duplicate", f"fact {fact} is {count} times in the history")
        for document in documents:
            message = facts.get(document["fact"])
            if message and (document["_id"], document["type"]) != (
                    f"{message.subject}:{message.version:010}", message.type):
                self.find("inconsistent", f"history {document['_id']} {document['type']} is not its fact")

    def mails_check(self):
        for person, address in self.addresses.items():
            facts = [message for message in self.facts if message.topic == "parcel" and self._sender(message) == person]
            found = collections.defaultdict(list)
            for mail in mails(address):
                found[mail["X-Colis-Notification"]].append(mail["X-Colis-Repeat"])
            if len(found) < len(facts):
                self.find("unseen", f"{address} has {len(found)} mails for {len(facts)} facts")
            elif len(found) > len(facts):
                self.find("duplicate", f"{address} has {len(found)} mails for {len(facts)} facts")
            for notification, repeats in found.items():
                if repeats.count(None) > 1:
                    self.find("duplicate", f"mail {notification} came {len(repeats)} times, unflagged")

    @staticmethod
    def _sender(message):
        return json.loads(message.value).get("sender")

    # --- what it says ---

    def counts(self):
        sums = dict.fromkeys(("lost", "doubled", "misordered"), 0)
        for kind, _ in self.findings:
            sums[COUNTED[kind]] += 1
        return sums

    def summary(self):
        replies = collections.Counter(str(reply) for wish in self.wishes for reply in wish.replies)
        told = ", ".join(f"{count} x {reply}" for reply, count in sorted(replies.items()))
        return (f"{len(self.wishes)} commands ({told}); {len(self.verdicts)} verdicts, {len(self.facts)} facts, "
                f"{sum(wish.is_surely_not for wish in self.wishes)} surely not taken")
