"""The double of the provider posts to the program: every shape it sends is read, every copy is one report."""
import collections
import hashlib
import json
import pathlib
import sys

import agree
import pytest
from conftest import SECRET
from harness import places

sys.path.append(str(pathlib.Path(__file__).parents[1] / "doubles"))

from provider import Merchant  # noqa: E402


@pytest.fixture
def merchant(hooks):
    """An account whose webhooks come to us, in any version and shape."""
    merchant = Merchant(places.servers()["COLIS_FLUTTERWAVE_URL"], webhook_url=hooks.url, secret_hash=SECRET,
                        webhook_version="mixed", v3_shape="mixed", v4_id="mixed", v4_times="mixed", seed=3)
    yield merchant
    merchant.forget()


def told(merchant):
    """What the provider says it has sent, once it has nothing more on its way."""
    merchant.quiet()
    return merchant.webhooks()


def kept(bus, deliveries):
    """The commands of these deliveries, by the digest of the body each came from."""
    wanted = {hashlib.sha256(delivery["body"].encode()).hexdigest(): delivery for delivery in deliveries}
    found = collections.defaultdict(list)
    for message in bus.topics.read("commands"):
        if message.data["digest"] in wanted:
            agree.check_message(message.headers, message.value)
            found[message.data["digest"]].append(message)
    return [(delivery, found[digest]) for digest, delivery in wanted.items()]


def test_every_shape_the_provider_sends_is_read(merchant, bus):
    charges = [merchant.paid(amount=5000 + number) for number in range(8)]
    for charge in charges[:3]:
        assert merchant.refund(charge, {"amount": 100}).status_code == 200
    for path in ("complete", "fail", "complete", "fail"):
        transfer = merchant.payout().json()["data"]["id"]
        merchant.say("POST", f"/transfers/{transfer}/{path}", {})
    merchant.say("POST", f"/charges/{charges[4]['id']}/chargebacks", {"amount": 1000, "fee": 10})
    deliveries = told(merchant)
    assert {delivery["state"] for delivery in deliveries} == {"delivered"}
    shapes = collections.Counter()
    for delivery, messages in kept(bus, deliveries):
        [message] = messages
        said, body = message.data, json.loads(delivery["body"])
        data = body.get("data", body)
        assert said["event_kind"] == delivery["what"], delivery
        assert said["provider_id"] == str(data["id"]) and said["status"] == data["status"]
        assert said["amount"] == str(data.get("amount", data.get("amount_refunded", data.get("AmountRefunded"))))
        if delivery["what"] in ("charge", "transfer"):
            assert said["reference"] == data.get("tx_ref", data.get("txRef", data.get("reference")))
            assert said["currency"] == "XOF"
        if delivery["what"] in ("refund", "chargeback"):
            wanted = data.get("TransactionId", data.get("transaction_id", data.get("charge_id")))
            assert said["charge_id"] == str(wanted)
        shapes[delivery["what"], "type" in body, "data" in body] += 1
    assert {"charge", "transfer", "refund", "chargeback"} == {what for what, _, _ in shapes}
    assert {shape[1:] for shape in shapes if shape[0] == "charge"} == {(True, True), (False, True), (False, False)}


def test_copies_and_copies_much_later_are_one_report(merchant, bus):
    merchant.fault("webhook", "duplicate", copies=5)
    charge = merchant.paid()
    merchant.quiet()
    [(_, messages)] = kept(bus, told(merchant))
    assert len(messages) == 5 and len({(message.headers["ce_id"], message.key) for message in messages}) == 1
    merchant.say("PUT", "", {"webhook_version": "v3", "v3_shape": "event"})
    for shape in ("event", "flat"):
        merchant.say("PUT", "", {"v3_shape": shape})
        merchant.say("POST", f"/charges/{charge['id']}/resend", {})
        merchant.quiet()
    in_v3 = [messages for delivery, messages in kept(bus, told(merchant)) if delivery["version"] == "v3"]
    assert len({message.headers["ce_id"] for messages in in_v3 for message in messages}) == 1


@pytest.mark.parametrize("fault", ["bad_signature", "no_signature"])
def test_what_is_not_signed_by_the_provider_is_tried_again_and_stored_nowhere(merchant, bus, fault):
    merchant.fault("webhook", fault)
    merchant.paid()
    deliveries = told(merchant)
    assert [each["status"] for each in deliveries[0]["tries"]] == [401]
    assert [messages for _, messages in kept(bus, deliveries)] == [[]]
