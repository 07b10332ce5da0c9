"""At the door: what the sender shows, what a scanner checks without a network."""
import json
import uuid

import pytest
import requests
from harness import handover
from harness.bus import Bus
from harness.person import reply_check
from harness.program import Program
from harness.until import ANSWER


# What stands in a column of this type that nothing is said about.
BLANK = {"uuid": str(uuid.UUID(int=0)), "bigint": 0, "boolean": False, "timestamp with time zone": "2026-01-01",
         "jsonb": [], "text": "XOF"}


def put(bus, kind, **values):
    """A row of state.KIND."""
    needed = bus.rows("select column_name, data_type from information_schema.columns where table_schema = 'state' "
                      "and table_name = %s and is_nullable = 'NO'", kind)
    row = {name: "SN" if name.endswith("country") else BLANK[type] for name, type in needed}
    row |= {name: str(value) for name, value in values.items()}
    bus.rows(f"insert into state.{kind} select (jsonb_populate_record(null::state.{kind}, %s::jsonb)).*",
             json.dumps(row))


def booking_put(bus, state, sender, traveller, **values):
    """A booking in that state, with its trip, parcel and people."""
    booking, trip, parcel, payment = (uuid.uuid4() for _ in range(4))
    for person in (sender, traveller):
        put(bus, "profile", id=person.id, version=1, state="known")
    put(bus, "trip", id=trip, version=1, state="announced", traveller=traveller.id, departs="2199-01-01")
    put(bus, "parcel", id=parcel, version=1, state="booked", category="clothes", sender=sender.id, booking=booking,
        recipient_n=1)
    put(bus, "payment", id=payment, version=1, state="held", booking=booking)
    put(bus, "booking", id=booking, version=1, state=state, trip=trip, parcel=parcel, payment=payment, sender=sender.id,
        traveller=traveller.id, **values)
    return booking


def test_a_scanner_checks_the_sender_s_code_without_a_network(make_bus):
    bus = make_bus("query")
    sender, traveller = bus.person(), bus.person()
    booking = booking_put(bus, "paid", sender, traveller, pickup_code_issue=3)
    public = handover.public_of(sender.get("/v1/keys").json())
    [code] = sender.get(f"/v1/bookings/{booking}/codes").json()["items"]
    assert handover.scanned(public, code["qr"]) == (booking, "pickup", 3, code["code"])
    assert code["code"] == handover.code(handover.key("handover_key"), booking, "pickup", 3)
    with pytest.raises(handover.InvalidSignature):
        handover.scanned(public, code["qr"].replace(".3.", ".4."))
    assert traveller.get(f"/v1/bookings/{booking}/codes").status_code == 404
    traveller.bear(handover.link(handover.key("link_key"), booking, 1))
    assert traveller.get(f"/v1/bookings/{booking}/codes").status_code == 403


def decided(person, taken):
    return person.verdict(taken).get("reason", "accepted")


def collect(person, booking, code):
    body = {"code": code, "opened_and_checked": False, "weighed_g": 1}
    return decided(person, person.send(f"/v1/bookings/{booking}/collect", body))


def wrong_of(code):
    return f"{(int(code) + 1) % 10**6:06}"


def shown(sender, booking):
    return sender.get(f"/v1/bookings/{booking}/codes").json()["items"][0]


