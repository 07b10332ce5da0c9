"""The provider does a thing, or not, and does not say which: it is asked about by its reference, and made once."""
import json

import pytest
from harness.until import until
from market import TOTAL

# Whether the thing was done, with what the provider said instead of an answer.
LOST = [("503_after", {}), ("cut", {"done": True}), ("silence", {"seconds": 8, "done": True}),
        ("503_before", {}), ("cut", {"done": False}), ("silence", {"seconds": 8, "done": False}),
        ("429", {"retry_after": 1})]


@pytest.mark.parametrize("note", ["comments", "comment"])
def test_an_order_whose_answer_is_lost_is_sent_once(market, note):
    market.merchant.say("PUT", "", {"auto_transfers": "successful", "payout_fee": 25, "refund_note": note})
    traveller = market.traveller()
    trip = market.trip(traveller, departs=12)
    for kind, more in LOST:
        deal = market.deal(traveller=traveller, trip=trip)
        deal.paid()
        market.merchant.fault("refund", kind, **more)
        market.merchant.fault("transfer", kind, **more)
        assert deal.cancel() == "accepted"
        deal.await_state("settled")
        assert sorted(deal.orders()) == [("payout", "done", 4875), ("refund", "done", 4875)], kind
    refunds, transfers = market.merchant.say("GET", "/refunds"), market.merchant.say("GET", "/transfers")
    assert len(refunds) == len(transfers) == len(LOST)
    assert len({transfer["reference"] for transfer in transfers}) == len(LOST)
    assert len({refund["comments"] for refund in refunds}) == len(LOST)


def test_a_refund_that_may_be_there_without_our_reference_is_not_sent_again(market):
    deal = market.deal()
    deal.paid()
    market.merchant.say("PUT", "", {"refund_note": ""})
    market.merchant.fault("refund", "503_after")
    assert deal.cancel() == "accepted"
    unnamed = "a refund of this amount that does not say whose it is"
    market.hurried(lambda: market.tasks("kind = 'refund' and reason = %s", unnamed), what="asked about")
    market.merchant.say("PUT", "", {"refund_note": "comments"})
    market.hurried(lambda: deal.state()["state"] == "settled", what="settled")
    assert len(market.merchant.say("GET", "/refunds")) == 1


NOT_DONE = [("503_before", {}), ("cut", {"done": False}), ("silence", {"seconds": 8, "done": False})]


@pytest.mark.parametrize("kind, more", NOT_DONE)
def test_a_page_that_was_not_made_is_made(market, kind, more):
    market.merchant.fault("create_link", kind, **more)
    deal = market.deal()
    deal.paid()
    assert len(market.merchant.say("GET", "/links")) == 1


def test_a_page_nobody_knows_is_given_up_and_the_sender_gets_another(market):
    deal = market.deal()
    for kind, more in LOST[:3]:
        market.merchant.fault("create_link", kind, **more)
        reference = deal.ask_to_pay()
        until(lambda: deal.state()["attempts"][-1]["state"] == "failed", 60, f"given up: {deal.tasks()}")
        assert [link["tx_ref"] for link in market.merchant.say("GET", "/links")].count(reference) == 1
    deal.paid()
    assert len(deal.facts("payment.received")) == 1


def test_money_on_a_page_we_gave_up_is_found(market):
    deal = market.deal()
    market.merchant.fault("create_link", "503_after")
    market.merchant.fault("webhook", "drop", event="charge")
    reference = deal.ask_to_pay()
    until(lambda: deal.state()["attempts"][-1]["state"] == "failed", 60, "given up")
    deal.pay_on(reference)
    market.hurried(lambda: deal.state()["state"] == "held", what="the money")


def test_a_provider_that_is_away_loses_nothing_and_the_sender_sees_it_due(market):
    market.merchant.fault("any", "cut", count=-1, done=False)
    deal = market.deal()
    deal.ask_to_pay()
    until(lambda: len(market.merchant.say("GET", "/requests")) >= 2, 20, "two tries")
    seen = deal.sender.get(f"/v1/bookings/{deal.booking}/payment").json()
    assert seen["state"] == "due" and "link" not in json.dumps(seen["attempts"][0])
    market.merchant.say("DELETE", "/faults")
    market.hurried(deal.links, what="the page")
    deal.pay_on(deal.state()["attempts"][0]["reference"])
    deal.await_state("held")


@pytest.mark.parametrize("call", ["refund", "transfer"])
@pytest.mark.parametrize("kind", ["wrong_amount", "missing_id"])
def test_an_order_is_not_booked_by_an_answer_that_is_wrong(market, call, kind):
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    deal = market.deal(departs=12)
    deal.paid()
    market.merchant.fault(call, kind)
    deal.cancel()
    market.hurried(lambda: deal.state()["state"] == "settled", what="settled")
    assert {order["state"] for order in deal.state()["orders"]} == {"done"}
    assert len(market.merchant.say("GET", f"/{call}s")) == 1


def test_a_charge_that_reads_wrong_once_is_taken_as_it_reads_and_told_to_nobody_twice(market):
    """What the provider itself says wrongly of a charge cannot be known: it must not make the books fall apart."""
    deal = market.deal()
    reference = deal.page()
    market.merchant.fault("verify", "missing_id")
    deal.pay_on(reference)
    market.hurried(lambda: deal.state()["state"] == "held", what="held")
    assert deal.state()["received"] == TOTAL


@pytest.mark.parametrize("kind, more, payments", [
    ("missing_id", {"member": "tx_ref"}, ["held"]), ("wrong_reference", {}, ["due", "unmatched"])])
def test_a_charge_told_without_its_reference_is_booked_once(market, kind, more, payments):
    market.merchant.say("PUT", "", {"webhook_version": "v3", "v3_shape": "event"})
    deal = market.deal()
    reference = deal.page()
    market.merchant.fault("verify", kind, **more)
    deal.pay_on(reference)
    market.told(lambda: market.tasks("kind = 'report' and step = 'done'"), what="looked into")
    before = market.tasks("kind = 'attempt'")[0][5]
    market.hurried(lambda: market.tasks("kind = 'attempt' and attempts >= %s", before + 2), what="asked by reference")
    found = market.bus.rows("select state, jsonb_array_length(charges) from state.payment order by 1")
    assert [state for state, _ in found] == payments and sum(charges for _, charges in found) == 1
