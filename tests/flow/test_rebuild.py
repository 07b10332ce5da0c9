"""The projection made anew from its facts, beside live traffic: colis-projector --rebuild, and --switch."""
import os
import shutil
import subprocess
import threading
import uuid

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from harness import places
from harness.bus import MARKET, Bus
from harness.journey import Journey, must
from harness.program import KEPT
from harness.until import PATIENCE, until

SAME, DIFFERS, USAGE, AWAY, DATA = range(5)
TABLES = ("trip", "parcel", "booking", "payment", "review", "report", "profile", "search")


@pytest.fixture(scope="module")
def lived(request):
    """A bus of this module's own, for what is damaged here: one journey at its end, one under way."""
    with Bus(places.TOP / "var" / "test" / "bus" / "rebuild", MARKET) as bus:
        Journey(bus, "completed")
        Journey(bus, "collected")
        until(bus.at_rest, 30, "nothing is under way")
        yield bus
        if not request.session.testsfailed:
            shutil.rmtree(bus.folder, ignore_errors=True)


def rebuild(bus, *flags, **settings):
    """(exit code, what it printed)"""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ran = subprocess.run([places.binary("projector"), "--rebuild", *flags], capture_output=True, text=True,
                         timeout=120 * PATIENCE, env=kept | bus.settings("projector") | settings)
    return ran.returncode, ran.stdout + ran.stderr


def rebuilt(bus, *flags, expected=SAME, **settings):
    code, printed = rebuild(bus, *flags, **settings)
    assert code == expected, printed
    return printed


def tables(bus):
    """Every folded table as text, and the timers."""
    shown = {f"state.{name}": "id::text" for name in TABLES} | {"bus.ledger": "journal::text, line"}
    found = {name: bus.rows(f"select t::text from {name} t order by {key}") for name, key in shown.items()}
    return found | {"timers": bus.rows("select event::text, due, topic, key, value from bus.outbox "
                                       "where due is not null order by 1")}


def test_untouched_tables_are_what_their_facts_say(lived):
    printed = rebuilt(lived)
    assert "the live tables are what the facts say" in printed
    assert lived.value("select count(*) from pg_namespace where nspname = 'rebuild'") == 0


