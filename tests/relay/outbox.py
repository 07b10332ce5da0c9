"""Rows as the projector writes them, and what must be true of the topics afterwards."""
import collections
import json
import uuid

from harness.until import until

PAGE = "insert into bus.outbox_page (messages) values (%s)"
COMMAND = "insert into bus.outbox_command (key, aggregate, event, headers, value, due) " \
          "values (%s, %s, %s, %s, %s, coalesce(%s, '-infinity'::timestamptz))"
# The attributes of a line, in the order of schemas/event.c.
LINE = ("ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema", "ce_partitionkey", "ce_sequence",
        "ce_principal", "ce_role", "ce_causationid", "ce_fingerprint", "traceparent")


def headers_of(event, subject, key, version, kind="parcel.registered.v1"):
    headers = {"ce_specversion": "1.0", "ce_id": event, "ce_source": "/projector", "ce_type": kind,
               "ce_subject": subject, "ce_time": "2026-11-22T10:00:00Z", "ce_partitionkey": key,
               "content-type": "application/json"}
    if version:
        headers["ce_sequence"] = f"{version:010d}"
    return headers


def row(aggregate, version, topic="parcel", due=None, kind="parcel.registered.v1"):
    """One row; the event's id is its own."""
    event, subject = str(uuid.uuid4()), f"{topic if topic != 'commands' else 'parcel'}/{aggregate}"
    headers = headers_of(event, subject, str(aggregate), version, kind)
    value = json.dumps({"version": version}, separators=(",", ":"))
    return topic, str(aggregate), subject, version, event, headers, value, due


def record(row_):
    """(key, headers, value), as the relay publishes it."""
    _, key, _, _, _, headers, value, _ = row_
    return key.encode(), [(name, text.encode()) for name, text in headers.items()], value.encode()


def line(headers):
    return "\t".join(headers.get(name, "") for name in LINE)


def write(cursor, rows):
    """As the projector does: facts in pages, here of one to nine; commands alone."""
    facts = [f"{topic}\t{line(headers)}\t{value}\n" for topic, _, _, _, _, headers, value, _ in rows
             if topic != "commands"]
    size = 1 + len(facts) % 9
    for at in range(0, len(facts), size):
        cursor.execute(PAGE, ["".join(facts[at:at + size])])
    for topic, key, subject, _, event, headers, value, due in rows:
        if topic == "commands":
            cursor.execute(COMMAND, (key, subject, event, line(headers), value, due))


def insert(connection, rows, hint=True):
    """In one transaction, as a batch of the projector."""
    with connection.transaction(), connection.cursor() as cursor:
        write(cursor, rows)
        if hint:
            cursor.execute("notify outbox")


def event_of(row_):
    return row_[4]


class Ledger:
    """Aggregates with versions in order, spread over the fact topics; remembers what was committed."""

    TOPICS = ("parcel", "trip", "booking", "auth")

    def __init__(self, chance, aggregates=40):
        self.chance = chance
        self.versions = {uuid.UUID(int=chance.getrandbits(128), version=4): 0 for _ in range(aggregates)}
        self.topic = {aggregate: chance.choice(self.TOPICS) for aggregate in self.versions}
        self.committed = {}

    def batch(self, size):
        rows = []
        for _ in range(size):
            aggregate = self.chance.choice(list(self.versions))
            self.versions[aggregate] += 1
            rows.append(row(aggregate, self.versions[aggregate], self.topic[aggregate]))
        return rows

    def write(self, connection, size):
        rows = self.batch(size)
        insert(connection, rows)
        self.committed |= {event_of(one): one for one in rows}

    def check(self, bus):
        """Every row once on its topic, versions of each aggregate in order without a gap, nothing left behind."""
        found = [message for topic in self.TOPICS for message in bus.topics.read(topic, check=False, whole=True)]
        times = collections.Counter(message.id for message in found)
        assert not [event for event, count in times.items() if count > 1], "doubled"
        assert set(times) == set(self.committed), f"{len(set(self.committed) - set(times))} lost"
        seen = collections.defaultdict(list)
        for message in found:
            assert message.topic == self.committed[message.id][0]
            seen[message.subject].append(message.version)
        for subject, versions in seen.items():
            assert versions == list(range(1, len(versions) + 1)), f"{subject}: {versions}"


def await_empty(bus, deadline=60):
    until(lambda: bus.value("select count(*) = 0 from bus.outbox"), deadline, "the outbox to be empty", every=0.05)
