"""PostgreSQL put back to an earlier hour: nobody acts by it, and projector --recover brings the hour back."""
import os
import shutil
import subprocess
import sys
import uuid

import pytest
from harness import backup, places
from harness.bus import ALL
from harness.journey import Journey, must
from harness.person import parcel_of
from harness.poison import CURSE, CURSED, LIFT
from harness.until import PATIENCE, until

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


def recovery(bus):
    """projector --recover by hand, as an operator calls it."""
    told = {name: value for name, value in bus.settings("projector").items() if "MANAGEMENT" not in name}
    return subprocess.run([places.binary("projector"), "--recover"], env={"PATH": os.environ["PATH"]} | told,
                          capture_output=True, text=True, timeout=120 * PATIENCE)


def recover(bus):
    """What it says."""
    answer = recovery(bus)
    assert answer.returncode == 0, f"{answer.returncode}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def put_back(bus, path):
    """The backup, once everybody has noticed."""
    backup.put_back(bus, path)
    for name in WARY:
        until(lambda name=name: not bus.programs[name].alive or waits(bus.programs[name]), 30,
              f"{name} says that PostgreSQL lost time")


def brought_back(bus, was, but=()):
    """Recovers; every table must be what it was."""
    said = recover(bus)
    for program in bus.programs.values():
        until(program.ready, 30, f"{program.name} ready again")
    until(bus.at_rest, 30, "nothing is under way")
    there = contents(bus)
    for table in was.keys() - set(but):
        assert there[table] == was[table], f"{table} ({said})"
    return said


def gapless(bus):
    """Each version of each aggregate is on the topics once."""
    found = {}
    for topic in ("parcel", "trip", "booking", "payment", "auth"):
        for message in bus.topics.read(topic):
            found.setdefault(message.subject, []).append(message.version)
    return all(sorted(versions) == list(range(1, len(versions) + 1)) for versions in found.values())


def test_all_that_was_decided_since_the_backup_is_brought_back(bus, tmp_path):
    before = Journey(bus, "accepted")
    backup.take(bus, tmp_path / "backup")
    before.to("delivered")
    during = Journey(bus, "collected")
    stranger = bus.person()
    refused = stranger.send(f"/v1/bookings/{during.booking}/accept", {})
    assert stranger.verdict(refused)["state"] == "refused"
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    brought_back(bus, was)
    assert gapless(bus)
    before.to("completed")
    during.to("completed")


