"""Orders that fail, come back, or are long in coming."""
import pytest
from harness.until import until
from market import ACCOUNT, HOUR, TOTAL, ago


def cancelled(market, **settings):
    """A booking of which half goes each way."""
    market.merchant.say("PUT", "", settings)
    deal = market.deal(departs=12)
    deal.paid()
    deal.cancel()
    return deal


def order(deal, kind):
    [found] = [order for order in deal.state()["orders"] if order["kind"] == kind]
    return found


def await_order(deal, kind, state):
    return deal.market.told(lambda: order(deal, kind)["state"] == state, what=f"{kind} {state}")


def hold_over(market, person):
    """The account has stood for longer than its hold of a day."""
    market.bus.rows("update state.profile set payout_since = %s where id = %s", ago(days=2), person.id)


def test_a_payout_to_a_wrong_account_waits_for_another_one_and_goes_there(market):
    deal = cancelled(market)
    await_order(deal, "payout", "sent")
    reference = order(deal, "payout")["reference"]
    market.merchant.say("POST", f"/transfers/{reference}/fail", {"message": "DISBURSE FAILED: Account resolve failed"})
    await_order(deal, "payout", "failed")
    assert order(deal, "payout")["cause"] == "bad_account"
    market.accepted(deal.traveller, "/v1/me/payout-account", ACCOUNT | {"account": "221779999999"})
    assert deal.retry(deal.traveller, order(deal, "payout")["n"]) == "payout_account_missing"
    hold_over(market, deal.traveller)
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    assert deal.retry(deal.traveller, order(deal, "payout")["n"]) == "accepted"
    deal.await_state("settled")
    assert [transfer["account_number"] for transfer in market.merchant.say("GET", "/transfers")] == [
        "221771112233", "221779999999"]


def test_staff_send_again_what_failed_five_times_once_the_trouble_is_over(market):
    deal = cancelled(market, auto_transfers="failed")
    for number in range(1, 7):
        market.told(lambda number=number: (order(deal, "payout")["state"], order(deal, "payout")["try"]) ==
                    ("failed", number), what=f"try {number} failed")
        if number == 6:
            market.merchant.say("PUT", "", {"auto_transfers": "successful"})
        assert deal.retry(market.staff, order(deal, "payout")["n"]) == "accepted"
    deal.await_state("settled")
    assert [transfer["status"] for transfer in market.merchant.say("GET", "/transfers")] == 6 * ["FAILED"] + [
        "SUCCESSFUL"]


def test_a_payout_without_an_account_fails_before_the_provider_hears_of_it(market):
    deal = market.deal(departs=12)
    deal.paid()
    market.bus.rows("delete from private.profile where name = 'payout_account'")
    deal.cancel()
    await_order(deal, "payout", "failed")
    assert market.requests("transfer") == []


def test_goodwill_to_a_sender_without_an_account_goes_out_once_they_have_one_and_ask(market):
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    deal = market.deal()
    deal.paid()
    # Of a low tier it would be held for a day first.
    market.accepted(market.staff, f"/v1/people/{deal.sender.id}/tier", {"tier": 2, "reason": "identity_checked"})
    market.accepted(market.lead, f"/v1/payments/{deal.payment}/indemnify",
                    {"to": "sender", "amount": 500, "statement": "We are sorry."})
    await_order(deal, "goodwill", "failed")
    n = order(deal, "goodwill")["n"]
    assert deal.retry(deal.sender, n) == "payout_account_missing"
    market.accepted(deal.sender, "/v1/me/payout-account", ACCOUNT | {"account": "221770001111"})
    assert deal.retry(deal.sender, n) == "payout_account_missing"
    hold_over(market, deal.sender)
    assert deal.retry(deal.traveller, n) == "not_allowed" and deal.retry(deal.sender, n) == "accepted"
    await_order(deal, "goodwill", "done")
    assert [transfer["account_number"] for transfer in market.merchant.say("GET", "/transfers")] == ["221770001111"]


@pytest.mark.parametrize("reported", [True, False])
def test_a_payout_that_came_back_is_owed_again(market, reported):
    deal = cancelled(market, auto_transfers="successful", payout_fee=25)
    deal.await_state("settled")
    if not reported:
        market.merchant.fault("webhook", "drop", event="transfer")
    reference = order(deal, "payout")["reference"]
    market.merchant.say("POST", f"/transfers/{reference}/reverse", {})
    if not reported:
        market.merchant.say("POST", f"/transfers/{reference}/resend", {})
    await_order(deal, "payout", "reversed")
    assert deal.retry(market.staff, order(deal, "payout")["n"]) == "accepted"
    deal.await_state("settled")
    assert [transfer["status"] for transfer in market.merchant.say("GET", "/transfers")] == ["FAILED", "SUCCESSFUL"]


