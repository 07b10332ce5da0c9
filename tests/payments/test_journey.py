"""Money on its way when nothing goes wrong: a page, a charge, what goes back, what is paid out."""
from market import TOTAL


def test_a_booking_is_paid_on_the_page_its_sender_was_given(market):
    deal = market.deal()
    deal.paid()
    assert deal.booking_state() == "paid"
    assert deal.state()["received"] == TOTAL
    assert [fact["amount"] for fact in deal.facts("payment.received")] == [TOTAL]
    assert len(market.requests("create_link")) == 1
    [link] = market.merchant.say("GET", "/links")
    assert (int(link["amount"]), link["currency"]) == (TOTAL, "XOF")
    assert deal.links() == [(link["link"],)]
    assert link["customer"]["email"] == deal.sender.mail_address


def test_what_the_sender_gets_back_is_refunded_and_the_traveller_s_part_paid_out(market):
    market.merchant.say("PUT", "", {"auto_transfers": "successful", "payout_fee": 50, "charge_fee_percent": 3})
    deal = market.deal(departs=12)
    deal.paid()
    assert deal.cancel() == "accepted"
    deal.await_state("settled")
    assert sorted(deal.orders()) == [("payout", "done", 4875), ("refund", "done", 4875)]
    [transfer] = market.merchant.say("GET", "/transfers")
    assert (transfer["account_number"], transfer["full_name"]) == ("221771112233", "Fatou Sow")
    assert len(market.requests("refund")) == len(market.requests("transfer")) == 1


def test_all_of_it_goes_back_when_a_sender_thinks_better_of_it_at_once(market):
    deal = market.deal()
    deal.paid()
    assert deal.cancel() == "accepted"
    deal.await_state("settled")
    assert deal.orders() == [("refund", "done", TOTAL)]


def test_a_payout_waits_out_the_hold_of_a_new_traveller(market):
    market.merchant.say("PUT", "", {"auto_transfers": "successful"})
    deal = market.deal(departs=12, tier=1)
    deal.paid()
    deal.cancel()
    deal.await_orders(("payout", "ordered", 4875), ("refund", "done", 4875))
    [(_, wait)] = market.bus.rows("select step, extract(epoch from next_at - clock_timestamp()) from bus.payment_task "
                                  "where kind = 'payout'")
    assert 23 * 3600 < wait <= 24 * 3600
    market.hurry("kind = 'payout'")
    market.restart(COLIS_PAYMENTS_AHEAD_MS=str(23 * 3600 * 1000))
    assert market.requests("transfer") == []
    market.restart(COLIS_PAYMENTS_AHEAD_MS=str(25 * 3600 * 1000))
    deal.await_state("settled")
    assert len(market.requests("transfer")) == 1
