"""Less, more, another currency, twice, too late, for nobody, claimed back: every franc is somewhere, and goes home."""
import pathlib

import pytest
import requests
from harness import places
from harness.until import ANSWER
from market import TOTAL, ago


def test_less_is_kept_and_the_sender_pays_the_rest_on_another_page(market):
    deal = market.deal()
    deal.pay_on(deal.page(), amount=4000)
    market.told(lambda: deal.state()["received"] == 4000, what="a part")
    assert deal.state()["state"] == "due"
    reference = deal.page()
    [link] = [link for link in market.merchant.say("GET", "/links") if link["tx_ref"] == reference]
    assert link["amount"] == TOTAL - 4000
    deal.pay_on(reference)
    deal.await_state("held")
    assert deal.cancel() == "accepted"
    deal.await_state("settled")
    assert sorted(amount for _, _, amount in deal.orders()) == [4000, TOTAL - 4000]


def test_more_is_held_and_the_rest_of_it_goes_back(market):
    deal = market.deal()
    deal.paid(amount=TOTAL + 1080)
    deal.await_orders(("refund", "done", 1080))
    assert deal.state()["state"] == "held"


def test_a_fee_the_payer_bears_is_no_cost_of_ours(market):
    market.merchant.say("PUT", "", {"charge_fee_percent": 3, "fee_bearer": "customer"})
    deal = market.deal()
    deal.paid()
    assert [balance["costs"] for balance in deal.state()["balances"]] == [0]
    market.merchant.say("PUT", "", {"fee_bearer": "merchant"})
    deal = market.deal()
    deal.paid()
    assert [balance["costs"] for balance in deal.state()["balances"]] == [328]


def test_another_currency_goes_back_whole(market):
    deal = market.deal()
    deal.pay_on(deal.page(), currency="XAF")
    deal.await_orders(("refund", "done", TOTAL))
    assert deal.state()["state"] == "due" and deal.state()["received"] == 0
    [refund] = market.merchant.say("GET", "/refunds")
    assert refund["currency"] == "XAF"


@pytest.mark.parametrize("reported", [True, False])
def test_money_that_comes_after_the_end_goes_back(market, reported):
    deal = market.deal()
    reference = deal.page()
    assert deal.cancel() == "accepted"
    deal.await_state("lapsed")
    if not reported:
        market.merchant.fault("webhook", "drop", event="charge")
    deal.pay_on(reference)
    market.hurried(lambda: deal.state()["state"] == "settled", what="settled")
    assert deal.orders() == [("refund", "done", TOTAL)] and deal.booking_state() == "cancelled"


def test_the_second_of_two_payments_goes_back(market):
    deal = market.deal()
    reference = deal.page()
    deal.pay_on(reference)
    deal.pay_on(reference)
    deal.await_state("held")
    deal.await_orders(("refund", "done", TOTAL))


def unmatched(market):
    return market.bus.rows("select id, state from state.payment where booking is null")


@pytest.mark.parametrize("reference, kept", [
    ("a-shop-s-own", "a-shop-s-own"), ("Commande n° 7", None), ("x" * 80, None), ("é" * 200, None)],
    ids=["short", "words", "long", "longest"])
def test_money_for_nobody_is_sent_back_by_staff(market, reference, kept):
    """Its reference may be anything: one that our commands cannot hold is left out."""
    market.merchant.say("PUT", "", {"webhook_version": "v3"})
    charge = market.merchant.say("POST", "/charges", {"tx_ref": reference, "amount": 700, "currency": "XOF"})
    [(payment, state)] = market.told(lambda: unmatched(market), what="unmatched")
    assert state == "unmatched"
    named = market.bus.value("select charges -> 0 ->> 'reference' from state.payment where id = %s", payment)
    assert named == (kept or str(charge["id"]))
    market.merchant.say("POST", f"/charges/{charge['id']}/resend", {})
    taken = market.staff.send(f"/v1/payments/{payment}/return-unmatched", {"reason": "unknown_payer"})
    assert market.decided(market.staff, taken) == "accepted"
    market.told(lambda: unmatched(market) == [(payment, "settled")], what="sent back")
    assert len(market.merchant.say("GET", "/refunds")) == 1


