"""The pickup that fails, and the trip whose dates move: settled by time, contested, agreed to or not."""
import pytest
from harness.clock import passes
from harness.journey import CARRIAGE, FEE, TOTAL, Journey, at, must, outcome
from harness.until import until

HALF, FIFTH = CARRIAGE // 2, CARRIAGE // 5


def fails(journey, reason):
    """The traveller refuses, with a photo where it is the sender's fault."""
    journey.photo(journey.traveller, "pickup")
    assert journey.say(journey.traveller, "refuse-at-pickup", reason=reason) == "accepted"
    return journey.becomes("refused_at_pickup")


@pytest.mark.parametrize("reason, split, fault", [
    ("content_differs", (HALF, HALF, FEE), "sender"),
    ("bad_packing", (FIFTH, CARRIAGE - FIFTH, FEE), None),
    ("no_room", (0, TOTAL, 0), "traveller")])
def test_a_refusal_at_the_pickup_is_settled_a_day_later_by_its_reason(market, reason, split, fault):
    journey = fails(Journey(market, "paid"), reason)
    journey.free()
    assert journey.money()["escrow"] == -TOTAL
    passes(market, hours=23.5)
    assert journey.is_at() == "refused_at_pickup"
    passes(market, hours=1)
    journey.becomes("cancelled").ends_with(*split, fault=fault)


def test_whoever_accuses_a_sender_shows_a_photo(market):
    journey = Journey(market, "paid")
    assert journey.say(journey.traveller, "refuse-at-pickup", reason="overweight") == "photo_missing"
    assert journey.say(journey.sender, "refuse-at-pickup", reason="overweight") == "not_allowed"
    journey.photo(journey.sender, "pickup")  # not by the accused
    assert journey.say(journey.traveller, "refuse-at-pickup", reason="overweight") == "photo_missing"
    fails(journey, "overweight")


def test_a_parcel_refused_as_prohibited_waits_for_staff_before_it_travels(market):
    journey = fails(Journey(market, "paid", departs=30), "prohibited")
    ask = {"trip": journey.trip, "parcel": journey.parcel}
    assert outcome(journey.sender, "/v1/bookings", ask) == "parcel_flagged"
    assert journey.sender.post(f"/v1/parcels/{journey.parcel}/clear-flag", {}).status_code == 403
    assert journey.say_parcel(journey.staff, "clear-flag") == "accepted"
    assert outcome(journey.sender, "/v1/bookings", ask) == "accepted"


def test_the_accused_contests_and_staff_decide_once_both_spoke(market):
    journey = fails(Journey(market, "paid"), "content_differs")
    assert journey.say(journey.traveller, "contest", statement="I was there.") == "not_allowed"
    assert journey.say(journey.sender, "contest", statement="It is what I declared.") == "accepted"
    split = {"to_traveller": 1000, "to_sender": TOTAL - 1000, "to_fees": 0}
    assert journey.say(journey.staff, "resolve", split=split) == "evidence_open"
    assert journey.say(journey.traveller, "add-evidence", statement="The photo shows a bottle.") == "accepted"
    assert journey.say(journey.staff, "resolve", split=split | {"to_fees": 1}) == "split_mismatch"
    assert journey.say(journey.staff, "resolve", split=split, fault="traveller") == "accepted"
    journey.becomes("resolved").ends_with(1000, TOTAL - 1000, 0, fault="traveller")


def test_what_was_contested_and_nobody_answered_falls_as_it_was_claimed(market):
    journey = fails(Journey(market, "paid"), "content_differs")
    journey.must(journey.sender, "contest", statement="It is what I declared.")
    passes(market, days=6)
    assert journey.is_at() == "disputed"
    passes(market, days=1, hours=1)
    journey.becomes("resolved").ends_with(HALF, HALF, FEE, fault="sender")


def test_after_a_day_nothing_is_left_to_contest(market):
    journey = fails(Journey(market, "paid"), "content_differs")
    passes(market, hours=24.1)
    assert journey.say(journey.sender, "contest", statement="Too late.") in ("window_closed", "ended")
    journey.becomes("cancelled").ends_with(HALF, HALF, FEE, fault="sender")


@pytest.mark.parametrize("by, split, fault", [("traveller", (HALF, HALF, FEE), "sender"),
                                              ("sender", (0, TOTAL, 0), "traveller")])
def test_who_does_not_come_is_reported_once_the_window_is_over(market, by, split, fault):
    journey = Journey(market, "paid", departs=5)
    assert journey.say(getattr(journey, by), "report-no-show") == "too_early"
    passes(market, hours=4.1)
    assert journey.say(getattr(journey, by), "report-no-show") == "accepted"
    assert journey.is_at() == "refused_at_pickup"
    passes(market, hours=24.1)
    journey.becomes("cancelled").ends_with(*split, fault=fault)