def test_a_fee_known_only_at_the_end_is_in_the_books(market):
    deal = cancelled(market)
    await_order(deal, "payout", "sent")
    market.merchant.say("POST", f"/transfers/{order(deal, 'payout')['reference']}/complete", {"fee": 77})
    deal.await_state("settled")
    assert deal.state()["balances"][0]["costs"] == 77


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_a_refund_that_takes_days_is_known_by_its_report(market, end):
    market.merchant.say("PUT", "", {"auto_refunds": "", "webhook_version": "v3"})
    deal = market.deal()
    deal.paid()
    deal.cancel()
    await_order(deal, "refund", "sent")
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/{end}", {})
    if end == "complete":
        deal.await_state("settled")
        return
    await_order(deal, "refund", "failed")
    market.merchant.say("PUT", "", {"auto_refunds": "completed"})
    assert deal.retry(market.staff, order(deal, "refund")["n"]) == "accepted"
    deal.await_state("settled")
    assert [refund["status"] for refund in market.merchant.say("GET", "/refunds")] == ["failed", "completed"]


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_refund_done_after_it_failed_is_known_and_not_sent_again(market, version):
    market.merchant.say("PUT", "", {"auto_refunds": "", "webhook_version": version})
    deal = market.deal()
    charge = deal.paid()
    deal.cancel()
    await_order(deal, "refund", "sent")
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/fail", {})
    await_order(deal, "refund", "failed")
    before = market.told(lambda: market.tasks("kind = 'refund' and step = 'done'"), what="over")[0][5]
    other = market.merchant.refund(charge, {"amount": TOTAL, "comments": "another"}).json()["data"]
    market.merchant.say("POST", f"/refunds/{other['id']}/fail", {})
    market.told(lambda: market.tasks("kind = 'refund' and step = 'done' and attempts > %s", before), what="over again")
    assert order(deal, "refund")["state"] == "failed"
    market.merchant.say("POST", f"/refunds/{refund['id']}/complete", {})
    deal.await_state("settled")
    assert [refund["status"] for refund in market.merchant.say("GET", "/refunds")] == ["completed", "failed"]


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_refund_that_fails_once_it_was_done_is_owed_again(market, version):
    market.merchant.say("PUT", "", {"webhook_version": version})
    deal = market.deal()
    deal.paid()
    deal.cancel()
    deal.await_state("settled")
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/fail", {})
    await_order(deal, "refund", "reversed")
    assert deal.state()["state"] == "settling" and deal.state()["balances"][0]["sender"] == -TOTAL
    assert deal.retry(market.staff, order(deal, "refund")["n"]) == "accepted"
    deal.await_state("settled")
    assert [refund["status"] for refund in market.merchant.say("GET", "/refunds")] == ["failed", "completed"]


def test_a_try_is_not_sent_once_an_earlier_one_was_done_after_all(market):
    market.merchant.say("PUT", "", {"auto_refunds": "", "auto_transfers": "successful", "webhook_version": "v3"})
    deal = market.deal(departs=12)
    deal.paid()
    deal.cancel()
    await_order(deal, "refund", "sent")
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/fail", {})
    await_order(deal, "refund", "failed")
    market.merchant.fault("refund", "429", count=-1)
    assert deal.retry(market.staff, order(deal, "refund")["n"]) == "accepted"
    market.told(lambda: market.requests("refund", 429), what="the second try was not taken")
    market.merchant.say("POST", f"/refunds/{refund['id']}/complete", {})
    deal.await_state("settled")
    market.merchant.say("DELETE", "/faults")
    market.hurried(lambda: market.tasks("kind = 'refund' and try = 2 and step = 'done'"), what="the second try over")
    assert len(market.merchant.say("GET", "/refunds")) == 1


def sent_to_the_account(market):
    """A cancelled deal whose refund its charge did not take: ordered to the payer's account, which is new."""
    market.merchant.say("PUT", "", {"auto_refunds": "", "auto_transfers": "successful"})
    deal = market.deal()
    deal.paid()
    deal.cancel()
    await_order(deal, "refund", "sent")
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/fail", {})
    market.hurried(lambda: order(deal, "refund")["state"] == "failed", what="failed")
    market.accepted(deal.sender, "/v1/me/payout-account", ACCOUNT | {"account": "221770001111"})
    assert deal.retry(market.staff, order(deal, "refund")["n"], route="account") == "accepted"
    return deal


def await_settled(deal):
    deal.market.hurried(lambda: deal.state()["state"] == "settled", what="settled")