OVER = 10 ** 11 + 1  # one more than any amount of ours


@pytest.mark.parametrize("call", ["verify", "refund", "transfer_read"])
def test_an_amount_larger_than_any_of_ours_is_asked_about_again(market, call):
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    market.merchant.fault(call, "wrong_amount", amount=OVER)
    deal = market.deal(departs=12)
    deal.paid()
    deal.cancel()
    market.hurried(lambda: deal.state()["state"] == "settled", what="settled")
    assert [len(market.merchant.say("GET", "/" + table)) for table in ("charges", "refunds", "transfers")] == [1, 1, 1]


def test_a_chargeback_larger_than_any_of_ours_is_asked_about_again(market):
    deal = market.deal()
    charge = deal.paid()
    market.merchant.fault("chargeback_read", "wrong_amount", amount=OVER)
    chargeback(market, charge)
    market.hurried(lambda: claims(deal) == ["opened"], what="opened")


def test_a_reference_of_ours_that_was_never_given_is_nobody_s(market):
    reference = "cb-" + "1" * 12 + "4" + "1" * 3 + "8" + "1" * 15 + "-p1"
    market.merchant.say("POST", "/charges", {"tx_ref": reference, "amount": 700, "currency": "XOF"})
    [(_, state)] = market.told(lambda: unmatched(market), what="unmatched")
    assert state == "unmatched"


def chargeback(market, charge, **given):
    return market.merchant.say("POST", f"/charges/{charge['id']}/chargebacks", {"fee": 15, **given})


def reported(market, body):
    """A webhook of v3."""
    secret = pathlib.Path(places.servers()["COLIS_FLUTTERWAVE_SECRETS_FILE"]).read_text().split()[0]
    reply = requests.post(market.bus.url("webhooks") + "/webhooks/flutterwave", json=body, timeout=ANSWER,
                          headers={"verif-hash": secret})
    assert reply.status_code == 200


def left_to_staff(market):
    return market.tasks("kind = 'report' and step in ('verify', 'dead') and reason like 'another chargeback%%'")


def claims(deal):
    return [charge.get("chargeback") for charge in deal.state()["charges"]]


@pytest.mark.parametrize("end, booking", [("won", "disputed"), ("lost", "resolved")])
def test_a_chargeback_is_followed_to_its_end(market, end, booking):
    deal = market.deal()
    opened = chargeback(market, deal.paid())
    market.told(lambda: claims(deal) == ["opened"], what="opened")
    assert deal.booking_state() == "disputed"
    market.merchant.say("POST", f"/chargebacks/{opened['id']}/{end}", {})
    market.told(lambda: claims(deal) == [end], what=end)
    assert deal.booking_state() == booking


def test_the_end_of_a_chargeback_may_be_all_that_is_heard_of_it(market):
    deal = market.deal()
    charge = deal.paid()
    market.merchant.fault("webhook", "drop", event="chargeback")
    opened = chargeback(market, charge)
    market.merchant.say("POST", f"/chargebacks/{opened['id']}/lost", {})
    market.told(lambda: claims(deal) == ["lost"], what="lost")


def test_a_chargeback_reported_before_it_is_listed_is_asked_about_again(market):
    deal = market.deal()
    charge = deal.paid()
    reported(market, {"event": "chargeback.opened", "data": {"id": 1, "transaction_id": charge["id"]}})
    market.told(lambda: market.tasks("step = 'verify' and reason = 'the provider lists no such chargeback'"),
                what="put off")
    market.merchant.fault("webhook", "drop", event="chargeback")
    chargeback(market, charge)
    market.hurried(lambda: claims(deal) == ["opened"], what="opened")


