"""What the provider reports: twice, late, never, out of order, or wrong. It is asked; its word alone moves nothing."""
import base64
import hashlib
import hmac
import json
import pathlib
import time

import pytest
import requests
from harness import places
from harness.until import ANSWER, until
from market import HOUR, TOTAL, ago


def test_copies_and_a_changed_order_of_reports_are_one_charge(market):
    traveller = market.traveller()
    trip = market.trip(traveller, departs=100)
    deals = [market.deal(traveller=traveller, trip=trip) for _ in range(4)]
    market.merchant.fault("webhook", "duplicate", copies=4, count=2)
    market.merchant.fault("webhook", "reorder", gather=2, seconds=1)
    for deal in deals:
        deal.pay_on(deal.page(), status="pending")
        [charge] = [each for each in market.merchant.say("GET", "/charges") if each["status"] == "pending"]
        market.merchant.say("POST", f"/charges/{charge['id']}/settle", {})
    for deal in deals:
        deal.await_state("held")
        market.merchant.say("POST", f"/charges/{deal.state()['charges'][0]['charge']}/resend", {})
    market.merchant.quiet()
    until(lambda: not market.tasks("kind = 'report' and step <> 'done'"), 20, "all reports looked into")
    for deal in deals:
        assert len(deal.facts("payment.received")) == 1


@pytest.mark.parametrize("kind", ["wrong_amount", "wrong_currency", "missing_id"])
def test_a_wrong_report_is_asked_about(market, kind):
    for version in ("v3", "v4"):
        market.merchant.say("PUT", "", {"webhook_version": version, "v3_shape": "event"})
        market.merchant.fault("webhook", kind)
        deal = market.deal()
        deal.paid()
        assert deal.state()["received"] == TOTAL


def test_a_payer_may_be_quicker_than_the_page(market):
    market.merchant.fault("create_link", "webhook_before_reply")
    deal = market.deal()
    deal.ask_to_pay()
    deal.await_state("held")


def test_what_nobody_reported_is_found_by_asking(market):
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    market.merchant.fault("webhook", "drop", count=-1)
    deal = market.deal(departs=12)
    deal.pay_on(deal.page())
    market.hurried(lambda: deal.state()["state"] == "held", what="held")
    deal.cancel()
    market.hurried(lambda: deal.state()["state"] == "settled", what="settled")
    assert [hook["state"] for hook in market.merchant.webhooks()].count("dropped") == 3


def test_the_second_of_two_payments_on_one_page_is_found_though_nobody_reported_it(market):
    deal = market.deal()
    reference = deal.page()
    deal.pay_on(reference)
    deal.await_state("held")
    market.merchant.fault("webhook", "drop", event="charge")
    deal.pay_on(reference)
    market.hurried(lambda: ("refund", "done", TOTAL) in deal.orders(), what="the second goes back")
    assert deal.state()["state"] == "held" and len(deal.state()["charges"]) == 2


def watches(market):
    """Step and claims of the one page's task."""
    [(_, _, _, step, _, claims, reason, _)] = market.tasks("kind = 'attempt'")
    return step, claims, reason


def test_a_page_is_watched_while_a_payment_on_it_is_pending(market):
    deal = market.deal()
    reference = deal.page()
    deal.pay_on(reference)
    deal.await_state("held")
    market.merchant.fault("webhook", "drop", event="charge", count=-1)
    second = deal.pay_on(reference, status="pending")
    market.restart(COLIS_PAYMENTS_AHEAD_MS=str(2 * HOUR * 1000))
    before = watches(market)[1]
    market.hurried(lambda: watches(market)[1] >= before + 2, what="asked about after its end")
    assert watches(market)[0] == "watch"
    market.merchant.say("POST", f"/charges/{second['id']}/settle", {})
    market.hurried(lambda: ("refund", "done", TOTAL) in deal.orders(), what="the second goes back")
    market.hurried(lambda: watches(market)[0] == "done", what="over")


