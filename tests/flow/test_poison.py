"""Poison on the command topic: dead or parked with its reason, the other keys flow, redrive restores order."""
import datetime
import json
import subprocess

import pytest
from harness import places
from harness.person import parcel_of
from harness.poison import CURSE, CURSED, GOOD, LIFT, POISON, headers_of
from harness.until import ANSWER, until


def parked_at(bus, partition, offset):
    rows = bus.rows('select kind, reason, value, headers, key from bus.parked where partition = %s and "offset" = %s',
                    partition, offset)
    return rows[0] if rows else None


@pytest.mark.parametrize("why", POISON)
def test_poison_is_put_aside_with_its_reason_and_blocks_nobody(bus, person, why):
    changes, value = POISON[why]
    (partition, offset), = bus.topics.write("commands", [(person.id.encode(), headers_of(person.id, **changes), value)])
    kind, reason, kept, headers, key = until(lambda: parked_at(bus, partition, offset), 15, f"{why} put aside")
    assert kind == "dead" and reason and key == person.id
    assert (kept or b"") == (value or b"") and isinstance(json.loads(headers), dict)
    person.registered()
    assert bus.projector.ready()


def test_a_command_without_key_is_dead(bus, person):
    (partition, offset), = bus.topics.write("commands", [(None, headers_of(person.id, ce_partitionkey=None), GOOD)])
    assert until(lambda: parked_at(bus, partition, offset), 15, "put aside")[0] == "dead"


@pytest.mark.parametrize("key", [b"a b", "clé".encode(), b"\xff\xfe", b"k" * 300, b"\x00"])
def test_a_key_nobody_could_write_again_is_dead_and_facts_still_flow(bus, person, key):
    (partition, offset), = bus.topics.write("commands", [(key, headers_of(person.id, ce_partitionkey=None), GOOD)])
    assert until(lambda: parked_at(bus, partition, offset), 15, "put aside")[0] == "dead"
    bus.topics.await_facts("parcel", "parcel/" + person.registered())
    assert bus.relay.ready() and bus.projector.ready()


def test_a_record_without_headers_is_dead(bus, person):
    (partition, offset), = bus.topics.write("commands", [(person.id.encode(), [], GOOD)])
    assert until(lambda: parked_at(bus, partition, offset), 15, "put aside")[0] == "dead"


def test_a_dead_command_s_notice_has_no_value(bus, person):
    secret = b"4c0ffee-private"
    (partition, offset), = bus.topics.write("commands", [(person.id.encode(), headers_of(person.id), b"{" + secret)])

    def look():
        return [m for m in bus.topics.read("dead.projector", check=False)
                if f'"partition":{partition}' in m.value.decode() and f'"offset":{offset}' in m.value.decode()
                or m.headers.get("ce_subject", "").endswith(f"commands:{partition}:{offset}")]
    notice = until(look, 15, "a notice on dead.projector", every=0.1)[0]
    assert secret not in notice.value and notice.type


def test_a_hundred_poisoned_records_do_not_stop_the_service(make_bus):
    bus = make_bus(settings={"projector": {"COLIS_READER_REJECT_RATE": "10000"}})
    people = [bus.person() for _ in range(10)]
    kinds = list(POISON.values())
    records = [(people[n % 10].id.encode(), headers_of(people[n % 10].id, **kinds[n % len(kinds)][0]),
                kinds[n % len(kinds)][1]) for n in range(100)]
    bus.topics.write("commands", records)
    for person in people:
        person.registered()
    assert bus.value("select count(*) from bus.parked where kind = 'dead'") == 100
    assert bus.projector.ready()


# --- parked: what only we are to blame for ---

@pytest.fixture
def cursed(make_bus):
    bus = make_bus()
    bus.rows(CURSE)
    return bus


def redrive(bus, *arguments):
    settings = bus.settings("redrive") | {"PATH": "/usr/bin:/bin"}
    return subprocess.run([places.binary("redrive"), *arguments], env=settings, capture_output=True, text=True,
                          timeout=ANSWER)


def parked(bus, taken):
    return bus.rows('select partition, "offset", kind, reason from bus.parked where id = %s', taken["id"])


def await_parked(bus, taken):
    return until(lambda: parked(bus, taken), 15, f"{taken['id']} parked")[0]


def test_a_command_we_cannot_store_is_parked_and_its_key_waits(cursed):
    bus, person, other = cursed, cursed.person(), cursed.person()
    taken = person.register(weight_g=CURSED)
    _, _, kind, reason = await_parked(bus, taken)
    assert kind == "parked" and "cursed parcel" in reason
    later = [person.register() for _ in range(3)]
    for one in later:
        assert await_parked(bus, one)[2] == "parked"
    other.registered()
    reply = person.get(taken["status_url"])
    assert reply.status_code == 202 and reply.json()["state"] == "parked"


def test_a_released_key_is_drained_in_order_and_then_flows(cursed):
    bus, person = cursed, cursed.person()
    first = person.register(weight_g=CURSED)
    await_parked(bus, first)
    parcel = parcel_of(first)
    rest = [person.cancel(parcel), person.register(), person.register()]
    for one in rest:
        await_parked(bus, one)
    bus.rows(LIFT)
    partition, offset, _, _ = parked(bus, first)[0]
    answer = redrive(bus, "release", f"{partition}:{offset}")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    verdicts = [person.verdict(taken) for taken in [first, *rest]]
    assert [verdict["state"] for verdict in verdicts] == ["accepted"] * 4
    decided = [datetime.datetime.fromisoformat(verdict["decided_at"]) for verdict in verdicts]
    assert decided == sorted(decided)
    assert [fact.version for fact in bus.topics.await_facts("parcel", f"parcel/{parcel}", 2)] == [1, 2]
    assert not bus.rows("select from bus.parked where kind = 'parked'")
    person.registered()


def test_a_discarded_command_is_refused_and_its_key_flows(cursed):
    bus, person = cursed, cursed.person()
    first = person.register(weight_g=CURSED)
    await_parked(bus, first)
    second = person.register()
    await_parked(bus, second)
    partition, offset, _, _ = parked(bus, first)[0]
    answer = redrive(bus, "discard", f"{partition}:{offset}")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert person.verdict(first)["state"] == "refused"
    assert person.verdict(second)["state"] == "accepted"


def test_redrive_lists_what_is_put_aside_without_anything_private(cursed):
    bus, person = cursed, cursed.person()
    taken = person.register(weight_g=CURSED)
    await_parked(bus, taken)
    answer = redrive(bus, "list")
    assert answer.returncode == 0, answer.stderr
    assert taken["id"] in answer.stdout and "parked" in answer.stdout and "Ndiaye" not in answer.stdout


def test_a_released_command_that_still_cannot_be_stored_is_parked_again(cursed):
    bus, person = cursed, cursed.person()
    taken = person.register(weight_g=CURSED)
    partition, offset, _, _ = await_parked(bus, taken)
    assert redrive(bus, "release", f"{partition}:{offset}").returncode == 0
    until(lambda: bus.value("select action from bus.parked where id = %s", taken["id"]) is None, 15, "parked again")
    assert parked(bus, taken)[0][2] == "parked"
    bus.person().registered()


def test_a_parked_key_stays_parked_over_a_restart_of_the_projector(cursed):
    bus, person = cursed, cursed.person()
    taken = person.register(weight_g=CURSED)
    await_parked(bus, taken)
    bus.projector.stop()
    bus.projector.start().await_ready()
    later = person.register()
    assert await_parked(bus, later)[2] == "parked"
