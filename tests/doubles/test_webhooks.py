"""What the Flutterwave double posts to the merchant: shapes, signatures, tries, and the ways a webhook goes wrong."""
import collections
import time

import pytest
from harness.until import until
from provider import Merchant, decoded, signature

V3_CHARGE = {"id", "tx_ref", "flw_ref", "device_fingerprint", "amount", "currency", "charged_amount", "app_fee",
             "merchant_fee", "processor_response", "auth_model", "ip", "narration", "status", "payment_type",
             "created_at", "account_id", "customer", "meta"}
V4_CHARGE = {"id", "amount", "currency", "customer", "description", "meta", "payment_method", "processor_response",
             "redirect_url", "reference", "status", "created_datetime"}


def test_our_copy_of_the_v4_rule_gives_the_known_signature():
    raw = (b'{"id":"wbk_test1","timestamp":1735116884019,"type":"charge.completed","data":{"id":"chg_1","amount":2500,'
           b'"currency":"XOF","reference":"bk-1","status":"succeeded"}}')
    assert signature("my-secret-hash", raw) == "LF4QKJ01F6A+UiNCivN7cxaxGgkOYzJkzo2BaoITY8Y="


def test_v3_tells_of_a_charge_with_the_secret_itself_in_its_header(told, receiver):
    told.say("PUT", "", {"secret_hash": "my-secret-hash"})
    charge = told.paid({"fee": "1.4"}, meta={"booking": "b"})
    [body] = receiver.bodies(1)
    headers, _ = receiver.got[0]
    assert headers["verif-hash"] == "my-secret-hash" and "flutterwave-signature" not in headers
    assert headers["Content-Type"] == "application/json"
    assert body["event"] == "charge.completed" and set(body["data"]) == V3_CHARGE
    assert (body["data"]["id"], body["data"]["tx_ref"]) == (charge["id"], charge["tx_ref"])
    assert str(body["data"]["app_fee"]) == "1.4"
    assert body["data"]["meta"] == {"booking": "b"}


def test_v4_signs_the_very_bytes(told, receiver):
    told.say("PUT", "", {"secret_hash": "my-secret-hash", "webhook_version": "v4"})
    charge = told.paid()
    [body] = receiver.bodies(1)
    headers, raw = receiver.got[0]
    assert headers["flutterwave-signature"] == signature("my-secret-hash", raw) and "verif-hash" not in headers
    assert set(body) == {"id", "timestamp", "type", "data"} and body["id"].startswith("wbk_")
    assert body["type"] == "charge.completed" and set(body["data"]) == V4_CHARGE
    assert (body["data"]["id"], body["data"]["status"]) == (f"chg_{charge['id']}", "succeeded")


def test_v4_writes_its_id_and_its_times_in_either_way(told, receiver):
    told.say("PUT", "", {"webhook_version": "v4", "v4_id": "mixed", "v4_times": "mixed"})
    for _ in range(12):
        told.paid()
    bodies = receiver.bodies(12)
    assert {name for body in bodies for name in body} == {"id", "webhook_id", "timestamp", "type", "data"}
    assert {type(body["data"]["created_datetime"]).__name__ for body in bodies} == {"str", "Decimal"}


def test_an_event_of_v4_is_dated_by_the_machine_wherever_the_account_s_clock_is(told, receiver):
    told.say("PUT", "", {"webhook_version": "v4"})
    told.advance(7200)
    told.paid()
    assert abs(receiver.bodies(1)[0]["timestamp"] - time.time() * 1000) < 60_000
    told.say("PUT", "", {"timestamp_skew": -7200})
    told.paid()
    assert abs(receiver.bodies(2)[1]["timestamp"] - (time.time() - 7200) * 1000) < 60_000


def test_v3_and_v4_come_mixed(told, receiver):
    told.say("PUT", "", {"webhook_version": "mixed", "seed": 7})
    for _ in range(12):
        told.paid()
    receiver.bodies(12)
    found = collections.Counter("v3" if "verif-hash" in headers else "v4" for headers, _ in receiver.got)
    assert set(found) == {"v3", "v4"}
    assert {"event" in decoded(raw) for headers, raw in receiver.got if "verif-hash" in headers} == {True}


def test_the_legacy_flat_charge_has_its_own_names(told, receiver):
    told.say("PUT", "", {"v3_shape": "flat"})
    charge = told.paid()
    [body] = receiver.bodies(1)
    assert "event" not in body and "data" not in body and body["event.type"] == "CARD_TRANSACTION"
    assert (body["id"], body["txRef"], body["amount"], body["status"]) == \
        (charge["id"], charge["tx_ref"], 10920, "successful")


