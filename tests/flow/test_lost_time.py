"""PostgreSQL put back to an earlier hour: nobody acts by it, and projector --recover brings the hour back."""
import os
import subprocess

import pytest
from harness import backup, places
from harness.bus import ALL
from harness.journey import Journey
from harness.person import parcel_of
from harness.until import until

LOST = "PostgreSQL lost time"
WARY = ("projector", "relay", "notifier", "payments")


def waits(program):
    status, text = program.probe()
    return status == 503 and LOST in text


@pytest.fixture
def bus(make_bus):
    return make_bus(*ALL, "payments")


def test_programs_that_run_on_notice_that_postgresql_lost_time_and_do_nothing(bus, tmp_path):
    sender = bus.person()
    sender.registered()
    backup.take(bus, tmp_path / "backup")
    for _ in range(3):
        bus.topics.await_facts("parcel", f"parcel/{sender.registered()}")
    backup.put_back(bus, tmp_path / "backup")
    for name in WARY:
        until(lambda name=name: waits(bus.programs[name]), 30, f"{name} says that PostgreSQL lost time")
    late = sender.register()
    until(lambda: bus.projector.metric("colis_reader_retries_total") > 2, 20, "the projector looks again and again")
    assert bus.value("select count(*) from bus.verdict") == 1
    assert bus.value("select count(*) from state.parcel where id = %s", parcel_of(late)) == 0


TABLES = ("bus.verdict", "bus.ledger", "private.parcel", "private.trip", "private.booking", "private.payment",
          "private.profile", "private.review", "private.search", "state.parcel", "state.trip", "state.booking",
          "state.payment", "state.review", "state.profile", "state.search", "state.report", "bus.position")
TIMERS = "select event::text, key, aggregate, due::text, value from bus.outbox where topic = 'commands' order by 1"


def contents(bus):
    """All that the projector keeps, row by row."""
    found = {table: sorted(text for text, in bus.rows(f"select t::text from {table} t"
                                                      + (" where reader = 'projector'" if "position" in table else "")))
             for table in TABLES}
    return found | {"timers": bus.rows(TIMERS), "facts unpublished": bus.value(
        "select count(*) from bus.outbox where topic <> 'commands'")}


def recover(bus):
    """projector --recover by hand, as an operator calls it; what it says."""
    told = {name: value for name, value in bus.settings("projector").items() if "MANAGEMENT" not in name}
    answer = subprocess.run([places.binary("projector"), "--recover"], env={"PATH": os.environ["PATH"]} | told,
                            capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, f"{answer.returncode}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def at_rest(bus):
    """Nothing is under way: everything asked is decided, all facts are published."""
    ends = sum(bus.topics.ends("commands").values())
    decided = bus.value("select sum(greatest(next, 0))::int from bus.position where reader = 'projector'")
    waiting = bus.value("select count(*) from bus.outbox where topic <> 'commands' or coalesce(due, now()) <= now()")
    return (decided, waiting) == (ends, 0)


def test_all_that_was_decided_since_the_backup_is_brought_back(bus, tmp_path):
    before = Journey(bus, "accepted")
    backup.take(bus, tmp_path / "backup")
    before.to("delivered")
    during = Journey(bus, "collected")
    stranger = bus.person()
    refused = stranger.send(f"/v1/bookings/{during.booking}/accept", {})
    assert stranger.verdict(refused)["state"] == "refused"
    until(lambda: at_rest(bus), 30, "nothing is under way")
    was = contents(bus)
    backup.put_back(bus, tmp_path / "backup")
    for name in WARY:
        until(lambda name=name: waits(bus.programs[name]), 30, f"{name} says that PostgreSQL lost time")
    said = recover(bus)
    for program in bus.programs.values():
        until(program.ready, 30, f"{program.name} ready again")
    until(lambda: at_rest(bus), 30, "nothing is under way")
    there = contents(bus)
    for table, rows in was.items():
        assert there[table] == rows, f"{table} ({said})"
    Journey.to(before, "completed")
    during.to("completed")
