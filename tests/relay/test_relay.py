"""The relay on real servers: every fact once, in order, whatever is killed, stopped or cut."""
import datetime
import os
import random
import signal
import threading
import uuid

import outbox
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from cutter import Cutter
from harness import places
from harness.clock import wrong_clock
from harness.until import pause, until
from proxy import DOWN, FAIR, Lines, Weather

SEED = int(os.environ.get("COLIS_SEED") or random.SystemRandom().randrange(1 << 32))
KILLS = int(os.environ.get("COLIS_KILLS") or 3)


@pytest.fixture
def chance(request):
    print(f"seed: COLIS_SEED={SEED}")
    return random.Random(f"{SEED}-{request.node.name}")


@pytest.fixture
def ledger(chance):
    return outbox.Ledger(chance)


class Load:
    """Batches of random size, one after the other, until told to end."""

    def __init__(self, bus, ledger):
        self.bus, self.ledger, self.ended, self.failure = bus, ledger, threading.Event(), None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            with self.bus.database_open() as connection:
                while not self.ended.is_set():
                    self.ledger.write(connection, self.ledger.chance.randint(1, 60))
        except BaseException as error:
            self.failure = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        assert self.failure is None, self.failure


def reason(program):
    return program.probe("/readyz")[1]


def test_facts_reach_their_topics_once_and_in_order(relays, ledger):
    relays.add("relay").await_ready()
    with relays.database_open() as connection:
        for size in (1, 2, 700, 1300, 5):
            ledger.write(connection, size)
    outbox.await_empty(relays)
    ledger.check(relays)
    until(lambda: relays.relay.metric("colis_relay_facts_total") == len(ledger.committed), 20, "each counted once")


def test_a_batch_that_takes_long_to_fill_is_published_whole(relays, ledger):
    """By what ingress calls late: the relay hears no report before it has sent them all."""
    with relays.database_open() as connection:
        ledger.write(connection, 8000)
    relays.add("relay", COLIS_RELAY_BATCH="2000", COLIS_KAFKA_LATE_MS="10").await_ready()
    outbox.await_empty(relays)
    ledger.check(relays)
    assert relays.relay.metric("colis_relay_sessions_total") == 1


def test_a_scan_larger_than_the_producer_s_queue_is_published_whole(relays, ledger):
    """Facts and commands: what is in the queue goes before what no longer fits."""
    due = [outbox.row(uuid.uuid4(), 0, "commands", None, "parcel.cancel.v1") for _ in range(50)]
    with relays.database_open() as connection:
        ledger.write(connection, 50)
        outbox.insert(connection, due)
    relays.add("relay", COLIS_KAFKA_QUEUE_MESSAGES="4").await_ready()
    outbox.await_empty(relays)
    ledger.check(relays)
    assert {message.id for message in relays.topics.read("commands", check=False)} == set(map(outbox.event_of, due))
    assert relays.relay.metric("colis_relay_sessions_total") == 1


def test_a_notice_without_a_version_goes_to_the_dead_topic(relays):
    relays.add("relay").await_ready()
    row = outbox.row(uuid.uuid4(), 0, "dead.projector", kind="command.parked.v1")
    with relays.database_open() as connection:
        outbox.insert(connection, [row])
    outbox.await_empty(relays)
    assert [message.id for message in relays.topics.read("dead.projector")] == [outbox.event_of(row)]


def test_a_timer_goes_to_commands_when_it_is_due(relays):
    relays.add("relay").await_ready()
    now = datetime.datetime.now(datetime.timezone.utc)
    rows = [outbox.row(uuid.uuid4(), 0, "commands", due, "parcel.cancel.v1")
            for due in (now - datetime.timedelta(days=1), None, now + datetime.timedelta(days=1))]
    with relays.database_open() as connection:
        outbox.insert(connection, rows)
    until(lambda: relays.value("select count(*) = 1 from bus.outbox"), 20, "the timers that are due")
    there = {message.id for message in relays.topics.read("commands", check=False)}
    assert there == {outbox.event_of(row) for row in rows[:2]}
    relays.rows("update bus.outbox_command set due = now()")
    outbox.await_empty(relays)
    assert {message.id for message in relays.topics.read("commands", check=False)} == \
        {outbox.event_of(row) for row in rows}


