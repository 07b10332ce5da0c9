"""From the request to the money and no further: answered, not answered, unpaid, cancelled, and by whom."""
import pytest
from harness.clock import passes
from harness.journey import CARRIAGE, FEE, TOTAL, Journey, known, must, outcome
from harness.person import PARCEL
from harness.until import until

COST = 328


def page_of(journey):
    """The reference of a page to pay on, still open at the provider."""
    journey.must(journey.sender, "pay")
    journey.page()
    return journey.bus.value("select attempts -> -1 ->> 'reference' from state.payment where booking = %s",
                             journey.booking)


def test_a_declined_request_frees_space_and_parcel(market):
    journey = Journey(market, "requested")
    assert journey.say(journey.traveller, "decline") == "reason_missing"
    assert journey.say(journey.sender, "decline", reason="no_room") == "not_allowed"
    assert journey.say(journey.traveller, "decline", reason="no_room") == "accepted"
    journey.free()
    assert journey.say(journey.traveller, "accept") == "ended"
    Journey(market, trip=journey.trip, sender=journey.sender, traveller=journey.traveller).to("requested")


def test_a_request_nobody_answers_expires(market):
    journey = Journey(market, "requested", departs=40)
    passes(market, hours=23)
    assert journey.is_at() == "requested"
    passes(market, hours=1.1)
    journey.becomes("expired").free()
    assert journey.say(journey.traveller, "accept") == "ended"


def test_an_accepted_booking_nobody_pays_expires_and_its_payment_lapses(market):
    journey = Journey(market, "accepted", departs=40)
    passes(market, hours=2.1)
    journey.becomes("expired").free()
    assert journey.is_at("payment") == "lapsed" and journey.money() == {}
    assert journey.say(journey.sender, "pay") == "ended"


def test_money_that_comes_after_the_end_goes_back_whole_and_revives_nothing(market):
    journey = Journey(market, "accepted", departs=40)
    reference = page_of(journey)
    passes(market, hours=2.1)
    journey.becomes("expired")
    market.provider.say("POST", f"/links/{reference}/pay", {})
    journey.becomes("settled", "payment").comes_to(provider=-COST, costs=COST)
    assert journey.is_at() == "expired"


def test_half_the_money_does_not_pay_a_booking_and_goes_back_when_it_ends(market):
    journey = Journey(market, "accepted", departs=40)
    reference = page_of(journey)
    market.provider.say("POST", f"/links/{reference}/pay", {"amount": 5000})
    journey.comes_to(provider=5000 - 150, sender=-5000, costs=150)
    assert journey.is_at() == "accepted"
    assert journey.say(journey.sender, "cancel", reason="changed_mind") == "accepted"
    journey.becomes("settled", "payment").comes_to(provider=-150, costs=150)


def test_one_page_at_a_time(market):
    journey = Journey(market, "accepted")
    page_of(journey)
    assert journey.say(journey.sender, "pay") == "attempt_open"
    assert journey.say(journey.traveller, "pay") == "not_allowed"


@pytest.mark.parametrize("stage, who", [("requested", "sender"), ("requested", "staff"), ("accepted", "sender"),
                                        ("accepted", "traveller"), ("accepted", "staff")])
def test_before_the_money_anybody_concerned_cancels_at_no_cost(market, stage, who):
    journey = Journey(market, stage)
    assert journey.say(getattr(journey, who), "cancel") == "reason_missing"
    assert journey.say(getattr(journey, who), "cancel", reason="other") == "accepted"
    assert journey.is_at() == "cancelled" and journey.money() == {} and journey.value("fault") is None
    journey.free()


# who, hours to departure, hours since paying -> row of c1, to T, to S, fees, fault
CANCELLED = [
    ("sender", 30, 0, 2, (0, TOTAL, 0), None),
    ("sender", 100, 2, 3, (0, CARRIAGE, FEE), None),
    ("sender", 60, 2, 3, (1950, 7800, FEE), "sender"),
    ("sender", 20, 0, 3, (4875, 4875, FEE), "sender"),
    ("traveller", 30, 0, 4, (0, TOTAL, 0), "traveller"),
    ("traveller", 20, 0, 4, (0, TOTAL, 0), "traveller_twice"),
    ("staff", 5, 0, 5, (0, TOTAL, 0), None),
]