def test_a_refund_of_v3_is_flat_and_its_meta_a_text(told, receiver):
    charge = told.paid()
    receiver.bodies(1)
    refund = told.refund(charge, {"amount": 20}).json()["data"]
    body = receiver.bodies(2)[1]
    assert "event" not in body
    assert (body["id"], body["TransactionId"], body["AmountRefunded"], body["status"]) == \
        (refund["id"], charge["id"], 20, "completed")
    assert decoded(body["meta"]) == {"source": "availablebalance"}


def test_refunds_are_not_told_where_support_has_not_enabled_it(told, receiver):
    told.say("PUT", "", {"refund_webhook": False})
    told.refund(told.paid())
    told.quiet()
    receiver.bodies(1)


@pytest.mark.parametrize("end, status", [("complete", "SUCCESSFUL"), ("fail", "FAILED")])
def test_a_payout_is_told_by_the_same_event_however_it_ends(told, receiver, end, status):
    told.payout(reference="po-a")
    told.say("POST", f"/transfers/po-a/{end}", {})
    [body] = receiver.bodies(1)
    assert (body["event"], body["event.type"]) == ("transfer.completed", "Transfer")
    assert (body["data"]["reference"], body["data"]["status"]) == ("po-a", status)


def test_v4_tells_of_payouts_and_reversals_by_their_own_types(told, receiver):
    told.say("PUT", "", {"webhook_version": "v4"})
    told.payout(reference="po-a")
    told.say("POST", "/transfers/po-a/complete", {})
    told.quiet()
    told.say("POST", "/transfers/po-a/reverse", {})
    bodies = receiver.bodies(2)
    assert [body["type"] for body in bodies] == ["transfer.disburse", "transfer.reversal"]
    assert [body["data"]["status"] for body in bodies] == ["SUCCESSFUL", "FAILED"]


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_chargeback_is_told_when_it_opens_and_when_it_ends(told, receiver, end):
    charge = told.paid()
    told.quiet()
    opened = told.say("POST", f"/charges/{charge['id']}/chargebacks", {"amount": 5000, "fee": 100})
    told.quiet()
    told.say("POST", f"/chargebacks/{opened['id']}/{end}", {})
    bodies = receiver.bodies(3)[1:]
    assert [body["event"] for body in bodies] == ["chargeback.opened", f"chargeback.{end}"]
    assert [(body["data"]["transaction_id"], body["data"]["amount"]) for body in bodies] == [(charge["id"], 5000)] * 2
    [asked] = told.v3("GET", f"/chargebacks?id={charge['id']}").json()["data"]
    assert asked["status"] == end


def test_a_charge_that_settles_later_is_told_twice_with_each_status(told, receiver):
    told.paid({"status": "pending", "settle_after": 60, "settle_to": "failed"})
    receiver.bodies(1)
    told.advance(61)
    assert [body["data"]["status"] for body in receiver.bodies(2)] == ["pending", "failed"]


@pytest.mark.parametrize("status", [500, 201, 204, 301, 401])
def test_only_200_is_taken_and_three_tries_more_come_half_an_hour_apart(told, receiver, status):
    receiver.script = [status] * 9
    told.paid()
    told.quiet()
    told.advance(29 * 60)
    receiver.bodies(1)
    told.advance(2 * 60)
    receiver.bodies(2)
    told.advance(24 * 3600)
    receiver.bodies(4)
    [webhook] = told.webhooks()
    assert (webhook["state"], [each["status"] for each in webhook["tries"]]) == ("given_up", [status] * 4)
    times = [each["at"] for each in webhook["tries"]]
    assert all(1_800_000 <= later - earlier < 1_810_000 for earlier, later in zip(times, times[1:]))
    assert len({raw for _, raw in receiver.got}) == 1


def test_a_try_that_is_taken_ends_the_trying(told, receiver):
    receiver.script = [503, 200]
    told.paid()
    told.quiet()
    told.advance(24 * 3600)
    receiver.bodies(2)
    assert told.webhooks()[0]["state"] == "delivered"


def test_retries_are_a_choice_of_the_dashboard(told, receiver):
    told.say("PUT", "", {"retries": 0})
    receiver.script = [500]
    told.paid()
    told.quiet()
    told.advance(24 * 3600)
    receiver.bodies(1)
    assert told.webhooks()[0]["state"] == "given_up"


def test_a_receiver_silent_for_a_minute_has_not_answered(told, receiver):
    receiver.script = ["hold"]
    told.paid()
    receiver.bodies(1)
    told.advance(61, patience=0.2)
    [webhook] = told.webhooks()
    assert (webhook["state"], webhook["tries"][0]["error"]) == ("waiting", "no answer in time")