def test_a_chargeback_is_found_among_all_of_the_account_where_its_filter_is_not_heard(market):
    market.merchant.say("PUT", "", {"unheard_filter": "id"})
    first, second = market.deal(), market.deal()
    charge, other = first.paid(), second.paid()
    market.merchant.fault("webhook", "drop", event="chargeback", count=1 + 2 * 21)
    opened = chargeback(market, charge)
    for _ in range(21):
        more = chargeback(market, other, amount=1, fee=0)
        market.merchant.say("POST", f"/chargebacks/{more['id']}/won", {})
    market.merchant.say("POST", f"/chargebacks/{opened['id']}/lost", {})
    market.told(lambda: claims(first) == ["lost"], what="lost")
    assert claims(second) == [None]
    assert [request["query"]["page"] for request in market.requests("chargeback_read")] == ["1", "2"]


def test_a_chargeback_may_name_its_charge_by_the_provider_s_own_reference_alone(market):
    deal = market.deal()
    charge = deal.paid()
    market.merchant.fault("webhook", "drop", event="chargeback")
    opened = chargeback(market, charge)
    reported(market, {"event": "chargeback.opened", "data": {"id": opened["id"], "flw_ref": charge["flw_ref"]}})
    market.told(lambda: claims(deal) == ["opened"], what="opened")


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_that_goes_on_under_another_id_ends_as_its_last_stage_does(market, end):
    deal = market.deal()
    first = chargeback(market, deal.paid())
    market.told(lambda: claims(deal) == ["opened"], what="opened")
    later = market.merchant.say("POST", f"/chargebacks/{first['id']}/escalate", {})
    market.told(lambda: len(market.tasks("kind = 'report' and step = 'done'")) == 3, what="looked into")
    assert claims(deal) == ["opened"]
    market.merchant.say("POST", f"/chargebacks/{later['id']}/{end}", {})
    market.told(lambda: claims(deal) == [end], what=end)
    market.told(lambda: not market.tasks("kind = 'report' and step <> 'done'"), what="nothing left to staff")


def test_a_chargeback_of_money_for_nobody_is_known(market):
    market.merchant.fault("webhook", "drop", event="charge")
    charge = market.merchant.say("POST", "/charges", {"tx_ref": "another-s", "amount": 700, "currency": "XOF"})
    chargeback(market, charge)
    market.told(lambda: market.bus.value("select charges -> 0 ->> 'chargeback' from state.payment") == "opened",
                what="opened")


def test_a_second_chargeback_of_a_charge_is_left_to_staff_and_never_taken_for_the_first(market):
    deal = market.deal()
    charge = deal.paid()
    first = chargeback(market, charge, amount=4000)
    market.told(lambda: claims(deal) == ["opened"], what="opened")
    second = chargeback(market, charge, amount=3000, fee=0)
    market.told(lambda: left_to_staff(market), what="the second one")
    market.merchant.say("POST", f"/chargebacks/{second['id']}/won", {})
    market.told(lambda: len(left_to_staff(market)) == 2, what="its end")
    assert claims(deal) == ["opened"]
    market.merchant.say("POST", f"/chargebacks/{first['id']}/lost", {})
    market.told(lambda: claims(deal) == ["lost"], what="the end of the first")
    market.log_may_hold = "a payment task is given up"
    market.bus.rows("update bus.payment_task set since = %s where kind = 'report'", ago(hours=73))
    market.hurried(lambda: len(market.tasks("step = 'dead'")) == 3, what="given up")


def test_a_chargeback_in_a_currency_that_is_not_its_charge_s_is_asked_about_again(market):
    deal = market.deal()
    charge = deal.paid()
    market.merchant.fault("chargeback_read", "wrong_currency", count=-1)
    chargeback(market, charge)
    market.hurried(lambda: len(market.requests("chargeback_read")) >= 2, what="asked twice")
    assert claims(deal) == [None]
    market.merchant.say("DELETE", "/faults")
    market.hurried(lambda: claims(deal) == ["opened"], what="opened")
