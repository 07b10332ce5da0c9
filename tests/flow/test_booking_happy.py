"""A booking that goes well, from outside: request to release, the money of it, the reviews after it."""
import pytest
from harness.clock import passes
from harness.journey import CARRIAGE, FEE, TOTAL, Journey, must, outcome
from harness.until import until

CHARGE_COST, PAYOUT_COST = 328, 50  # 3 %, and what a payout costs


@pytest.fixture(scope="module")
def done(market):
    """One that was completed by its sender."""
    return Journey(market, "completed")


def review_of(journey, person):
    return person.get("/v1/reviews/" + journey.bus.value("select id::text from state.review where booking = %s",
                                                         journey.booking)).json()


def rate(journey, person, score):
    review = journey.bus.value("select id::text from state.review where booking = %s", journey.booking)
    return outcome(person, f"/v1/reviews/{review}/rate", {"score": score})


def test_a_booking_goes_from_request_to_completed_in_this_order(done):
    assert done.facts() == ["requested", "accepted", "paid", "collected", "code_issued", "delivered", "completed"]
    assert done.is_at() == "completed" and done.is_at("parcel") == "closed"
    assert done.split() == (CARRIAGE, 0, FEE)


def test_the_traveller_is_owed_the_carriage_until_the_hold_ends_and_then_is_paid(market, done):
    done.comes_to(provider=TOTAL - CHARGE_COST, transit=-CARRIAGE, fees=-FEE, costs=CHARGE_COST)
    assert done.is_at("payment") == "settling"
    done.payout_waits()
    passes(market, hours=25)
    done.becomes("settled", "payment")
    done.comes_to(provider=792, fees=-FEE, costs=CHARGE_COST + PAYOUT_COST)


def test_our_ledger_and_the_provider_s_book_hold_the_same_sum(market, done):
    held = "select sum(amount)::bigint from bus.ledger where account = 'provider' and currency = 'XOF'"
    until(lambda: market.value(held) == market.provider.book()["balance_minor"], 20, "one sum in both books")
    assert market.rows("select currency from bus.ledger group by currency having sum(amount) <> 0") == []


def test_each_reads_what_the_other_wrote_only_after_both_rated(done):
    assert rate(done, done.sender, 5) == "accepted"
    assert rate(done, done.sender, 1) == "already_recorded"
    seen = review_of(done, done.traveller)
    assert seen["state"] == "sealed" and "sender_score" not in seen
    assert rate(done, done.traveller, 4) == "accepted"
    for person in (done.sender, done.traveller):
        seen = review_of(done, person)
        assert (seen["state"], seen["sender_score"], seen["traveller_score"]) == ("published", 5, 4)
    assert rate(done, done.traveller, 1) == "ended"


def test_nobody_else_reads_or_changes_a_booking(market, done):
    stranger = market.person()
    for what in ("", "/payment", "/ledger", "/history", "/codes"):
        assert stranger.get(f"/v1/bookings/{done.booking}{what}").status_code == 404
    assert done.say(stranger, "confirm") == "not_found"
    assert done.say(done.sender, "confirm") == "ended"


def test_a_parcel_delivered_is_counted_for_its_traveller(market, done):
    until(lambda: market.value("select done from state.profile where id = %s", done.traveller.id) == 1)


def test_the_same_key_twice_is_one_booking(market):
    journey = Journey(market, "registered")
    ask = {"trip": journey.trip, "parcel": journey.parcel}
    taken = [journey.sender.send("/v1/bookings", ask, "asked-once") for _ in range(3)]
    assert len({one["id"] for one in taken}) == len({one["resource"] for one in taken}) == 1
    assert all(journey.sender.verdict(one)["state"] == "accepted" for one in taken)
    assert market.value("select count(*) from state.booking where parcel = %s", journey.parcel) == 1
    assert market.value("select reserved_g from state.trip where id = %s", journey.trip) == journey.grams
    assert outcome(journey.sender, "/v1/bookings", ask, "asked-again") == "parcel_booked"


def test_a_page_that_was_paid_twice_gives_the_second_payment_back(market):
    journey = Journey(market, "paid")
    reference = market.value("select attempts -> 0 ->> 'reference' from state.payment where booking = %s",
                             journey.booking)
    market.provider.say("POST", f"/links/{reference}/pay", {})
    journey.comes_to(provider=TOTAL - 2 * CHARGE_COST, escrow=-TOTAL, costs=2 * CHARGE_COST)
    assert journey.is_at() == "paid"
    assert must(journey.staff, f"/v1/bookings/{journey.booking}/cancel", {"reason": "safety"})
    journey.becomes("settled", "payment").comes_to(provider=-2 * CHARGE_COST, costs=2 * CHARGE_COST)