def test_a_receiver_that_is_not_there_is_tried_again(told, receiver):
    told.say("PUT", "", {"webhook_url": "http://127.0.0.1:9/"})
    told.paid()
    told.quiet()
    assert told.webhooks()[0]["tries"][0]["status"] is None
    told.say("PUT", "", {"webhook_url": receiver.url})
    told.advance(1801)
    receiver.bodies(1)


def test_a_webhook_is_doubled_at_the_same_moment(told, receiver):
    receiver.script = ["hold", "hold", "hold"]
    told.fault("webhook", "duplicate", copies=3)
    told.paid()
    until(lambda: receiver.most == 3, what="three at once")
    receiver.released.set()
    assert len({raw for _, raw in receiver.got}) == 1
    told.paid()
    receiver.bodies(4)


def test_webhooks_come_in_another_order_than_they_happened(told, receiver):
    told.fault("webhook", "reorder", gather=3)
    charges = [told.paid() for _ in range(3)]
    assert [body["data"]["id"] for body in receiver.bodies(3)] == [charge["id"] for charge in reversed(charges)]


def test_what_waits_for_others_to_overtake_it_does_not_wait_for_ever(told, receiver):
    told.fault("webhook", "reorder", seconds=60)
    told.paid()
    told.quiet()
    receiver.bodies(0)
    told.advance(61)
    receiver.bodies(1)


def test_a_dropped_webhook_never_comes(told, receiver):
    told.fault("webhook", "drop")
    told.paid()
    told.advance(24 * 3600)
    receiver.bodies(0)
    assert told.webhooks()[0]["state"] == "dropped"


def test_a_delayed_webhook_comes_later(told, receiver):
    told.fault("webhook", "delay", seconds=3600)
    told.paid()
    told.advance(3000)
    receiver.bodies(0)
    told.advance(601)
    receiver.bodies(1)


@pytest.mark.parametrize("version", ["v3", "v4"])
@pytest.mark.parametrize("kind, member, value", [
    ("wrong_amount", "amount", 10921), ("wrong_currency", "currency", "NGN"), ("missing_id", "id", None)])
def test_a_webhook_lies_and_the_api_tells_the_truth(told, receiver, version, kind, member, value):
    told.say("PUT", "", {"webhook_version": version})
    told.fault("webhook", kind)
    charge = told.paid()
    [body] = receiver.bodies(1)
    assert body["data"].get(member) == value
    assert (told.verify(charge)["data"]["amount"], told.verify(charge)["data"]["currency"]) == (10920, "XOF")


def test_a_webhook_lacks_the_member_it_was_told_to(told, receiver):
    told.say("PUT", "", {"webhook_version": "v4"})
    told.fault("webhook", "missing_id", member="reference")
    told.paid()
    [body] = receiver.bodies(1)
    assert "reference" not in body["data"] and "id" in body["data"]


@pytest.mark.parametrize("version, header", [("v3", "verif-hash"), ("v4", "flutterwave-signature")])
def test_a_webhook_comes_with_a_wrong_signature_or_with_none(told, receiver, version, header):
    told.say("PUT", "", {"webhook_version": version, "secret_hash": "right"})
    told.fault("webhook", "bad_signature")
    told.paid()
    told.quiet()
    told.fault("webhook", "no_signature")
    told.paid()
    receiver.bodies(2)
    (bad, raw), (none, _) = receiver.got
    assert bad[header] not in ("right", signature("right", raw)) and header not in none


def test_a_fault_can_be_meant_for_one_kind_of_event(told, receiver):
    told.fault("webhook", "drop", event="refund")
    told.refund(told.paid())
    told.quiet()
    [body] = receiver.bodies(1)
    assert body["event"] == "charge.completed"


def test_a_hook_is_sent_again_when_asked_for(told, receiver):
    charge = told.paid()
    assert told.v3("POST", f"/transactions/{charge['id']}/resend-hook", {}).status_code == 200
    told.say("POST", f"/charges/{charge['id']}/resend", {})
    assert {body["data"]["id"] for body in receiver.bodies(3)} == {charge["id"]}


def test_a_link_is_paid_by_itself_when_the_account_says_so(process, receiver):
    merchant = Merchant(process.url, webhook_url=receiver.url, charge_fee_percent=3,
                        auto_pay={"after": 120, "method": "card"})
    merchant.link()
    assert merchant.say("GET", "/charges") == []
    merchant.advance(121)
    [body] = receiver.bodies(1)
    assert (body["data"]["payment_type"], body["data"]["app_fee"]) == ("card", 328)
    merchant.forget()
