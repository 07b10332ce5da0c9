"""A trip from outside: announced, corrected, moved, left, arrived or given up, and what its bookings hear of it."""
import pytest
from harness.clock import passes, timers
from harness.journey import CARRIAGE, FEE, TOTAL, Journey, at, must, outcome
from harness.until import until


def say(journey, person, verb, **body):
    return outcome(person, f"/v1/trips/{journey.trip}/{verb}", body)


def test_a_trip_is_announced_with_dates_places_and_a_price_that_can_be(market):
    journey = Journey(market, "known")
    refused = {
        "same_place": {"destination": {"country": "FR", "city": "Paris"}},
        "bad_dates": {"departs": at(2.9), "drop_off_until": at(1)},
        "too_far_ahead": {"departs": at(24 * 181), "arrives": at(24 * 182)},
        "capacity_out_of_range": {"capacity_g": 499},
        "price_out_of_range": {"price_per_kg": 499},
        "currency_unsupported": {"currency": "USD"}}
    for reason, change in refused.items():
        assert outcome(journey.traveller, "/v1/trips", journey.announcement(**change)) == reason
    must(journey.traveller, "/v1/trips", journey.announcement())


def test_a_correction_binds_later_requests_only_and_never_cuts_what_is_reserved(market):
    journey = Journey(market, "requested")
    assert say(journey, journey.traveller, "correct", capacity_g=1949) == "capacity_in_use"
    assert say(journey, journey.traveller, "correct", currency="EUR") == "field_locked"
    assert say(journey, journey.sender, "correct", capacity_g=5000) == "not_found"
    assert say(journey, journey.traveller, "correct", capacity_g=4000, price_per_kg=10000) == "accepted"
    later = Journey(market, "requested", trip=journey.trip, traveller=journey.traveller)
    prices = [each.reads(each.sender)["carriage"] for each in (journey, later)]
    assert prices == [CARRIAGE, 2 * CARRIAGE]
    third = Journey(market, "registered", trip=journey.trip, traveller=journey.traveller)
    ask = {"trip": journey.trip, "parcel": third.parcel}
    assert outcome(third.sender, "/v1/bookings", ask) == "capacity_taken"
    assert outcome(journey.traveller, "/v1/bookings", {"trip": journey.trip, "parcel": journey.traveller.registered(
        weight_g=50)}) == "own_trip"


def test_a_trip_leaves_at_most_twelve_hours_early(market):
    journey = Journey(market, "collected", departs=13)
    assert say(journey, journey.traveller, "depart") == "too_early"
    assert say(journey, journey.sender, "depart") == "not_found"
    passes(market, hours=1.1)
    assert say(journey, journey.traveller, "depart") == "accepted"
    journey.parcel_becomes("in_transit")
    assert say(journey, journey.traveller, "cancel", reason="other") == "wrong_state"


def test_a_trip_nobody_says_has_left_is_presumed_to_have_with_what_is_on_board(market):
    journey = Journey(market, "collected", departs=5)
    missed = Journey(market, "paid", departs=5, trip=journey.trip, traveller=journey.traveller)
    passes(market, hours=17.1)
    journey.becomes("departed", "trip").parcel_becomes("in_transit")
    missed.becomes("refused_at_pickup")
    assert journey.is_at() == "collected"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"


def test_a_trip_is_moved_three_times_and_a_month_at_most(market):
    journey = Journey(market, "announced", departs=50)
    assert say(journey, journey.traveller, "redate", departs=at(50 + 24 * 31), arrives=at(60 + 24 * 31)) == \
        "redate_too_far"
    assert say(journey, journey.traveller, "redate", departs=at(60), arrives=at(59)) == "bad_dates"
    moves = [say(journey, journey.traveller, "redate", departs=at(50 + move), arrives=at(60 + move))
             for move in range(1, 5)]
    assert moves == ["accepted"] * 3 + ["redate_limit"]


