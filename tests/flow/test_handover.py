"""At the door: the keys QR codes are checked with."""
import pytest
import requests
from harness import handover
from harness.bus import Bus
from harness.person import reply_check
from harness.program import Program


def test_anyone_may_have_the_keys_of_qr_codes(make_bus):
    bus = make_bus("query")
    reply = requests.get(bus.url("query") + "/v1/keys", timeout=10, hooks={"response": [reply_check]})
    assert reply.status_code == 200 and reply.headers["Cache-Control"] == "public, max-age=300"
    public = handover.public_of(reply.json())
    assert public == handover.Ed25519PrivateKey.from_private_bytes(handover.key("qr_key")).public_key()
    assert requests.get(bus.url("query") + "/v1/keys", timeout=10, headers={"Authorization": "Bearer x"}).ok
    assert requests.post(bus.url("query") + "/v1/keys", timeout=10, json={}).status_code == 405


@pytest.mark.parametrize("setting", ["COLIS_LINK_KEY", "COLIS_QR_KEY"])
@pytest.mark.parametrize("key", ["", "000102030405060708090a0b0c0d0e0f", "not a key"])
def test_a_key_that_is_empty_or_short_refuses_to_start(tmp_path, setting, key):
    told = Bus(tmp_path).settings("query") | {setting: key}
    del told[setting + "_FILE"]
    query = Program("query", told, tmp_path / "refused.log").start()
    assert query.process.wait(20) != 0
    assert setting.removeprefix("COLIS_").lower() in query.last_lines(1)