def test_a_payment_still_pending_after_72_hours_is_left_to_staff_and_found_when_it_is_told(market):
    deal = market.deal()
    charge = deal.pay_on(deal.page(), status="pending")
    market.log_may_hold = "a payment task is given up"
    market.bus.rows("update bus.payment_task set since = %s where kind = 'attempt'", ago(hours=73))
    market.hurried(lambda: watches(market)[0] == "dead", what="given up")
    assert watches(market)[2] == "still pending after 72 hours"
    market.merchant.say("POST", f"/charges/{charge['id']}/settle", {})
    deal.await_state("held")


def test_a_second_payment_that_fails_on_one_page_lets_the_sender_try_anew(market):
    deal = market.deal()
    reference = deal.page()

    def attempt():
        return deal.state()["attempts"][-1]["state"]
    market.merchant.fault("webhook", "drop", event="charge")
    deal.pay_on(reference, status="failed")
    market.hurried(lambda: attempt() == "failed", what="failed")
    charge = deal.pay_on(reference, status="pending")
    market.told(lambda: attempt() == "pending", what="pending")
    market.merchant.fault("webhook", "drop", event="charge")
    market.merchant.say("POST", f"/charges/{charge['id']}/settle", {"status": "failed"})
    market.hurried(lambda: attempt() == "failed", what="failed again")
    deal.paid()


@pytest.mark.parametrize("reported", [True, False])
def test_a_payment_pends_though_a_second_one_on_its_page_failed(market, reported):
    deal = market.deal()
    reference = deal.page()
    charge = deal.pay_on(reference, status="pending")
    market.hurried(lambda: deal.state()["attempts"][-1]["state"] == "pending", what="pending")
    if not reported:
        market.merchant.fault("webhook", "drop", event="charge")
    before = watches(market)[1]
    deal.pay_on(reference, status="failed")
    if reported:
        market.told(lambda: market.tasks("kind = 'report' and step = 'done'"), what="the report")
    else:
        market.hurried(lambda: watches(market)[1] > before and watches(market)[0] == "watch", what="asked about")
    # Decided after whatever was said of the page: the two share their key.
    taken = deal.sender.send(f"/v1/bookings/{deal.booking}/pay", {})
    assert market.decided(deal.sender, taken) == "attempt_open"
    assert deal.facts("payment.attempt_failed") == []
    market.merchant.say("POST", f"/charges/{charge['id']}/settle", {})
    deal.await_state("held")


def signed(body):
    secret = pathlib.Path(places.servers()["COLIS_FLUTTERWAVE_SECRETS_FILE"]).read_text().split()[0]
    tag = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {"flutterwave-signature": base64.b64encode(tag).decode(), "Content-Type": "application/json"}


UNLISTED = "the provider lists no such chargeback"


def test_a_report_of_money_that_is_not_there_moves_nothing(market):
    deal = market.deal()
    reference = deal.page()
    for number, data in enumerate((
            {"id": "chg_1", "reference": reference}, {"id": "chg_2", "reference": "somebody-else-s"},
            {"id": "trf_1", "reference": reference.replace("-p1", "-t1-1")}, {"id": "rfd_1", "charge_id": "1"},
            {"id": "chb_1", "charge_id": "chg_1", "reference": reference})):
        kind = ("charge.completed", "charge.completed", "transfer.disburse", "refund.completed", "chargeback.lost")
        body = json.dumps({"id": f"wbk_{number}", "timestamp": int(time.time() * 1000), "type": kind[number], "data": {
            **data, "amount": TOTAL, "currency": "XOF", "status": "succeeded"}}).encode()
        reply = requests.post(market.bus.url("webhooks") + "/webhooks/flutterwave", data=body, headers=signed(body),
                              timeout=ANSWER)
        assert reply.status_code == 200
    until(lambda: len(market.tasks("kind = 'report' and step = 'done'")) == 4, 20, f"{market.tasks()}")
    market.told(lambda: market.tasks("step = 'verify' and reason = %s", UNLISTED), what="the chargeback is put off")
    assert deal.state()["state"] == "due" and deal.state()["received"] == 0
    assert market.bus.value("select count(*) from state.payment") == 1
