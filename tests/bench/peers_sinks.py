"""The consuming half beside Kafka Connect's sinks and Bento: rows stored a CPU second of the process that stores them.

Projection: ours decides commands and stores for each a row of state, one of private values, a verdict, and its fact
in a page of the outbox. The peers upsert the same row of state by its id from records made for them: flat, typed
(Connect's bring their schema along, as its JSON does), nothing to decide. All rows that are stored are counted, and the
rows of state alone, which is what a command costs. History: ours keeps facts as they stand on their topic; the peers
get theirs as finished documents. Everybody runs already and has stored parts that are not counted, until one is no
cheaper than the best before it: what compiles as it goes has done so. One at a time, rounds interleaved.
"""
import json
import statistics
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import urlsplit

from confluent_kafka.admin import AdminClient, NewTopic
from harness import places
from harness.person import PARCEL, command_id
from harness.until import until
from history import facts_make
from peers_run import BUILT, HERE, Process, built, cpu_seconds, resident_mb, why_not

RECORDS, ROUNDS, PARTITIONS = 40000, 5, 6
WARM_LEAST, WARM_MOST, WARM_GAIN = 3, 15, 1.05  # parts of RECORDS; a gain below this is none
CONNECT_GOAL, MEMORY_GOAL = 3, 5
UUID_TYPE, TIME_TYPE = "io.debezium.data.Uuid", "io.debezium.time.ZonedTimestamp"
COLUMNS = (("id", "string", UUID_TYPE), ("version", "int64", None), ("state", "string", None),
           ("changed_at", "string", TIME_TYPE), ("sender", "string", UUID_TYPE), ("origin_country", "string", None),
           ("origin_city", "string", None), ("destination_country", "string", None),
           ("destination_city", "string", None), ("weight_g", "int64", None), ("category", "string", None),
           ("value_amount", "int64", None), ("value_currency", "string", None),
           ("registered_at", "string", TIME_TYPE))
SCHEMA = {"type": "struct", "optional": False, "name": "parcel", "fields": [
    {"field": name, "type": kind, "optional": False} | ({"name": meaning} if meaning else {})
    for name, kind, meaning in COLUMNS]}


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- records ---

def commands_records(count):
    """Registrations, as the ingress writes them."""
    value = json.dumps(PARCEL, separators=(",", ":")).encode()
    for _ in range(count):
        person, at = str(uuid.uuid4()), now()
        command = command_id(person, "bench")
        headers = {"ce_specversion": "1.0", "ce_id": command, "ce_source": "/ingress", "ce_type": "parcel.register.v1",
                   "ce_subject": f"parcel/{uuid.uuid4()}", "ce_time": at, "ce_partitionkey": person,
                   "ce_dataschema": "/schemas/commands/parcel.register.v1", "ce_principal": person,
                   "ce_role": "person", "ce_fingerprint": "00112233445566778899aabbccddeeff",
                   "content-type": "application/json"}
        yield person.encode(), [(name, text.encode()) for name, text in headers.items()], value


def rows_records(count, schema):
    """Rows of state.parcel, flat; with their schema where the reader needs one."""
    for _ in range(count):
        parcel, at = str(uuid.uuid4()), now()
        row = dict(zip((name for name, _, _ in COLUMNS), (
            parcel, 1, "registered", at, str(uuid.uuid4()), "FR", "Paris", "SN", "Dakar", 2500, "clothes", 40000, "XOF",
            at)))
        value = {"schema": SCHEMA, "payload": row} if schema else row
        yield parcel.encode(), None, json.dumps(value, separators=(",", ":")).encode()


def documents_records(count):
    """The facts, as the documents colis-history makes of them."""
    for key, headers, value in facts_make(count):
        said = {name: text.decode() for name, text in headers}
        aggregate = said["ce_subject"]
        document = {"_id": f"{aggregate}:{said['ce_sequence']}", "fact": said["ce_id"],
                    "parcel": aggregate.partition("/")[2], "seq": int(said["ce_sequence"]), "at": said["ce_time"],
                    "type": said["ce_type"], "by": said["ce_principal"], "data": json.loads(value)}
        yield key, None, json.dumps(document, separators=(",", ":")).encode()


# --- who stores ---

@dataclass
class Sink:
    """Somebody who stores what stands on a topic; stored() counts."""
    name: str
    pid: int
    topic: str
    records: object
    stored: object
    besides: object = lambda: 0  # rows it stores that are not what stored() counts
    stop: object = lambda: None
    goal: float = 0  # rows of ours for one of theirs; 0: to be known, not to be reached
    found: list = field(default_factory=list)


