"""The ledger: every reply against topics, PostgreSQL, MongoDB, mail and the provider's book.

Verdicts in the words of Jepsen's checkers (jepsen.tests.kafka), where a log is a partition, an aggregate or a person:
lost-write            a 202 without its command, verdict, state or fact        counted as lost
unseen                a fact that a reader (history, mail) has not             counted as lost
poll-skip             a gap in the versions of an aggregate                    counted as lost
duplicate             twice on a fact topic, or a mail twice and not flagged   counted as doubled
aborted-read          there, though every reply said it never entered (G1a)    counted as doubled
nonmonotonic-send     commands stand otherwise than their person asked         counted as misordered
nonmonotonic-poll     versions of an aggregate out of order on their topic     counted as misordered
inconsistent-offsets  two readers saw two things in one place                  counted as misordered
and, of this bus only (money.py, laws.py):
unlawful              a state the tables do not allow                          counted as misordered
unbalanced            our books do not add up                                  counted as lost
unequal               the provider's book says something else than ours        counted as lost
violation             the provider was asked what it does not document         counted as broken
"""
import collections

import laws
import money
from harness.mail import mails
from harness.topics import agreed
from harness.until import Late, until

FACT_TOPICS = ("parcel", "trip", "booking", "payment", "auth")
READ = {"projector": ("commands",), "payments": ("payment",), "notifier": ("parcel", "booking", "payment", "auth")}
OWED = ("new", "sending", "waiting", "held")  # webhooks of the double
AGAIN = 1800  # seconds of its clock from one try to the next: each look is one try, not all of them at once
KINDS = ("parcel", "trip", "booking", "payment", "review", "profile", "search", "report")
# Facts whose audience is the same whatever they say: what each of them is told as.
TOLD = {"parcel.registered.v1": ("parcel.registered",), "parcel.cancelled.v1": ("parcel.cancelled",),
        "booking.requested.v1": ("booking.requested",), "booking.accepted.v1": ("booking.accepted",),
        "booking.declined.v1": ("booking.declined",), "booking.expired.v1": ("booking.expired",),
        "booking.paid.v1": ("booking.paid/sender", "booking.paid/traveller"),
        "booking.completed.v1": ("booking.completed/sender", "booking.completed/traveller")}
COUNTED = {"lost-write": "lost", "unseen": "lost", "poll-skip": "lost", "duplicate": "doubled",
           "aborted-read": "doubled", "nonmonotonic-send": "misordered", "nonmonotonic-poll": "misordered",
           "inconsistent-offsets": "misordered", "unlawful": "misordered", "unbalanced": "lost", "unequal": "lost",
           "violation": "broken"}
# How a notification ends: a page or a code that another took the place of is told to nobody.
ENDS = (("sent", None), ("dead", "no_address"), ("dead", "superseded"))
SUMS = ("lost", "doubled", "misordered", "broken")
# Due or about to be; a page, a refund or a payout that is only asked about now and then is at rest.
MOVING = {
    "outbox empty but for timers": "select count(*) from bus.outbox where topic <> 'commands' or due is null "
                                   "or due < now() + interval '2 seconds'",
    "payments at rest": "select count(*) from bus.payment_task where step not in ('done', 'dead') and next_at < "
                        "now() + case step when 'watch' then interval '2 seconds' else interval '10 minutes' end",
    "no mail waiting": "select count(*) from bus.notification where state in ('queued', 'sending')"}


def await_rest(bus, deadline=90):
    """Until every reader has read to the end and nothing is on its way: found twice, as each may move another."""
    seen = []

    def at_rest():
        seen[:] = [_moving(bus) or _moving(bus)]
        return seen == [None]
    try:
        until(at_rest, deadline, "the bus at rest", every=0.1)
    except Late as late:
        raise Late(f"{late}; {seen}") from None


def _moving(bus):
    """What is not at rest, the first that is found; what is cheap to ask comes first."""
    for what, count in MOVING.items():
        if bus.value(count):
            return f"not yet {what}: {bus.value(count)}"
    for reader, topics in READ.items():
        for topic in topics:
            behind = _behind(bus, reader, topic)
            if behind:
                return f"{reader} is behind on {topic}: {behind}"
    owed = [(webhook["id"], webhook["state"]) for webhook in bus.provider.webhooks() if webhook["state"] in OWED]
    if any(state == "waiting" for _, state in owed):
        bus.provider.advance(AGAIN)  # refused once more while the day passed: nobody else moves its clock
    unseen = _history_behind(bus)
    return f"webhooks: {owed}" if owed else f"not in the history: {unseen[:5]}" if unseen else None


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
    wanted = {message.id for topic in FACT_TOPICS for message in bus.topics.read(topic, check=False)}
    there = {document["fact"] for document in bus.mongo.history.find({}, {"fact": 1})}
    return sorted(wanted - there)


