"""503 means surely not there, 504 means unknown: shown with a broker that freezes, vanishes and comes back."""
import concurrent.futures
import json

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, TopicPartition
from harness.mock import Mock
from harness.person import PARCEL, command_id
from harness.until import ANSWER, until

FAST = {"COLIS_CHECK_TOPICS": "off", "COLIS_KAFKA_DELIVERY_MS": "2000", "COLIS_KAFKA_LATE_MS": "500"}


@pytest.fixture
def cut(make_bus):
    """An ingress on a mock cluster that can be frozen."""
    namespace = "tmock"
    with Mock(f"{namespace}.commands") as mock:
        told = FAST | {"COLIS_KAFKA_BROKERS": mock.brokers, "COLIS_NAMESPACE": namespace}
        bus = make_bus("ingress", settings={"ingress": told})
        yield bus, mock, namespace


def stored(mock, namespace):
    """Command ids on the mock's topic."""
    reader = confluent_kafka.Consumer({"bootstrap.servers": mock.brokers, "group.id": "eyes", "log_level": 0,
                                       "enable.partition.eof": True, "fetch.wait.max.ms": 10})
    name = f"{namespace}.commands"
    partitions = reader.list_topics(name, timeout=ANSWER).topics[name].partitions
    reader.assign([TopicPartition(name, partition, 0) for partition in partitions])
    found, ended = [], set()
    while len(ended) < len(partitions):
        for record in reader.consume(500, 0.2):
            if not record.error():
                found.append(dict(record.headers())["ce_id"].decode())
            elif record.error().code() == KafkaError._PARTITION_EOF:
                ended.add(record.partition())  # else: of a connection that a freeze outlasted
    reader.close()
    return found


def until_refused(bus, least=12):
    """(person, reply) of commands, each by its own person, begun one after another until one of them is 503."""
    sent = []
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        def look():
            person = bus.person()
            sent.append((person, pool.submit(person.post, "/v1/parcels", PARCEL, "k-" + person.id)))
            return len(sent) >= least and any(reply.done() and reply.result().status_code == 503 for _, reply in sent)
        until(look, 20, "a 503", every=0.12)
    return [(person, reply.result()) for person, reply in sent]


def taken_again(person):
    """The command's id once its key is taken, and how often that was not known: it may be there as often besides."""
    codes = []

    def look():
        reply = person.post("/v1/parcels", PARCEL, key="k-" + person.id)
        codes.append(reply.status_code)
        return reply.json()["id"] if reply.status_code == 202 else None
    return until(look, 20, "the key taken"), codes.count(504)


def test_a_frozen_broker_gives_504_then_503_and_never_a_202(cut):
    bus, mock, namespace = cut
    taken_again(bus.person())
    before = set(stored(mock, namespace))
    mock.freeze()
    try:
        replies = [reply for _, reply in until_refused(bus)]
    finally:
        mock.thaw()
    codes = [reply.status_code for reply in replies]
    assert set(codes) == {503, 504} and codes[0] == 504, codes
    refused = [reply for reply in replies if reply.status_code == 503]
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in refused)
    assert all(json.loads(reply.content)["status"] == 503 for reply in refused)
    taken_again(bus.person())
    assert len(set(stored(mock, namespace))) <= len(before) + 1 + codes.count(504)


def test_a_key_that_was_refused_with_503_is_not_there(cut):
    bus, mock, namespace = cut
    taken_again(bus.person())
    mock.freeze()
    try:
        replies = until_refused(bus)
    finally:
        mock.thaw()
    refused = [person for person, reply in replies if reply.status_code == 503]
    assert refused
    taken_again(bus.person())  # what was late has gone its way
    ids = {command_id(person.id, "k-" + person.id) for person in refused}
    assert not ids & set(stored(mock, namespace))
    taken = [taken_again(person) for person in refused]
    assert {id for id, _ in taken} == ids
    found = [id for id in stored(mock, namespace) if id in ids]
    assert set(found) == ids and len(found) <= len(ids) + sum(unknown for _, unknown in taken)


def test_a_full_producer_queue_is_503(make_bus):
    namespace = "tmock"
    with Mock(f"{namespace}.commands") as mock:
        told = FAST | {"COLIS_KAFKA_BROKERS": mock.brokers, "COLIS_NAMESPACE": namespace,
                       "COLIS_KAFKA_QUEUE_MESSAGES": "4", "COLIS_KAFKA_LATE_MS": "60000"}
        bus = make_bus("ingress", settings={"ingress": told})
        taken_again(bus.person())
        before = set(stored(mock, namespace))
        people = [bus.person() for _ in range(16)]
        mock.freeze()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            codes = list(pool.map(lambda person: person.post("/v1/parcels", PARCEL).status_code, people))
        mock.thaw()
        assert codes.count(503) >= 8 and set(codes) <= {503, 504}
        assert len(set(stored(mock, namespace))) <= len(before) + codes.count(504)


def test_a_504_retried_with_its_key_is_one_command(cut):
    bus, mock, namespace = cut
    person = bus.person()
    taken_again(person)
    mock.freeze()
    reply = person.post("/v1/parcels", PARCEL, key="two")
    mock.thaw()
    assert reply.status_code == 504

    def taken():
        reply = person.post("/v1/parcels", PARCEL, key="two")
        return reply.json() if reply.status_code == 202 else None
    body = until(taken, 20, "a 202 for the same key")
    assert body["id"] in stored(mock, namespace)


def test_the_ingress_takes_commands_while_nobody_decides(make_bus):
    bus = make_bus("ingress")
    taken = bus.person().register()
    assert taken["id"] in [message.id for message in bus.topics.read("commands")]