def test_a_timer_is_not_published_before_the_relay_s_own_clock_says_it_is_due(relays, tmp_path):
    """As where PostgreSQL's clock alone is ahead."""
    now = datetime.datetime.now(datetime.timezone.utc)
    ended, waits = [outbox.row(uuid.uuid4(), 0, "commands", due, "parcel.cancel.v1")
                    for due in (now - datetime.timedelta(minutes=61), now - datetime.timedelta(minutes=30))]
    behind = relays.add("relay", **wrong_clock(tmp_path, -3600)).await_ready()
    with relays.database_open() as connection:
        outbox.insert(connection, [waits, ended])
    until(lambda: behind.metric("colis_relay_commands_total") == 1, 20, "what is due by both clocks")
    until(lambda: any("two clocks differ" in line.get("message", "") for line in behind.log_lines()), 20, "it says so")
    assert [message.id for message in relays.topics.read("commands", check=False)] == [outbox.event_of(ended)]
    assert relays.rows("select event::text from bus.outbox") == [(outbox.event_of(waits),)]
    behind.stop()
    relays.add("relay").await_ready()
    outbox.await_empty(relays)
    assert {message.id for message in relays.topics.read("commands", check=False)} == \
        {outbox.event_of(row) for row in (ended, waits)}


def test_a_row_that_became_visible_late_is_not_passed_over(relays, ledger):
    relays.add("relay").await_ready()
    with relays.database_open() as slow, relays.database_open() as fast:
        for _ in range(3):
            held = ledger.batch(3)
            with slow.transaction(), slow.cursor() as cursor:
                outbox.write(cursor, held)
                later = [outbox.row(uuid.uuid4(), 1, "parcel") for _ in range(5)]
                for one in later:
                    outbox.insert(fast, [one])
                ledger.committed |= {outbox.event_of(one): one for one in later}
                until(lambda: relays.relay.metric("colis_relay_facts_total") == len(ledger.committed), 20,
                      "what was committed is published")
            ledger.committed |= {outbox.event_of(one): one for one in held}
    outbox.await_empty(relays)
    ledger.check(relays)


def test_a_row_of_the_newest_transaction_is_not_passed_over(relays, ledger):
    """Its xid is behind all that ended, its id before one of theirs."""
    def published(rows):
        ledger.committed |= {outbox.event_of(one): one for one in rows}
        until(lambda: relays.relay.metric("colis_relay_facts_total") == len(ledger.committed), 20,
              "what was committed is published")

    relays.add("relay").await_ready()
    with relays.database_open() as slow, relays.database_open() as fast:
        for _ in range(10):
            held, (later, last) = ledger.batch(2), (outbox.row(uuid.uuid4(), 1, "parcel") for _ in range(2))
            with slow.transaction():
                with fast.transaction():
                    fast.execute("select pg_current_xact_id()")
                    outbox.write(slow, held)
                    outbox.write(fast, [later])
                published([later])
                outbox.insert(fast, [last])
                published([last])  # seen by another look than the first
            published(held)
    outbox.await_empty(relays)
    ledger.check(relays)


def test_kills_at_random_instants_lose_and_double_nothing(relays, ledger, chance):
    relays.add("relay").await_ready()
    with Load(relays, ledger):
        for _ in range(KILLS):
            pause(chance.uniform(0.05, 1.0))
            relays.relay.kill()
            relays.relay.start()
            pause(chance.uniform(0.0, 0.4))
        relays.relay.await_ready()
    outbox.await_empty(relays)
    ledger.check(relays)


def test_two_relays_take_turns_when_one_is_killed(relays, ledger, chance):
    relays.add("relay").await_ready()
    relays.add("relay", 2).await_ready()
    pair = [relays.programs["relay"], relays.programs["relay-2"]]
    with Load(relays, ledger):
        for _ in range(KILLS):
            pause(chance.uniform(0.1, 0.6))
            active = until(lambda: [one for one in pair if one.metric("colis_relay_active") == 1], 20,
                           "one active relay")[0]
            active.kill()
            active.start()
    outbox.await_empty(relays)
    ledger.check(relays)