def put_back_older(bus, last, folder):
    """The backup of an hour at which there was nothing yet, and no migration behind the last."""
    backup.make_empty(bus)
    (folder / "infra").mkdir()
    shutil.copy(places.INFRA / "migrate.py", folder / "infra")
    shutil.copytree(places.TOP / "schemas", folder / "schemas", ignore=lambda _, names: [
        name for name in names if name.endswith(".sql") and name[:4] > last])
    answer = subprocess.run([sys.executable, folder / "infra" / "migrate.py", "--namespace", bus.namespace],
                            env=os.environ | places.servers(), capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_backup_of_an_older_migration_is_migrated_first(bus, tmp_path):
    journey = Journey(bus, "accepted")
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back_older(bus, "0015", tmp_path)
    answer = recovery(bus)
    assert answer.returncode == 3 and "infra/migrate" in answer.stderr, answer.stderr
    bus.migrate()
    brought_back(bus, was)
    journey.to("completed")


def test_what_was_published_by_half_is_published_whole(bus, tmp_path):
    journey = Journey(bus, "requested")
    backup.take(bus, tmp_path / "backup")
    bus.relay.stop()
    journey.to("accepted")
    was = contents(bus)
    assert was["facts unpublished"] > 1
    bus.rows("select bus.outbox_found(array_agg(event)) from bus.outbox where topic <> 'commands' and id > "
             "(select min(id) from bus.outbox where topic <> 'commands')")
    bus.relay.start()
    until(lambda: bus.value("select count(*) from bus.outbox where topic <> 'commands'") == 0, 20, "one is published")
    put_back(bus, tmp_path / "backup")
    brought_back(bus, was, but={"facts unpublished"})
    assert gapless(bus)
    journey.to("completed")


def test_what_was_decided_and_not_published_is_decided_in_the_order_it_was_asked(bus, tmp_path):
    """Each command acts on what one of somebody else made, on another partition: its verdict may have been seen."""
    journeys = [Journey(bus, "known") for _ in range(6)]
    until(bus.at_rest, 30, "nothing is under way")
    decided = bus.value("select count(*) from bus.verdict")
    backup.take(bus, tmp_path / "backup")
    bus.topics.await_facts("parcel", f"parcel/{bus.person().registered()}")
    bus.relay.stop()
    for journey in journeys:
        journey.to("accepted")
    was = contents(bus)
    assert was["facts unpublished"] >= 6 * 4
    put_back(bus, tmp_path / "backup")
    bus.relay.start()
    said = brought_back(bus, was, but={"facts unpublished", "timers"})
    assert f"{len(was['bus.verdict']) - decided} commands decided again" in said
    assert gapless(bus)
    journeys[-1].to("completed")


def test_facts_whose_commands_are_gone_are_folded_as_they_are(bus, tmp_path):
    person = bus.person()
    person.registered()
    backup.take(bus, tmp_path / "backup")
    parcel = person.registered()
    person.verdict(person.cancel(parcel, reason="changed_mind"))
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    bus.topics.forget("commands")
    said = brought_back(bus, was, but={"bus.verdict", "private.parcel"})
    assert "2 facts folded as they are" in said
    assert bus.rows("select accepted, fact_count, fingerprint from bus.verdict where subject = %s",
                    parcel) == [(True, 1, None)] * 2
    person.registered()


def test_published_facts_are_believed_and_a_refusal_stays_one(bus, tmp_path):
    staff, blocked, sender = bus.person(role="staff"), bus.person(), bus.person()
    must(blocked, "/v1/me/profile", {"name": "A", "email": blocked.mail_address, "language": "fr"})
    must(staff, f"/v1/people/{blocked.id}/block", {"reason": "fraud"})
    backup.take(bus, tmp_path / "backup")
    refused = blocked.register()
    assert blocked.verdict(refused)["reason"] == "blocked"
    must(blocked, "/v1/me/profile", {"name": "B", "email": blocked.mail_address, "language": "fr"})
    parcel = sender.registered()
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    # Rules or data that have changed since: the one would be accepted now, the other refused.
    bus.rows("update state.profile set blocked = false where id = %s", blocked.id)
    bus.rows("insert into state.profile select (jsonb_populate_record(p, jsonb_build_object('id', %s::text, 'blocked', "
             "true))).* from state.profile p where id = %s", sender.id, blocked.id)
    said = brought_back(bus, was, but={"bus.verdict", "private.parcel", "state.profile"})
    assert "1 facts folded as they are, 1 refused as stale" in said
    assert blocked.verdict(refused)["reason"] == "stale"
    assert bus.value("select accepted from bus.verdict where subject = %s", parcel)


STUMBLE = """
    create function state.stumble() returns trigger language plpgsql as
        $$ begin raise exception 'no payment today'; end $$;
    create trigger stumble before insert or update on state.payment for each row execute function state.stumble()"""


def test_a_recovery_cut_between_two_facts_of_one_command_brings_back_both(bus, tmp_path):
    journey = Journey(bus, "requested")
    backup.take(bus, tmp_path / "backup")
    journey.to("accepted")
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    bus.topics.forget("commands")
    bus.rows(STUMBLE)
    cut = recovery(bus)
    assert cut.returncode != 0 and "no payment today" in cut.stderr, f"{cut.stdout}{cut.stderr}"
    assert journey.is_at() == "accepted" and len(contents(bus)["bus.verdict"]) == len(was["bus.verdict"])
    bus.rows("drop trigger stumble on state.payment; drop function state.stumble()")
    brought_back(bus, was, but={"bus.verdict"})
    assert gapless(bus)
    journey.to("paid")
    assert gapless(bus)


def test_an_old_mark_of_lost_time_does_not_move_the_relay(bus):
    person = bus.person()
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")
    until(bus.at_rest, 30, "nothing is under way")
    bus.rows("insert into bus.lost (topic, partition, until) select topic, partition, 1000000 from bus.relay_position")
    recover(bus)
    assert bus.value("select max(next) from bus.relay_position") < 1000
    bus.relay.stop()
    bus.relay.start().await_ready()
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")


# --- commands that were aside when the backup was made ---

def aside(bus):
    return bus.value("select count(*) from bus.parked")


def put_aside(bus, *taken):
    """These stand aside, and their notices are published."""
    for one in taken:
        until(lambda one=one: bus.value("select count(*) from bus.parked where id = %s", one["id"]), 15, "put aside")
    until(bus.at_rest, 30, "nothing is under way")


def released(bus, *taken):
    bus.rows(LIFT)
    bus.rows("update bus.parked set action = 'release' where id = any(%s::uuid[])", [one["id"] for one in taken])
    until(lambda: aside(bus) == 0, 20, "all are decided")


def states(person, *taken):
    return [person.verdict(one)["state"] for one in taken]


def test_what_was_aside_and_then_released_is_decided_from_its_row(bus, tmp_path):
    bus.rows(CURSE)
    person = bus.person()
    first = person.register(weight_g=CURSED)
    put_aside(bus, first)
    before = [first, person.cancel(uuid.uuid4(), reason="changed_mind"), person.register()]
    put_aside(bus, *before)
    backup.take(bus, tmp_path / "backup")
    released(bus, first)
    after = [person.cancel(uuid.uuid4(), reason="changed_mind"), person.cancel(parcel_of(first), reason="changed_mind"),
             person.register()]
    ends = ["accepted", "refused", "accepted", "refused", "accepted", "accepted"]
    assert states(person, *before, *after) == ends
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    bus.rows(LIFT)
    said = brought_back(bus, was)
    assert "6 commands decided again, 0 facts folded as they are, 0 refused as stale" in said
    assert aside(bus) == 0
    person.registered()
    assert gapless(bus)


def test_a_key_whose_first_was_released_is_free_again(bus, tmp_path):
    bus.rows(CURSE)
    person = bus.person()
    first = person.register(weight_g=CURSED)
    put_aside(bus, first)
    backup.take(bus, tmp_path / "backup")
    behind = person.cancel(uuid.uuid4(), reason="changed_mind")
    put_aside(bus, behind)
    released(bus, first)
    assert states(person, first, behind) == ["accepted", "refused"]
    person.registered()
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    bus.rows(LIFT)
    brought_back(bus, was, but={"bus.verdict"})
    until(lambda: aside(bus) == 0, 20, "nothing is aside any more")
    assert states(person, first, behind) == ["accepted", "refused"]
    person.registered()
    assert gapless(bus)


def test_published_facts_are_believed_and_a_refusal_stays_one_of_what_was_aside(bus, tmp_path):
    bus.rows(CURSE)
    blocked, person = bus.person(), bus.person()
    blocked.verdict(blocked.profile())
    gone = person.registered()
    person.verdict(person.cancel(gone, reason="changed_mind"))
    first, other = person.register(weight_g=CURSED), blocked.register(weight_g=CURSED)
    put_aside(bus, first, other)
    behind = [person.cancel(gone, reason="changed_mind"), person.register()]
    put_aside(bus, *behind)
    backup.take(bus, tmp_path / "backup")
    released(bus, first, other)
    behind += [person.cancel(uuid.uuid4(), reason="changed_mind"), person.register()]
    assert states(person, first, *behind) == ["accepted", "refused", "accepted", "refused", "accepted"]
    refused = blocked.cancel(uuid.uuid4(), reason="changed_mind")
    assert states(blocked, other, refused, blocked.profile(name="B")) == ["accepted", "refused", "accepted"]
    until(bus.at_rest, 30, "nothing is under way")
    was = contents(bus)
    put_back(bus, tmp_path / "backup")
    bus.rows(LIFT)
    # Rows that have changed since: other's would be refused now, the cancelling accepted.
    bus.rows("update state.profile set blocked = true where id = %s", blocked.id)
    bus.rows("update state.parcel set state = 'registered' where id = %s", gone)
    said = brought_back(bus, was, but={"bus.verdict", "private.parcel", "state.profile", "state.parcel"})
    assert "6 commands decided again, 1 facts folded as they are, 1 refused as stale" in said
    assert person.verdict(behind[0])["reason"] == "stale"
    assert bus.value("select accepted from bus.verdict where id = %s", other["id"])
    assert aside(bus) == 0
    person.registered()