def test_a_refund_its_charge_does_not_take_goes_to_the_payer_s_account_once_that_has_stood_a_day(market):
    deal = sent_to_the_account(market)
    market.told(lambda: market.tasks("kind = 'refund' and try = 2 and step = 'claim' and reason = 'held'"), what="held")
    market.hurry()
    market.told(lambda: market.tasks("kind = 'refund' and try = 2 and reason = 'held' and attempts > 1"), what="still")
    assert order(deal, "refund")["state"] == "ordered" and market.requests("transfer") == []
    hold_over(market, deal.sender)
    await_settled(deal)
    [transfer] = market.merchant.say("GET", "/transfers")
    assert (transfer["account_number"], transfer["amount"]) == ("221770001111", TOTAL)


def test_a_refund_that_came_back_from_the_payer_s_account_is_owed_again(market):
    deal = sent_to_the_account(market)
    hold_over(market, deal.sender)
    await_settled(deal)
    market.merchant.say("POST", f"/transfers/{order(deal, 'refund')['reference']}/reverse", {})
    await_order(deal, "refund", "reversed")
    assert deal.state()["state"] == "settling" and deal.state()["balances"][0]["sender"] == -TOTAL
    assert deal.retry(market.staff, order(deal, "refund")["n"], route="account") == "accepted"
    deal.await_state("settled")
    assert [transfer["status"] for transfer in market.merchant.say("GET", "/transfers")] == ["FAILED", "SUCCESSFUL"]


def test_a_withheld_refund_is_never_sent(market):
    deal = market.deal()
    charge = deal.paid()
    market.merchant.fault("refund", "503_before", count=-1)
    market.bus.payments.stop()
    deal.cancel()
    await_order(deal, "refund", "ordered")
    market.merchant.say("POST", f"/charges/{charge['id']}/chargebacks", {"fee": 15})
    market.bus.add("payments", COLIS_PAYMENTS_CLAIM_MS="16000").await_ready()
    market.told(lambda: market.tasks("kind = 'report' and step = 'done'")[1:], what="the chargeback")
    until(lambda: order(deal, "refund")["state"] == "withheld" or market.requests("refund"), 20, "withheld or asked")
    state = order(deal, "refund")["state"]
    market.merchant.say("DELETE", "/faults")
    assert state in ("withheld", "sending", "unknown")
    assert (state == "withheld") == (market.requests("refund") == [])


def test_a_refund_not_known_after_30_days_is_given_up_counted_and_found_when_it_is_told(market):
    market.merchant.say("PUT", "", {"auto_refunds": "", "webhook_version": "v3"})
    deal = market.deal()
    deal.paid()
    deal.cancel()
    await_order(deal, "refund", "sent")
    market.told(lambda: market.tasks("kind = 'refund' and step = 'watch'"), what="watched")
    market.bus.rows("update bus.payment_task set since = %s where kind = 'refund'", ago(hours=73))
    market.hurried(lambda: market.tasks("kind = 'refund' and step = 'watch' and next_at between "
                                        "clock_timestamp() + interval '23 hours' and "
                                        "clock_timestamp() + interval '24 hours'"), what="asked about daily")
    market.bus.rows("update bus.payment_task set since = %s where kind = 'refund'", ago(days=31))
    market.hurry("kind = 'refund'")
    until(lambda: market.bus.payments.metric("colis_payments_dead_total") == 1, 20, "given up")
    assert market.tasks("step = 'dead'")[0][6] == "not known after 30 days"
    [refund] = market.merchant.say("GET", "/refunds")
    market.merchant.say("POST", f"/refunds/{refund['id']}/complete", {})
    deal.await_state("settled")
    market.log_may_hold = "a payment task is given up"


def test_what_is_asked_about_in_vain_is_given_up_after_72_hours(market):
    market.merchant.fault("verify", "503_before", count=-1)
    deal = market.deal()
    deal.pay_on(deal.page())
    market.told(lambda: market.tasks("kind = 'report'"), what="the report")
    market.bus.rows("update bus.payment_task set since = %s where kind = 'report'", ago(seconds=72 * HOUR + 60))
    market.hurried(lambda: market.tasks("step = 'dead'"), what="given up")
    market.merchant.say("DELETE", "/faults")
    market.log_may_hold = "a payment task is given up"
    market.hurried(lambda: deal.state()["state"] == "held", what="held, as the page is watched")


def test_money_for_a_payment_that_is_closed_is_nobody_s(market):
    deal = market.deal()
    reference = deal.page()
    market.bus.rows("update state.payment set state = 'closed' where id = %s", deal.payment)
    deal.pay_on(reference)
    market.told(lambda: market.bus.rows("select state from state.payment where booking is null"), what="unmatched")