class Ledger:
    """All that was replied and all that is there, and what does not agree."""

    def __init__(self, bus, wishes, addresses):
        self.bus, self.wishes, self.addresses = bus, wishes, addresses
        self.findings, self.counted = [], dict(COUNTED)

    def find(self, kind, text, counts="broken"):
        """A finding; a kind that is not in the table above counts as said."""
        self.counted.setdefault(kind, counts)
        self.findings.append((kind, text))

    def check(self):
        self.read()
        self.commands_check()
        self.verdicts_check()
        self.facts_check()
        self.states_check()
        self.order_check()
        self.history_check()
        self.notifications_check()
        self.money_check()
        laws.laws_check(self.find, *map(self.bus.rows, (laws.TRIPS, laws.PARCELS, laws.BOOKINGS)))
        return self

    def read(self):
        dead = set(self.bus.rows('select partition, "offset" from bus.parked where kind = \'dead\''))
        self.commands = agreed([message for message in self.bus.topics.read("commands")
                                if (message.partition, message.offset) not in dead])
        self.facts = [message for topic in FACT_TOPICS for message in self.bus.topics.read(topic, whole=True)]
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
                self.find("inconsistent-offsets", f"command {wish.id} was shown {wish.seen}, now {verdict}")
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
                self.find("nonmonotonic-poll", f"{subject} has versions {found}")
            missing = set(range(1, max(found) + 1)) - set(found)
            if missing:
                self.find("poll-skip", f"{subject} has versions {sorted(found)}")
        self.newest = {subject: max(found) for subject, found in versions.items()}

    def states_check(self):
        stored = dict(self.bus.rows(" union all ".join(
            f"select '{kind}/' || id, version from state.{kind}" for kind in KINDS)))
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
                self.find("nonmonotonic-send", f"command {wish.id} stands before what its person asked earlier")
            before[wish.person] = first[wish.id]

    def history_check(self):
        documents = list(self.bus.mongo.history.find())
        there = collections.Counter(document["fact"] for document in documents)
        facts = {message.id: message for message in self.facts}
        for fact in facts.keys() - there.keys():
            self.find("unseen", f"fact {fact} is not in the history")
        for fact, count in there.items():
            if count > 1:
                self.find("duplicate", f"fact {fact} is {count} times in the history")
        for document in documents:
            message = facts.get(document["fact"])
            if message and (document["_id"], document["type"]) != (
                    f"{message.subject}:{message.version:010}", message.type):
                self.find("inconsistent-offsets", f"history {document['_id']} {document['type']} is not its fact")

    def notifications_check(self):
        rows = self.bus.rows("select id::text, fact::text, purpose, state, reason, repeat from bus.notification")
        told = {(fact, purpose) for _, fact, purpose, *_ in rows}
        facts = {message.id for message in self.facts}
        for message in self.facts:
            for purpose in TOLD.get(message.type, ()):
                if (message.id, purpose) not in told:
                    self.find("unseen", f"nobody was told {purpose} of fact {message.id}")
        for row, fact, purpose, *_ in rows:
            if fact not in facts:
                self.find("aborted-read", f"notification {row} {purpose} is of a fact that is not there")
        self.mails_check({row: end for row, _, _, *end in rows})

    def mails_check(self, notifications):
        """What was sent came, once without the flag; what was not sent did not, unless its row says that it may have: a
        try that was cut off is tried again, and by then the mail may be out of date."""
        found = collections.defaultdict(list)
        for address in self.addresses:
            for mail in mails(address):
                found[mail["X-Colis-Notification"]].append(mail["X-Colis-Repeat"])
        for notification, repeats in found.items():
            if notification not in notifications:
                self.find("duplicate", f"mail {notification} is of no notification")
            if repeats.count(None) > 1:
                self.find("duplicate", f"mail {notification} came {len(repeats)} times, unflagged")
        for notification, (state, reason, is_repeat) in notifications.items():
            if (state, reason) not in ENDS:
                self.find("unseen", f"notification {notification} is {state}: {reason}")
            if state == "sent" and notification not in found:
                self.find("unseen", f"mail {notification} was sent and did not come")
            if state == "dead" and not is_repeat and notification in found:
                self.find("duplicate", f"mail {notification} came and is called dead")

    def money_check(self):
        facts = [message for message in self.facts if message.topic == "payment"]
        book = self.bus.provider.say("GET", "/book")["currencies"]
        money.money_check(self.find, facts, *map(self.bus.rows, (money.LINES, money.PAYMENTS)), book)
        for violation in self.bus.provider.violations():
            self.find("violation", violation)

    # --- what it says ---

    def counts(self):
        sums = dict.fromkeys(SUMS, 0)
        for kind, _ in self.findings:
            sums[self.counted[kind]] += 1
        return sums

    def summary(self):
        replies = collections.Counter(str(reply) for wish in self.wishes for reply in wish.replies)
        told = ", ".join(f"{count} x {reply}" for reply, count in sorted(replies.items()))
        return (f"{len(self.wishes)} commands ({told}); {len(self.verdicts)} verdicts, {len(self.facts)} facts, "
                f"{sum(wish.is_surely_not for wish in self.wishes)} surely not taken")