def test_a_stopped_relay_loses_its_lock_and_is_fenced(relays, ledger, chance):
    relays.add("relay").await_ready()
    first = relays.programs["relay"]
    until(lambda: first.metric("colis_relay_active") == 1, 20, "the first to be active")
    second = relays.add("relay", 2).await_ready()
    with Load(relays, ledger):
        pause(chance.uniform(0.1, 0.5))
        first.signal(signal.SIGSTOP)
        until(lambda: second.metric("colis_relay_active") == 1, 30, "the second to take over")
        published = second.metric("colis_relay_facts_total")
        until(lambda: second.metric("colis_relay_facts_total") > published, 20, "the second to publish")
        first.signal(signal.SIGCONT)
        until(lambda: first.metric("colis_relay_active") == 0, 20, "the first to give up")
        first.await_ready()
    outbox.await_empty(relays)
    until(lambda: second.metric("colis_relay_active") == 1, 20, "the second active still")
    ledger.check(relays)


class Slow(Weather):
    """Whatever the broker says comes so much later."""

    def late(self, chance):
        return 2.1


def test_a_broker_slower_than_a_wait_is_waited_for(relays, ledger):
    """Two questions and their answers are more than a first wait: who waits no longer next time publishes never."""
    lines = Lines("relay")
    try:
        broker = int(places.servers()["COLIS_KAFKA_BROKERS"].rpartition(":")[2])
        line = lines.lay("relay", broker, "kafka")
        relays.add("relay", COLIS_KAFKA_BROKERS=f"{places.HOST}:{line.port}").await_ready()
        line.weather_set(Slow(), DOWN)
        with relays.database_open() as connection:
            ledger.write(connection, 60)
        outbox.await_empty(relays, 240)
        line.weather_set(FAIR)
        until(lambda: relays.programs["relay"].metric("colis_relay_sessions_total") > 1, 20, "more than one session")
    finally:
        lines.end()
    ledger.check(relays)


@pytest.mark.parametrize("cut", ["question", "answer"])
def test_a_cut_around_the_delete_is_found_out_by_reading_again(relays, ledger, cut):
    """Either the DELETE never arrived, or it was done and nobody said so."""
    told = relays.settings("relay")
    with Cutter(places.servers()["COLIS_POSTGRES_URL"]) as cutter:
        url = cutter.url(open(told["COLIS_POSTGRES_URL_FILE"]).read().strip())
        del told["COLIS_POSTGRES_URL_FILE"]
        file = relays.folder / "url"
        file.write_text(url)
        relays.add("relay", COLIS_POSTGRES_URL_FILE=str(file)).await_ready()
        with relays.database_open() as connection:
            for _ in range(5):
                cutter.arm(b"relay_published", cut)
                ledger.write(connection, 20)
                until(lambda: cutter.cuts and not cutter.armed, 20, "the cut")
                outbox.await_empty(relays)
        assert cutter.cuts == 5
        relays.relay.stop()
    ledger.check(relays)


def test_a_fact_the_outbox_never_had_stops_the_relay_and_it_says_so(relays, ledger):
    relays.add("relay").await_ready()
    with relays.database_open() as connection:
        ledger.write(connection, 10)
        outbox.await_empty(relays)
        relays.relay.stop()
        # PostgreSQL is brought back to a time before that batch.
        relays.rows("delete from bus.relay_position")
        relays.relay.start()
        until(lambda: "lost time" in reason(relays.relay), 20, "the reason in /readyz")
        ledger.write(connection, 1)
        assert relays.relay.alive and relays.relay.probe("/healthz")[0] == 200
        assert relays.value("select count(*) from bus.outbox") == 1
        # Somebody moved the positions to the ends, as projector --recover does: it goes on by itself.
        for topic in ledger.TOPICS:
            for partition, end in relays.topics.ends(topic).items():
                relays.rows("insert into bus.relay_position values (%s, %s, %s) on conflict (topic, partition) "
                            "do update set next = excluded.next", topic, partition, end)
        outbox.await_empty(relays)
    relays.relay.await_ready()
    ledger.check(relays)


def test_a_fact_found_twice_past_its_position_stops_the_relay(relays):
    fact = outbox.row(uuid.uuid4(), 1)
    with relays.database_open() as connection:
        outbox.insert(connection, [outbox.row(uuid.uuid4(), 1), fact])
    relays.topics.write("parcel", [outbox.record(fact)] * 2)
    relay = relays.add("relay")
    until(lambda: "holds a fact twice" in reason(relay), 20, "the reason in /readyz")
    assert any(line.get("event") == outbox.event_of(fact) for line in relay.log_lines())
    assert relays.value("select count(*) from bus.outbox") == 2
    assert len(relays.topics.read("parcel", check=False)) == 2


