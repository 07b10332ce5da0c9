"""At the door: what the sender shows, what a scanner checks without a network."""
import json
import uuid

import pytest
import requests
from harness import handover
from harness.bus import Bus
from harness.person import reply_check
from harness.program import Program


# A row of state.booking: what must be there by its type, then what is given.
BOOKING = """insert into state.booking select (jsonb_populate_record(null::state.booking, (
    select jsonb_object_agg(column_name, case data_type when 'uuid' then to_jsonb(gen_random_uuid())
        when 'bigint' then '0' when 'boolean' then 'false' when 'timestamp with time zone' then to_jsonb(now())
        when 'jsonb' then '[]' else '"XOF"' end)
    from information_schema.columns where table_schema = 'state' and table_name = 'booking' and is_nullable = 'NO')
    || %s::jsonb)).*"""


def booking_put(bus, **values):
    booking = uuid.uuid4()
    bus.rows(BOOKING, json.dumps({"id": str(booking), **values}))
    return booking


def test_a_scanner_checks_the_sender_s_code_without_a_network(make_bus):
    bus = make_bus("query")
    sender, traveller = bus.person(), bus.person()
    booking = booking_put(bus, state="paid", sender=sender.id, traveller=traveller.id, pickup_code_issue=3)
    public = handover.public_of(sender.get("/v1/keys").json())
    [shown] = sender.get(f"/v1/bookings/{booking}/codes").json()["items"]
    assert handover.scanned(public, shown["qr"]) == (booking, "pickup", 3, shown["code"])
    assert shown["code"] == handover.code(handover.key("handover_key"), booking, "pickup", 3)
    with pytest.raises(handover.InvalidSignature):
        handover.scanned(public, shown["qr"].replace(".3.", ".4."))
    assert traveller.get(f"/v1/bookings/{booking}/codes").status_code == 404
    traveller.bear(handover.link(handover.key("link_key"), booking, 1))
    assert traveller.get(f"/v1/bookings/{booking}/codes").status_code == 403


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
    assert query.process.wait(20) != 0
    assert setting.removeprefix("COLIS_").lower() in query.last_lines(1)
