"""Every message seen on a topic, read by a general JSON Schema validator beside our codec."""
import collections
import threading

import confluent_kafka
import pytest
from harness import places
from harness.bus import Bus
from harness.person import PARCEL
from harness.topics import FACTS, agreed
from harness.until import pause

WHOLE = PARCEL | {"description": "Deux boubous et un livre: «L'aventure ambiguë»\n\t☂ 𝄞", "fragile": True,
                  "ready_from": "2030-01-01T00:00:00Z", "deliver_by": "2030-02-01T23:59:59Z",
                  "origin": {"country": "FR", "city": "Saint-Étienne", "landmark": "Face à l'église"}}


def test_every_decided_command_is_taken_by_both_readers_as_it_stands(bus, person):
    taken = [person.post("/v1/parcels", WHOLE).json(), person.register(), person.profile()]
    for one in taken:
        person.verdict(one)
    decided = {row[0] for row in bus.rows("select id::text from bus.verdict")}
    commands = agreed([message for message in bus.topics.read("commands") if message.id in decided])
    assert {one["id"] for one in taken} <= {message.id for message in commands}


def test_every_fact_on_every_topic_is_taken_by_both_readers_as_it_stands(bus, person):
    parcel = person.registered()
    person.verdict(person.cancel(parcel, reason="other"))
    bus.topics.await_facts("parcel", f"parcel/{parcel}", 2)
    for topic in FACTS:
        agreed(bus.topics.read(topic))


def test_every_fact_is_once_and_versions_have_no_gap(bus, person):
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")
    for topic in FACTS:
        facts = bus.topics.read(topic)
        assert len({fact.id for fact in facts}) == len(facts)
        versions = collections.defaultdict(list)
        for fact in facts:
            versions[fact.subject].append(fact.version)
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


def test_every_fact_names_the_schema_and_the_command_it_comes_from(bus, person):
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")
    commands = {message.id for message in bus.topics.read("commands")}
    for topic in FACTS:
        for fact in bus.topics.read(topic):
            assert fact.headers["ce_dataschema"] == f"/schemas/facts/{fact.type}"
            assert fact.headers["ce_causationid"] in commands and fact.headers["ce_subject"].endswith(fact.key)


@pytest.fixture
def sender(tmp_path):
    """A bus of topics alone, and who writes to them in transactions."""
    with Bus(tmp_path, ()) as bus:
        producer = confluent_kafka.Producer({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"],
                                             "transactional.id": bus.namespace, "log_level": 0})
        producer.init_transactions(30)
        yield bus, producer


@pytest.mark.parametrize("end, found", [("commit_transaction", 1), ("abort_transaction", 0)])
def test_a_whole_reading_waits_for_the_end_of_a_transaction(sender, end, found):
    """A commit is answered before it stands in the partitions: who judges what was lost must not read in between."""
    bus, producer = sender
    producer.begin_transaction()
    producer.produce(f"{bus.namespace}.parcel", b"{}", headers={"ce_id": b"one"})
    producer.flush(30)
    assert not bus.topics.read("parcel", check=False)

    def ends():
        pause(0.3)
        getattr(producer, end)(30)
    ending = threading.Thread(target=ends)
    ending.start()
    try:
        assert len(bus.topics.read("parcel", check=False, whole=True)) == found
    finally:
        ending.join()