@pytest.mark.parametrize("who, departs, since, row, split, fault", CANCELLED)
def test_after_the_money_who_cancels_when_decides_whose_it_is(market, who, departs, since, row, split, fault):
    journey = Journey(market, "paid", departs=departs)
    if since:
        passes(market, hours=since)
    assert journey.say(getattr(journey, who), "cancel", reason="other") == "accepted"
    journey.free()
    journey.ends_with(*split, fault=fault)
    [cancelled] = [item["data"] for item in journey.happened() if item["type"] == "booking.cancelled.v1"]
    assert cancelled["row"] == row


def test_faults_are_marked_on_the_one_who_cancels(market):
    journey = Journey(market, "paid", departs=20)
    journey.must(journey.traveller, "cancel", reason="cannot_travel")
    marks = "select jsonb_array_length(faults) from state.profile where id = %s"
    until(lambda: (market.value(marks, journey.traveller.id) or 0) > 0, 20, "a mark")
    assert (market.value(marks, journey.sender.id) or 0) == 0


def test_a_traveller_takes_some_of_the_weight_for_some_of_the_price(market):
    journey = Journey(market, "registered")
    journey.be_requested(min_grams=1000)
    assert journey.say(journey.traveller, "accept", grams=999) == "weight_out_of_range"
    assert journey.say(journey.traveller, "accept", grams=1951) == "weight_out_of_range"
    assert journey.say(journey.traveller, "accept", grams=1200) == "accepted"
    seen = journey.reads(journey.sender)
    assert (seen["grams"], seen["carriage"], seen["fee"]) == (1200, 6000, 720)
    assert market.rows("select reserved_g from state.trip where id = %s", journey.trip) == [(1200,)]
    assert market.rows("select weight_g from state.parcel where id = %s", journey.parcel) == [(1950,)]
    journey.be_paid()
    assert journey.money()["escrow"] == -6720


def test_a_blocked_person_begins_nothing_new_and_ends_what_they_carry(market):
    journey = Journey(market, "departed")
    late = Journey(market, "requested", departs=5, traveller=journey.traveller)
    must(journey.staff, f"/v1/people/{journey.traveller.id}/block", {"reason": "safety"})
    assert outcome(journey.traveller, "/v1/trips", journey.announcement()) == "blocked"
    assert late.say(late.traveller, "accept") == "blocked"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"
    must(journey.staff, f"/v1/people/{late.traveller.id}/unblock", {"reason": "appeal"})
    assert late.say(late.traveller, "accept") == "accepted"
    must(journey.staff, f"/v1/people/{late.sender.id}/block", {"reason": "fraud"})
    assert late.say(late.sender, "pay") == "blocked"
    assert outcome(late.sender, "/v1/parcels", PARCEL) == "blocked"
    assert late.say(late.sender, "cancel", reason="other") == "accepted"


def test_who_was_not_checked_does_not_carry_and_nobody_checks_themselves(market):
    newcomer = known(market, tier=0)
    journey = Journey(market, "registered", worth=50000)
    assert outcome(newcomer, "/v1/trips", journey.announcement()) == "tier_too_low"
    tier = f"/v1/people/{newcomer.id}/tier"
    assert newcomer.post(tier, {"tier": 3, "reason": "standing"}).status_code == 403
    must(journey.staff, tier, {"tier": 1, "reason": "identity_checked"})
    assert outcome(newcomer, "/v1/trips", journey.announcement()) == "accepted"
    dear = PARCEL | {"value": {"amount": 200001, "currency": "XOF"}}
    assert outcome(newcomer, "/v1/parcels", dear) == "value_over_cap"
    must(journey.lead, tier, {"tier": 2, "reason": "standing"})
    assert outcome(newcomer, "/v1/parcels", dear) == "accepted"


def test_who_cannot_be_paid_does_not_accept(market):
    journey = Journey(market, "requested", traveller=known(market, account=False))
    assert journey.say(journey.traveller, "accept") == "payout_account_missing"
    must(journey.traveller, "/v1/me/payout-account", {"method": "mobile_money", "country": "SN", "provider": "WAVE",
                                                      "account": "221770000002", "holder": "Omar Diop"})
    assert journey.say(journey.traveller, "accept") == "accepted"
