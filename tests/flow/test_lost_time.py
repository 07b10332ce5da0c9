"""PostgreSQL put back to an earlier hour: nobody acts by it, and projector --recover brings the hour back."""
import pytest
from harness import backup
from harness.bus import ALL
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
