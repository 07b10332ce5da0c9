"""What stands on the topics of a namespace, as any Kafka tool sees it (read_committed), and a writer for poison."""
import functools
import json
import sys
from dataclasses import dataclass

import confluent_kafka
from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from harness import places
from harness.until import ANSWER, until

FACTS = ("parcel", "trip", "booking", "payment", "auth", "notification")


@functools.cache
def agree():
    """The second opinion on messages: tests/schemas/agree.py."""
    sys.path.append(str(places.TOP / "tests" / "schemas"))
    import agree as module
    return module


def agreed(messages):
    """The same messages; AssertionError where jsonschema and our codec do not both take one as it stands."""
    for message in messages:
        agree().check_message(message.headers, message.value)
    return messages


@dataclass(frozen=True)
class Message:
    """A record and where it stands; headers as text."""
    topic: str
    partition: int
    offset: int
    key: str
    headers: dict
    value: bytes
    at_ms: int

    @property
    def id(self):
        return self.headers.get("ce_id")

    @property
    def type(self):
        return self.headers.get("ce_type")

    @property
    def subject(self):
        return self.headers.get("ce_subject")

    @property
    def version(self):
        return int(self.headers.get("ce_sequence", 0))

    @property
    def data(self):
        return json.loads(self.value)


class Topics:
    """Reads whole topics, finds messages, writes raw records."""

    def __init__(self, namespace):
        self.namespace = namespace

    def _client(self, **more):
        return {"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "log_level": 0, **more}

    def _reader(self, level="read_committed"):
        return confluent_kafka.Consumer(self._client(**{
            "group.id": f"{self.namespace}.eyes", "enable.auto.commit": False, "enable.partition.eof": True,
            "isolation.level": level, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10}))

    def read(self, topic, check=True, whole=False):
        """Every message of a topic from its start to its end now, in order of partition and offset. Whole: once no
        transaction is open on it, for a broker answers a commit before it marks it in the partitions, and who reads
        what is committed sees it only then."""
        if whole:
            until(lambda: self.ends(topic) == self.ends(topic, "read_uncommitted"), 60,
                  f"every transaction on {topic} ended", every=0.05)
        reader = self._reader()
        try:
            found = self._read_all(reader, f"{self.namespace}.{topic}")
        finally:
            reader.close()
        messages = [_message(record, topic) for record in sorted(found, key=lambda r: (r.partition(), r.offset()))]
        return agreed(messages) if check and topic in FACTS else messages

    @staticmethod
    def _read_all(reader, name):
        partitions = reader.list_topics(name, timeout=ANSWER).topics[name].partitions
        reader.assign([TopicPartition(name, partition, confluent_kafka.OFFSET_BEGINNING) for partition in partitions])
        found, ended = [], set()
        while len(ended) < len(partitions):
            record = reader.poll(0.5)  # as it comes: consume would wait for as many as were asked for
            if record and not record.error():
                found.append(record)
            elif record and record.error().code() == KafkaError._PARTITION_EOF:
                ended.add(record.partition())
            elif record:
                raise AssertionError(record.error().str())
        return found

    def of(self, topic, subject, check=True):
        return [message for message in self.read(topic, check) if message.subject == subject]

    def await_facts(self, topic, subject, count=1, deadline=15):
        """The facts of one aggregate once there are as many."""
        def look():
            found = self.of(topic, subject)
            return found if len(found) >= count else None
        return until(look, deadline, f"{count} facts of {subject} on {topic}", every=0.1)

    def ends(self, topic, level="read_committed"):
        reader = self._reader(level)
        try:
            name = f"{self.namespace}.{topic}"
            partitions = reader.list_topics(name, timeout=ANSWER).topics[name].partitions
            return {p: reader.get_watermark_offsets(TopicPartition(name, p), timeout=ANSWER)[1] for p in partitions}
        finally:
            reader.close()

    def write(self, topic, records):
        """Raw records as (key, headers, value), waited for; returns [(partition, offset)]."""
        places_written = []

        def reported(error, record):
            assert error is None, error
            places_written.append((record.partition(), record.offset()))
        producer = confluent_kafka.Producer(self._client(**{
            "partitioner": "murmur2_random", "linger.ms": 1, "message.max.bytes": 2_000_000,
            "enable.idempotence": True}))
        for key, headers, value in records:
            producer.produce(f"{self.namespace}.{topic}", value=value, key=key, headers=headers or None,
                             on_delivery=reported)
        assert producer.flush(ANSWER) == 0
        return places_written

    def forget(self, topic):
        """DeleteRecords of all there is."""
        admin = AdminClient(self._client())
        places_gone = [TopicPartition(f"{self.namespace}.{topic}", p, end) for p, end in self.ends(topic).items()]
        for future in admin.delete_records(places_gone).values():
            future.result(ANSWER)

    def names(self):
        there = AdminClient(self._client()).list_topics(timeout=ANSWER).topics
        return sorted(name for name in there if name.startswith(self.namespace + "."))


def _text(value):
    return value.decode(errors="surrogateescape") if value is not None else None


def _message(record, topic):
    headers = {name: _text(value) for name, value in record.headers() or []}
    return Message(topic, record.partition(), record.offset(), _text(record.key()), headers, record.value() or b"",
                   record.timestamp()[1])