def test_five_wrong_tries_block_a_code_until_it_is_issued_anew(make_bus):
    bus = make_bus("projector", "query", "ingress")
    sender, traveller = bus.person(), bus.person()
    booking = booking_put(bus, "paid", sender, traveller, pickup_code_issue=1, pickup_code_issued_at="2026-01-01")
    first = shown(sender, booking)
    assert collect(traveller, booking, first["code"]) == "not_checked"  # what is asked after the code
    for left in (4, 3, 2, 1, 0):
        assert collect(traveller, booking, wrong_of(first["code"])) == "code_wrong"
        assert shown(sender, booking)["tries_left"] == left
    assert collect(traveller, booking, first["code"]) == "code_blocked"
    reissue = sender.send(f"/v1/bookings/{booking}/reissue-code", {"purpose": "pickup"})
    assert decided(sender, reissue) == "accepted"
    second = shown(sender, booking)
    assert (second["issue"], second["tries_left"]) == (2, 5) and second["code"] != first["code"]
    assert collect(traveller, booking, first["code"]) == "code_wrong"
    assert collect(traveller, booking, second["code"]) == "not_checked"
    failed = bus.rows("select value::jsonb ->> 'left' from bus.outbox where headers::jsonb ->> 'ce_type' = "
                      "'booking.code_failed.v1' order by version")
    assert [left for left, in failed] == ["4", "3", "2", "1", "0", "4"]


def test_a_link_speaks_for_the_present_recipient_alone(make_bus):
    bus = make_bus("projector", "query", "ingress")
    sender, present, former = bus.person(), bus.person(), bus.person()
    booking = booking_put(bus, "collected", sender, bus.person(), delivery_code_issue=1)
    bus.rows("update state.parcel set recipient_n = 2, state = 'arrived'")
    present.bear(handover.link(handover.key("link_key"), booking, 2))
    former.bear(handover.link(handover.key("link_key"), booking, 1))
    ask = f"/v1/bookings/{booking}/reissue-code"
    assert decided(former, former.send(ask, {"purpose": "delivery"})) == "not_found"
    assert decided(present, present.send(ask, {"purpose": "pickup"})) == "purpose_mismatch"
    assert decided(present, present.send(ask, {"purpose": "delivery"})) == "accepted"
    assert bus.value("select delivery_code_issue from state.booking") == 2


def test_a_recipient_learns_what_became_of_their_command_and_of_no_other(make_bus):
    bus = make_bus("query")
    booking, command = uuid.uuid4(), uuid.uuid4()
    recipient, former = bus.person(), bus.person()
    recipient.bear(handover.link(handover.key("link_key"), booking, 2))
    former.bear(handover.link(handover.key("link_key"), booking, 1))
    bus.rows("insert into bus.verdict (id, principal, subject, decided_at, fact_count, accepted, kind) "
             "values (%s, %s, %s, now(), 1, true, 'booking')", command, handover.principal(booking, 2), booking)
    assert recipient.get(f"/v1/commands/{command}").json()["state"] == "accepted"
    assert recipient.get(f"/v1/commands/{command}?wait=1").json()["state"] == "accepted"
    assert former.get(f"/v1/commands/{command}").status_code == 404
    assert recipient.get("/v1/parcels").status_code == 403


def test_anyone_may_have_the_keys_of_qr_codes(make_bus):
    bus = make_bus("query")
    reply = requests.get(bus.url("query") + "/v1/keys", timeout=10, hooks={"response": [reply_check]})
    assert reply.status_code == 200 and reply.headers["Cache-Control"] == "public, max-age=300"
    public = handover.public_of(reply.json())
    assert public == handover.Ed25519PrivateKey.from_private_bytes(handover.key("qr_key")).public_key()
    assert requests.get(bus.url("query") + "/v1/keys", timeout=10, headers={"Authorization": "Bearer x"}).ok
    assert requests.post(bus.url("query") + "/v1/keys", timeout=10, json={}).status_code == 405


@pytest.mark.parametrize("setting", ["COLIS_HANDOVER_KEY", "COLIS_LINK_KEY", "COLIS_QR_KEY"])
@pytest.mark.parametrize("key", ["", "000102030405060708090a0b0c0d0e0f", "not a key"])
def test_a_key_that_is_empty_or_short_refuses_to_start(tmp_path, setting, key):
    told = Bus(tmp_path).settings("query") | {setting: key}
    del told[setting + "_FILE"]
    query = Program("query", told, tmp_path / "refused.log").start()
    assert query.process.wait(ANSWER) != 0
    assert setting.removeprefix("COLIS_").lower() in query.last_lines(1)