def test_a_trip_that_leaves_takes_what_was_collected_and_nothing_else(market):
    left = Journey(market, "collected")
    people = {"trip": left.trip, "traveller": left.traveller}
    missed, asked = Journey(market, "paid", **people), Journey(market, "requested", **people)
    left.to("departed")
    missed.becomes("refused_at_pickup").parcel_becomes("registered")
    asked.becomes("expired").parcel_becomes("registered")
    assert left.is_at() == "collected"
    assert missed.value("pickup_reason") == "unknown"
    for person in (missed.sender, missed.traveller):  # either may contest what nobody is accused of
        assert missed.say(person, "contest", statement="I waited.") in ("accepted", "wrong_state")
    assert missed.is_at() == "disputed"


def test_a_trip_that_never_leaves_lapses_and_gives_the_money_back(market):
    journey = Journey(market, "paid", departs=5)
    asked = Journey(market, "accepted", departs=5, trip=journey.trip, traveller=journey.traveller)
    passes(market, hours=17.1)
    journey.becomes("lapsed", "trip").becomes("refused_at_pickup")
    asked.becomes("expired")
    passes(market, hours=24.1)
    journey.becomes("cancelled").ends_with(0, TOTAL, 0)


def redate(journey, hours):
    """Moves the trip by so many hours, and waits until the booking has heard of it."""
    before = journey.value("schedule")
    must(journey.traveller, f"/v1/trips/{journey.trip}/redate",
         {"departs": at(journey.departs + hours), "arrives": at(journey.departs + hours + 6)})
    until(lambda: journey.value("schedule") > before, 20, "new dates in the booking")
    return journey


def test_new_dates_far_off_are_agreed_to_and_then_hold(market):
    journey = redate(Journey(market, "paid", departs=50), 48)
    assert journey.value("must_answer_by") is not None
    assert journey.say(journey.traveller, "agree-redate") == "not_allowed"
    assert journey.say(journey.sender, "agree-redate") == "accepted"
    assert journey.say(journey.sender, "agree-redate") == "nothing_to_answer"
    passes(market, hours=25)
    assert journey.say(journey.sender, "cancel", reason="other") == "accepted"  # 73 hours before: nothing is open
    journey.ends_with(0, CARRIAGE, FEE)


def test_new_dates_nobody_agrees_to_end_the_booking_with_all_the_money_back(market):
    journey = redate(Journey(market, "paid", departs=50), 48)
    passes(market, hours=24.1)
    journey.becomes("cancelled").ends_with(0, TOTAL, 0)
    assert journey.say(journey.sender, "agree-redate") == "ended"


def test_a_day_or_less_needs_no_answer_and_lets_the_sender_go_for_free(market):
    journey = redate(Journey(market, "paid", departs=20), 20)
    assert journey.value("must_answer_by") is None
    assert journey.say(journey.sender, "agree-redate") == "nothing_to_answer"
    assert journey.say(journey.sender, "cancel", reason="other") == "accepted"
    journey.ends_with(0, TOTAL, 0)


def test_a_trip_given_up_ends_its_bookings_by_the_traveller_s_fault(market):
    journey = Journey(market, "paid", departs=30)
    asked = Journey(market, "requested", trip=journey.trip, traveller=journey.traveller)
    assert outcome(journey.traveller, f"/v1/trips/{journey.trip}/cancel") == "reason_missing"
    must(journey.traveller, f"/v1/trips/{journey.trip}/cancel", {"reason": "cannot_travel"})
    journey.becomes("cancelled").ends_with(0, TOTAL, 0, fault="traveller")
    asked.becomes("cancelled").parcel_becomes("registered")


def test_staff_who_close_a_corridor_mark_nobody(market):
    journey = Journey(market, "paid", departs=5)
    must(journey.staff, f"/v1/trips/{journey.trip}/cancel", {"reason": "corridor_closed"})
    journey.becomes("cancelled").ends_with(0, TOTAL, 0)


def test_a_pickup_is_checked_weighed_and_sealed(market):
    journey = Journey(market, "paid")
    take = {"code": journey.code("pickup"), "opened_and_checked": True, "weighed_g": 1950}
    assert journey.say(journey.traveller, "collect", **take | {"opened_and_checked": False}) == "not_checked"
    assert journey.say(journey.traveller, "collect", **take) == "photo_missing"
    journey.photo(journey.traveller, "seal")
    assert journey.say(journey.traveller, "collect", **take | {"weighed_g": 2048}) == "overweight"
    assert journey.say(journey.sender, "collect", **take) == "not_allowed"
    assert journey.say(journey.traveller, "collect", **take | {"weighed_g": 2047}) == "accepted"
    assert market.rows("select reserved_g, loaded_g from state.trip where id = %s", journey.trip) == [(1950, 2047)]
