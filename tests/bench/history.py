"""The history's documents a second against a bare unordered bulk insert of the same documents by the driver.

The facts lie on their topic before the program starts; its time runs from its first document to its last, and the
driver (pymongo, bulks of the same size) then writes the very documents it wrote into an empty collection with the
same indexes. Interleaved rounds, each in a namespace of its own.
"""
import json
import statistics
import time
import uuid

from harness.until import until

FACTS, BATCH, ROUNDS = 8000, 500, 3


def facts_make(count):
    """Records (key, headers, value) of as many parcels' first facts."""
    for _ in range(count):
        parcel, person, command = (str(uuid.uuid4()) for _ in range(3))
        data = {"state": "registered", "sender": person, "origin": {"country": "FR", "city": "Paris"},
                "destination": {"country": "SN", "city": "Dakar"}, "weight_g": 2500, "category": "clothes",
                "value": {"amount": 40000, "currency": "XOF"}}
        headers = {"ce_id": str(uuid.uuid4()), "ce_source": "/projector", "ce_specversion": "1.0",
                   "ce_type": "parcel.registered.v1", "ce_subject": f"parcel/{parcel}",
                   "ce_time": "2026-11-22T10:00:00.123Z", "ce_sequence": "0000000001", "ce_causationid": command,
                   "ce_principal": person, "ce_role": "person", "ce_partitionkey": parcel,
                   "ce_dataschema": "/schemas/facts/parcel.registered.v1", "content-type": "application/json",
                   "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        yield (parcel.encode(), [(name, value.encode()) for name, value in headers.items()],
               json.dumps(data, separators=(",", ":")).encode())


def program_run(bus):
    """Documents a second of colis-history, and its documents."""
    bus.topics.write("parcel", facts_make(FACTS))
    program = bus.add("history")

    def stored():
        return program.metric("colis_reader_events_total")  # asking the server would cost the server
    first = until(lambda: max(0, stored()), 30, "a document", every=0.002)
    began = time.perf_counter()
    until(lambda: stored() >= FACTS, 120, "every document", every=0.01)
    took = time.perf_counter() - began
    documents = list(bus.mongo.history.find())
    assert len(documents) == FACTS
    return (FACTS - first) / took, documents


def driver_run(bus, documents):
    """Documents a second of bare bulks."""
    collection = bus.mongo.bare
    for name, index in bus.mongo.history.index_information().items():
        if name != "_id_":
            collection.create_index(index["key"], name=name)
    began = time.perf_counter()
    for at in range(0, len(documents), BATCH):
        collection.insert_many(documents[at:at + BATCH], ordered=False)
    return len(documents) / (time.perf_counter() - began)


def measure(make_bus, say):
    ours, bare = [], []
    for number in range(ROUNDS):
        bus = make_bus()
        bus.migrate()
        rate, documents = program_run(bus)
        ours.append(rate)
        bare.append(driver_run(bus, documents))
        bus.close()
        say(f"  history round {number + 1}/{ROUNDS}: {ours[-1]:,.0f}/s, driver {bare[-1]:,.0f}/s")
    ratio = statistics.median(a / b for a, b in zip(ours, bare))
    return [("history: documents a second / bare unordered bulk insert by the driver", "≥ 0.7", f"{ratio:.2f}",
             ratio >= 0.7, f"{statistics.median(ours):,.0f}/s / {statistics.median(bare):,.0f}/s")]