def topic_make(bus, name):
    admin = AdminClient({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "log_level": 0})
    for future in admin.create_topics([NewTopic(f"{bus.namespace}.{name}", PARTITIONS, 1)]).values():
        future.result()
    return name


def table_make(bus, name):
    columns = ", ".join(f"{column} " + {UUID_TYPE: "uuid", TIME_TYPE: "timestamptz"}.get(
        meaning, {"int64": "bigint"}.get(kind, "text")) + " not null" for column, kind, meaning in COLUMNS)
    bus.rows(f"create table public.{name} ({columns}, primary key (id))")
    bus.rows(f"create index on public.{name} (sender, registered_at desc, id desc)")


def counted(bus, table):
    return lambda: bus.value(f"select count(*) from {table}")


def ours(bus, half):
    if half == "projection":
        besides = [counted(bus, table) for table in ("private.parcel", "bus.verdict", "bus.outbox_page")]
        return Sink("colis-projector", bus.add("projector").await_ready().pid, "commands", commands_records,
                    counted(bus, "state.parcel"), lambda: sum(count() for count in besides))
    return Sink("colis-history", bus.add("history").await_ready().pid, "parcel", facts_make,
                bus.mongo.history.estimated_document_count)


def properties_write(bus, name, values):
    """The peer's own file, and what this run adds."""
    file = bus.folder / f"{name}.properties"
    lines = [f"{key}={value}" for key, value in values.items()]
    file.write_text((HERE / "connect" / f"{name}.properties").read_text() + "\n".join(lines) + "\n")
    return file


def connect_start(bus, connector, values):
    port = places.free_port()
    worker = properties_write(bus, "worker", {
        "bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "plugin.path": BUILT / "connect" / connector,
        "plugin.discovery": "service_load" if connector == "jdbc" else "only_scan",  # as each can be found
        "listeners": f"http://{places.HOST}:{port}",
        "offset.storage.file.filename": bus.folder / f"{connector}.offsets"})
    command = ["java", "-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-cp", f"{BUILT / 'connect' / 'worker'}/*",
               f"-Dlog4j2.configurationFile={places.INFRA / 'local' / 'kafka' / 'log4j2.properties'}",
               "org.apache.kafka.connect.cli.ConnectStandalone", worker, properties_write(bus, connector, values)]
    return Process(command, bus.folder / f"connect-{connector}.log", port).await_ready(120)


def connect_jdbc(bus):
    topic, url = topic_make(bus, "peer-rows"), urlsplit(places.servers()["COLIS_POSTGRES_URL"])
    table_make(bus, "peer_rows")
    process = connect_start(bus, "jdbc", {
        "topics": f"{bus.namespace}.{topic}", "collection.name.format": "peer_rows",
        "connection.url": f"jdbc:postgresql://{url.hostname}:{url.port}/{bus.namespace}",
        "connection.username": url.username, "connection.password": url.password})
    return Sink("Connect, Debezium JDBC", process.pid, topic, lambda count: rows_records(count, True),
                counted(bus, "public.peer_rows"), stop=process.stop, goal=CONNECT_GOAL)


def connect_mongo(bus):
    topic = topic_make(bus, "peer-documents")
    process = connect_start(bus, "mongo", {
        "topics": f"{bus.namespace}.{topic}", "database": bus.namespace, "collection": "peer",
        "connection.uri": places.servers()["COLIS_MONGO_URL"]})
    return Sink("Connect, MongoDB sink", process.pid, topic, documents_records,
                bus.mongo.peer.estimated_document_count, stop=process.stop, goal=CONNECT_GOAL)


def bento_start(bus, half, topic, **values):
    """Has no port: it has begun once it stores."""
    told = {"BROKERS": places.servers()["COLIS_KAFKA_BROKERS"], "TOPIC": f"{bus.namespace}.{topic}",
            "GROUP": f"{bus.namespace}.bento"}
    return Process([BUILT / "bento" / "bento", "-c", HERE / "bento" / f"{half}.yaml"], bus.folder / f"bento-{half}.log",
                   environment=told | values)


def bento_projection(bus):
    topic, url = topic_make(bus, "bento-rows"), places.servers()["COLIS_POSTGRES_URL"]
    table_make(bus, "bento_rows")
    process = bento_start(bus, "projection", topic, POSTGRES=f"{url}/{bus.namespace}?sslmode=disable")
    return Sink("Bento", process.pid, topic, lambda count: rows_records(count, False),
                counted(bus, "public.bento_rows"), stop=process.stop)