def test_a_position_behind_the_end_of_the_log_stops_the_relay(relays):
    relays.rows("insert into bus.relay_position values ('parcel', 0, 1000)")
    relay = relays.add("relay")
    until(lambda: "outside its log" in reason(relay), 20, "the reason in /readyz")
    relays.rows("delete from bus.relay_position")
    relay.await_ready()


def remade(relays, topic):
    """The topic deleted, and made anew as it was made at first: empty."""
    name = f"{relays.namespace}.{topic}"
    admin = AdminClient({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "log_level": 0})
    for future in admin.delete_topics([name]).values():
        future.result(30)
    until(lambda: name not in relays.topics.names(), 30, f"{topic} is gone")
    relays.migrate()


@pytest.mark.parametrize("more", [1, 20])
def test_a_topic_made_anew_under_a_running_relay_stops_it(relays, more):
    """One row: the log ends before the position. Many: what was aborted fills it past the position."""
    relay, aggregate = relays.add("relay").await_ready(), uuid.uuid4()
    with relays.database_open() as connection:
        outbox.insert(connection, [outbox.row(aggregate, version) for version in range(1, 6)])
        outbox.await_empty(relays)
        remade(relays, "parcel")
        rows = [outbox.row(aggregate, version) for version in range(6, 6 + more)]
        outbox.insert(connection, rows)
    until(lambda: "outside its log" in reason(relay), 60, "the reason in /readyz")
    until(lambda: sum(line.get("message") == "publishes nothing" for line in relay.log_lines()) > 1, 60, "another look")
    assert "outside its log" in reason(relay)
    assert relays.topics.read("parcel", whole=True) == []
    relays.rows("update bus.relay_position set next = 0 where topic = 'parcel'")
    outbox.await_empty(relays)
    assert [message.id for message in relays.topics.read("parcel", check=False, whole=True)] == \
        [outbox.event_of(row) for row in rows]
    relay.await_ready()


def test_its_position_is_not_set_back_behind_a_reader_of_the_topic(relays):
    """Who stands past it would skip, once the log has grown: docs/operations.md, A topic is not what it was."""
    back = "update bus.relay_position set next = 0 where topic = 'payment' and partition = %s"
    relays.rows("insert into bus.relay_position values ('payment', 3, 17), ('payment', 4, 17)")
    relays.rows("insert into bus.position values ('payments', 'payment', 3, 18), ('notifier', 'payment', 3, 0)")
    with pytest.raises(psycopg.errors.RaiseException, match="readers stand past 0 of payment/3: payments at 18"):
        relays.rows(back, 3)
    relays.rows(back, 4)
    relays.rows("update bus.position set next = 0 where reader = 'payments' and topic = 'payment' and partition = 3")
    relays.rows(back, 3)
    assert relays.value("select sum(next)::int from bus.relay_position") == 0


def test_another_cluster_than_the_one_known_stops_the_relay(relays):
    relays.rows("insert into bus.cluster values ('relay', 'another')")
    relay = relays.add("relay")
    until(lambda: "another Kafka cluster" in reason(relay), 20, "the reason in /readyz")


def test_a_row_that_makes_no_event_blocks_and_is_named(relays):
    relay = relays.add("relay").await_ready()
    row = list(outbox.row(uuid.uuid4(), 1))
    row[5] = {"ce_id": row[4]}
    with relays.database_open() as connection:
        outbox.insert(connection, [row])
    until(lambda: "makes no event" in reason(relay), 20, "the reason in /readyz")
    assert any(line.get("event") == row[4] for line in relay.log_lines())
    relays.rows("delete from bus.outbox_page")
    relay.await_ready()


def test_it_comes_back_when_postgresql_ends_its_session(relays, ledger):
    relay = relays.add("relay").await_ready()
    with relays.database_open() as connection:
        for _ in range(3):
            ledger.write(connection, 50)
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
                               "'colis-relay' and datname = current_database()")
    outbox.await_empty(relays)
    ledger.check(relays)
    relay.await_ready()


def test_its_role_may_read_and_delete_but_never_write_a_row(relays):
    url = open(relays.settings("relay")["COLIS_POSTGRES_URL_FILE"]).read().strip()
    with psycopg.connect(f"{url}/{relays.namespace}", autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into bus.outbox_page (messages) values ('parcel')")