def test_a_later_arrival_delays_what_is_on_board_and_moves_the_date_it_is_late_by(market):
    journey = Journey(market, "departed")
    [first] = [timer for timer in timers(market, "booking/" + journey.booking) if timer[1] == "booking.dispute"]
    assert say(journey, journey.traveller, "redate", departs=at(20), arrives=at(30)) == "field_locked"
    assert say(journey, journey.traveller, "redate", arrives=at(10 + 24 * 8)) == "redate_too_far"
    assert say(journey, journey.traveller, "redate", arrives=at(10 + 24 * 6)) == "accepted"
    journey.parcel_becomes("delayed")
    armed = until(lambda: [timer for timer in timers(market, "booking/" + journey.booking)
                           if timer[1] == "booking.dispute" and timer[0] != first[0]])
    assert 5.9 < (armed[0][2] - first[2]).total_seconds() / 86400 < 6.1
    passes(market, days=7, hours=11)
    until(lambda: market.rows("select reason from bus.verdict where id = %s", first[0]) == [("timer_void",)])
    assert journey.is_at() == "collected"
    passes(market, days=6)
    journey.becomes("disputed")


@pytest.mark.parametrize("step, reason", [("customs", "inspection"), ("delayed", "weather"), ("arrived", None)])
def test_a_traveller_tells_where_a_parcel_is(market, step, reason):
    journey = Journey(market, "collected")
    told = {"step": step} | ({"reason": reason} if reason else {})
    assert journey.say(journey.traveller, "report", **told) == "trip_not_left"
    journey.to("departed")
    assert journey.say(journey.sender, "report", **told) == "not_allowed"
    if reason:
        assert journey.say(journey.traveller, "report", step=step) == "reason_missing"
    assert journey.say(journey.traveller, "report", **told) == "accepted"
    assert journey.is_at("parcel") == step
    assert journey.say(journey.traveller, "report", **told) == "same_status"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"


def test_forty_are_on_a_trip_and_not_one_more(market):
    first = Journey(market, "requested", grams=100, worth=1000, capacity=10000)
    for _ in range(39):
        Journey(market, "requested", grams=100, worth=1000, trip=first.trip, traveller=first.traveller,
                sender=first.sender)
    one_more = Journey(market, "registered", grams=100, worth=1000, trip=first.trip, traveller=first.traveller,
                       sender=first.sender)
    ask = {"trip": first.trip, "parcel": one_more.parcel}
    assert outcome(first.sender, "/v1/bookings", ask) == "trip_full"
    must(first.traveller, f"/v1/trips/{first.trip}/cancel", {"reason": "cannot_travel"})
    left = "select count(*) from state.booking where trip = %s and state <> 'cancelled'"
    until(lambda: market.value(left, first.trip) == 0, 20, "forty cancelled")
    assert outcome(first.sender, "/v1/bookings", ask) == "trip_closed"


def test_what_is_worth_too_much_together_does_not_travel_together(market):
    first = Journey(market, "requested", worth=150000)
    people = {"trip": first.trip, "traveller": first.traveller, "sender": first.sender}
    for _ in range(3):
        Journey(market, "requested", worth=150000, **people)
    more = Journey(market, "registered", worth=1000, **people)
    ask = {"trip": first.trip, "parcel": more.parcel}
    assert outcome(more.sender, "/v1/bookings", ask) == "exposure_over_cap"
    first.must(first.traveller, "decline", reason="goods")
    assert outcome(more.sender, "/v1/bookings", ask) == "accepted"


def test_a_trip_that_moved_twice_is_judged_by_its_first_departure_while_the_answer_is_open(market):
    journey = Journey(market, "paid", departs=20)
    for departs in (60, 100):
        before = journey.value("schedule")
        assert say(journey, journey.traveller, "redate", departs=at(departs), arrives=at(departs + 6)) == "accepted"
        until(lambda: journey.value("schedule") > before, 20, "new dates")
    assert journey.say(journey.traveller, "cancel", reason="cannot_travel") == "accepted"
    journey.ends_with(0, TOTAL, 0, fault="traveller_twice")


def test_a_sender_who_agreed_is_judged_by_the_new_departure(market):
    journey = Journey(market, "paid", departs=100)
    before = journey.value("schedule")
    assert say(journey, journey.traveller, "redate", departs=at(60), arrives=at(66)) == "accepted"
    until(lambda: journey.value("schedule") > before, 20, "new dates")
    assert journey.say(journey.sender, "agree-redate") == "accepted"
    passes(market, hours=2)
    assert journey.say(journey.sender, "cancel", reason="other") == "accepted"
    journey.ends_with(1950, 7800, FEE, fault="sender")