def bento_history(bus):
    topic = topic_make(bus, "bento-documents")
    process = bento_start(bus, "history", topic, MONGO=places.servers()["COLIS_MONGO_URL"], DATABASE=bus.namespace)
    return Sink("Bento", process.pid, topic, documents_records, bus.mongo.bento.estimated_document_count,
                stop=process.stop)


# --- rounds ---

def store(bus, sink):
    """Rows a CPU second, as they are compared and all of them, and rows a second, of one part."""
    records, before, besides = list(sink.records(RECORDS)), sink.stored(), sink.besides()
    cpu, began = cpu_seconds(sink.pid), time.monotonic()
    bus.topics.write(sink.topic, records)
    until(lambda: sink.stored() >= before + RECORDS, 900, f"{sink.name} stores {RECORDS}", every=0.25)
    cpu, seconds = cpu_seconds(sink.pid) - cpu, time.monotonic() - began
    return {"cpu": RECORDS / cpu, "all": (RECORDS + sink.besides() - besides) / cpu, "rate": RECORDS / seconds}


def warm(bus, sink):
    best = 0
    for part in range(WARM_MOST):
        cpu = store(bus, sink)["cpu"]
        if part + 1 >= WARM_LEAST and cpu < best * WARM_GAIN:
            break
        best = max(best, cpu)


def half_measure(bus, sinks, title, say):
    """Rows of the figures about one half; the first sink is ours."""
    for sink in sinks:
        warm(bus, sink)
    for number in range(ROUNDS):
        for sink in sinks:
            sink.found.append(store(bus, sink))
        say(f"  {title} round {number + 1}/{ROUNDS}: " +
            ", ".join(f"{sink.name} {sink.found[-1]['cpu']:,.0f} a CPU second" for sink in sinks))
    table_say(sinks, title, say)
    return [row for sink in sinks[1:] for row in rows(sinks[0], sink, title)]


def middle(sink, what):
    return statistics.median(one[what] for one in sink.found)


def table_say(sinks, title, say):
    say(f"\n| {title} | records a CPU second | rows a CPU second | records/s | resident |\n|---|---|---|---|---|")
    for sink in sinks:
        say(f"| {sink.name} | {middle(sink, 'cpu'):,.0f} | {middle(sink, 'all'):,.0f} | {middle(sink, 'rate'):,.0f} | "
            f"{resident_mb(sink.pid):.0f} MB |")


def ratio_row(first, sink, title, what):
    """Of the rounds' own ratios the median."""
    ratio = statistics.median(a[what] / b[what] for a, b in zip(first.found, sink.found))
    return (f"{title}, ours / {sink.name}", f"≥ {sink.goal}" if sink.goal else "—", f"{ratio:.1f}",
            ratio >= sink.goal, f"{middle(first, what):,.0f} / {middle(sink, what):,.0f}")


def rows(first, sink, title):
    """Rows of the figures about one peer."""
    memory = resident_mb(sink.pid) / resident_mb(first.pid)
    found = [ratio_row(first, sink, f"{title}: rows a CPU second", "all")]
    if middle(first, "all") > middle(first, "cpu"):
        found.append(ratio_row(first, sink, f"{title}: rows of state alone a CPU second", "cpu"))
    return found + [
        (f"{title}: resident memory after load, {sink.name} / ours", f"≥ {MEMORY_GOAL}", f"{memory:.1f}",
         memory >= MEMORY_GOAL, f"{resident_mb(sink.pid):.0f} MB / {resident_mb(first.pid):.1f} MB")]


HALVES = {"projection": {"connect": connect_jdbc, "bento": bento_projection},
          "history": {"connect": connect_mongo, "bento": bento_history}}


def measure(make_bus, half, wanted, say):
    """Rows of the table."""
    peers = [name for name in HALVES[half] if name in wanted and built(name)]
    for name in HALVES[half]:
        if name in wanted and name not in peers:
            say("  " + why_not(name))
    if not peers:
        return []
    with make_bus() as bus:
        sinks = []
        try:
            sinks.append(ours(bus, half))
            for name in peers:
                sinks.append(HALVES[half][name](bus))
            return half_measure(bus, sinks, half, say)
        finally:
            for sink in sinks:
                sink.stop()