DAMAGES = {
    "a row is gone": ("delete from state.parcel where state = 'closed'", "state.parcel", "missing"),
    "a column is other": ("update state.trip set reserved_g = reserved_g + 1", "state.trip", "other: reserved_g"),
    "a time is off by a millisecond": ("update state.booking set requested_at = requested_at + interval '1 ms'",
                                       "state.booking", "other: requested_at"),
    "an array is other": ("update state.payment set balances = '[]' where state = 'settling'", "state.payment",
                          "other: balances"),
    "nobody's row": (f"insert into state.search (id, version, state, changed_at, owner, origin_country, origin_city, "
                     f"destination_country, destination_city, saved_at) values ('{uuid.uuid4()}', 1, 'saved', now(), "
                     f"'{uuid.uuid4()}', 'FR', 'Paris', 'SN', 'Dakar', now())", "state.search", "in no fact"),
    "a journal is doubled": (f"insert into bus.ledger select '{uuid.uuid4()}', line, booking, payment, account, "
                             "currency, amount, at from (select * from bus.ledger where journal = (select min(journal::"
                             "text)::uuid from bus.ledger)) l", "ledger", "in no fact"),
    "a line of a journal is gone": ("delete from bus.ledger where (journal, line) = (select journal, line from "
                                    "bus.ledger order by journal, line limit 1)", "ledger", "missing"),
    "a timer is gone": ("delete from bus.outbox_command where headers like '%%trip.overdue%%'", "timer",
                        "missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_found_and_brought_back_byte_for_byte(lived, damage):
    statement, kind, why = DAMAGES[damage]
    whole = tables(lived)
    published = {topic: lived.topics.ends(topic) for topic in ("parcel", "trip", "booking", "payment", "auth")}
    asked = lived.topics.ends("commands")
    lived.rows(statement)
    assert tables(lived) != whole
    printed = rebuilt(lived, expected=DIFFERS)
    assert f"{kind.replace('state.', '')} " in printed and f": {why}" in printed, printed
    assert tables(lived) != whole, "without --switch nothing is changed"
    printed = rebuilt(lived, "--switch")
    assert "put right:" in printed
    assert tables(lived) == whole
    rebuilt(lived)
    assert {topic: lived.topics.ends(topic) for topic in published} == published, "it publishes nothing"
    assert lived.topics.ends("commands") == asked, "and sends no command"


def test_live_traffic_goes_on_beside_it_and_is_not_put_wrong(lived):
    """A journey from its start to its end while rebuilds with --switch follow each other, each with something to do."""
    over, printed = threading.Event(), []

    def again():
        while not over.is_set():
            lived.rows("update state.parcel set weight_g = weight_g + 1 where state = 'closed'")
            printed.append(rebuild(lived, "--switch"))
    worker = threading.Thread(target=again)
    worker.start()
    try:
        journey = Journey(lived, "completed")
    finally:
        over.set()
        worker.join()
    assert printed and {code for code, _ in printed} == {SAME}, printed
    assert journey.facts()[-1] == "completed"
    journey.becomes("closed", "parcel")
    rebuilt(lived)


def test_readers_see_every_row_at_every_instant_of_a_switch(lived):
    """A row that is replaced is never absent for anybody who looks."""
    seen, over = set(), threading.Event()
    wanted = lived.value("select count(*) from state.booking")

    def look():
        with lived.database_open() as database:
            while not over.is_set():
                seen.add(database.execute("select count(*) from state.booking").fetchone()[0])
    reader = threading.Thread(target=look)
    reader.start()
    lived.rows("update state.booking set grams = grams + 1")
    rebuilt(lived, "--switch")
    over.set()
    reader.join()
    assert seen == {wanted}


def test_facts_the_relay_did_not_publish_yet_are_counted_in(lived):
    until(lived.at_rest, 30, "nothing is under way")
    lived.relay.stop()
    try:
        person = lived.person()
        person.registered()
        assert lived.value("select count(*) from bus.outbox where topic = 'parcel'") == 1
        rebuilt(lived)
        lived.rows("update state.parcel set category = 'food' where sender = %s", person.id)
        assert "other: category" in rebuilt(lived, expected=DIFFERS)
        rebuilt(lived, "--switch")
    finally:
        lived.relay.start().await_ready()
    until(lambda: lived.value("select count(*) from bus.outbox where topic = 'parcel'") == 0, 20, "published")
    rebuilt(lived)


def test_a_timer_that_is_on_its_way_is_not_missed(lived):
    """It left the outbox, and the projector, which stands still, has not decided it."""
    lived.projector.stop()
    try:
        waiting = lived.value("select count(*) from bus.outbox where headers like '%%trip.overdue%%'")
        assert waiting
        lived.rows("update bus.outbox_command set due = now() where headers like '%%trip.overdue%%'")
        lived.rows("notify outbox")
        until(lambda: not lived.value("select count(*) from bus.outbox where headers like '%%trip.overdue%%'"), 20,
              "the timers are sent")
        rebuilt(lived)
    finally:
        lived.projector.start().await_ready()
    until(lambda: lived.value("select sum(next) from bus.position where reader = 'projector'") ==
          sum(lived.topics.ends("commands").values()), 20, "the timers are decided")
    rebuilt(lived)


def test_nothing_private_is_printed(lived):
    person = lived.person()
    person.registered()
    lived.rows("delete from state.parcel where sender = %s", person.id)
    printed = rebuilt(lived, expected=DIFFERS)
    rebuilt(lived, "--switch")
    for word in ("Moussa", "+221", person.id):
        assert word not in printed


def test_two_at_once_are_refused_and_a_request_that_makes_no_sense(lived):
    with lived.database_open() as database:
        database.execute("select pg_advisory_lock(29282, 0)")
        assert "another rebuild" in rebuilt(lived, expected=AWAY)
    rebuilt(lived, "--swich", expected=USAGE)
    assert "Exit code" in rebuilt(lived, "--help")


def test_positions_of_another_cluster_are_refused(lived):
    [(cluster,)] = lived.rows("update bus.cluster set id = 'another' where reader = 'projector' returning "
                              "(select c.id from bus.cluster c where c.reader = 'projector')")
    try:
        assert "another Kafka cluster" in rebuilt(lived, expected=DATA)
    finally:
        lived.rows("update bus.cluster set id = %s where reader = 'projector'", cluster)
    rebuilt(lived)


def test_servers_that_are_away_are_named(lived, tmp_path):
    nowhere = tmp_path / "url"
    nowhere.write_text(f"postgresql://nobody@{places.HOST}:1")
    assert "PostgreSQL" in rebuilt(lived, expected=AWAY, COLIS_POSTGRES_URL_FILE=str(nowhere))


def test_facts_that_contradict_themselves_are_named_left_alone_and_keep_nothing_else_from_being_put_right(lived):
    """A row was damaged, then decided on: what it was decided to be follows from no fact before it."""
    person = lived.person()
    parcel, other = person.registered(), person.registered()
    must(person, f"/v1/parcels/{parcel}/cancel", {"reason": "changed_mind"})
    lived.rows("update state.parcel set state = 'registered' where id = %s", parcel)
    must(person, f"/v1/parcels/{parcel}/cancel", {"reason": "mistake"})
    left = lived.value("select p::text from state.parcel p where id = %s", parcel)
    whole = lived.value("select p::text from state.parcel p where id = %s", other)
    lived.rows("update state.parcel set weight_g = 1 where id = %s", other)
    printed = rebuilt(lived, "--switch", expected=DATA)
    assert f"parcel {parcel}: no rule leads to it after version 2" in printed
    assert f"parcel {other}: other: weight_g" in printed and "1 aggregates contradict themselves" in printed
    assert lived.value("select p::text from state.parcel p where id = %s", parcel) == left
    assert lived.value("select p::text from state.parcel p where id = %s", other) == whole


def test_a_history_whose_beginning_is_gone_is_refused_and_changes_nothing(lived):
    """The last of this module: what it takes from the topic does not come back."""
    whole = tables(lived)
    [(partition, end)] = [found for found in lived.topics.ends("trip").items() if found[1]][:1]
    admin = AdminClient({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"]})
    for deleted in admin.delete_records([TopicPartition(f"{lived.namespace}.trip", partition, 1)]).values():
        deleted.result(20)
    assert f"trip/{partition} holds 1 to {end}: offset 0 is not in it" in rebuilt(lived, "--switch", expected=DATA)
    assert tables(lived) == whole
