"""After the pickup: what goes wrong on the way and at the door, who says so, and what becomes of the money."""
import pytest
from harness.clock import passes
from harness.journey import CARRIAGE, FEE, TOTAL, Journey, must, outcome

HALF = CARRIAGE // 2
TO_TRAVELLER, TO_SENDER = (CARRIAGE, 0, FEE), (0, TOTAL, 0)


def says(journey, person, verb, **body):
    """A recipient's command: they see its verdict, nothing else."""
    return outcome(person, f"/v1/bookings/{journey.booking}/{verb}", body)


# --- at the door ---

def test_what_nobody_complains_of_is_complete_a_day_after_the_delivery(market):
    journey = Journey(market, "delivered")
    passes(market, hours=23.5)
    assert journey.is_at() == "delivered"
    passes(market, hours=0.6)
    journey.becomes("completed").ends_with(*TO_TRAVELLER)
    assert journey.say(journey.sender, "dispute", cause="late") == "ended"


def test_a_recipient_complains_within_a_day_and_only_who_paid_lets_go_of_it(market):
    journey = Journey(market, "delivered")
    recipient = journey.recipient()
    assert says(journey, recipient, "dispute") == "reason_missing"
    assert says(journey, recipient, "dispute", cause="content") == "photo_missing"
    assert recipient.post(f"/v1/bookings/{journey.booking}/confirm", {}).status_code == 403
    assert says(journey, recipient, "dispute", cause="late", statement="Three days late.") == "accepted"
    assert journey.is_at() == "disputed" and journey.value("opener") == "recipient"
    assert journey.say(journey.sender, "confirm") == "wrong_state"
    assert recipient.post(f"/v1/bookings/{journey.booking}/drop-dispute", {}).status_code == 403
    passes(market, hours=25)
    assert journey.is_at() == "disputed"  # auto_confirm came and was void
    assert journey.say(journey.sender, "drop-dispute") == "accepted"
    journey.becomes("completed").ends_with(*TO_TRAVELLER)


def test_what_arrived_damaged_waits_for_staff_who_split_it(market):
    journey = Journey(market, "delivered")
    recipient = journey.recipient()
    assert says(journey, recipient, "dispute", cause="damaged") == "photo_missing"
    photo = {"digest": "ab" * 32, "stage": "damage", "type": "jpeg"}
    assert outcome(recipient, f"/v1/parcels/{journey.parcel}/attach-photo", photo) == "accepted"
    assert says(journey, recipient, "dispute", cause="damaged", statement="Broken.") == "accepted"
    passes(market, days=2)
    split = {"to_traveller": 5000, "to_sender": TOTAL - 5000 - FEE, "to_fees": FEE}
    assert journey.say(journey.staff, "resolve", split=split) == "evidence_open"
    passes(market, days=30)  # no default: reminded, and still held
    assert journey.is_at() == "disputed" and journey.money()["escrow"] == -TOTAL
    assert journey.say(journey.traveller, "add-evidence", statement="Too late.") == "window_closed"
    assert journey.sender.post(f"/v1/bookings/{journey.booking}/resolve", {"split": split}).status_code == 403
    assert journey.say(journey.staff, "resolve", split=split) == "accepted"
    journey.ends_with(5000, TOTAL - 5000 - FEE, FEE)


def test_above_their_authority_staff_leave_it_to_a_lead(market):
    journey = Journey(market, "known", grams=10000, capacity=20000)
    journey.price = 50000
    journey.to("delivered")
    journey.must(journey.sender, "dispute", cause="late", statement="Late.")
    journey.must(journey.traveller, "add-evidence", statement="It was not.")
    split = {"to_traveller": 500000, "to_sender": 0, "to_fees": 60000}
    assert journey.say(journey.staff, "resolve", split=split) == "over_authority"
    assert journey.say(journey.lead, "resolve", split=split) == "accepted"


def test_staff_hand_over_with_a_signature_and_an_identity_checked(market):
    journey = Journey(market, "departed")
    assert journey.say(journey.staff, "deliver-by-staff", identity_checked=False) == "not_checked"
    assert journey.say(journey.staff, "deliver-by-staff", identity_checked=True) == "photo_missing"
    journey.photo(journey.staff, "signature")
    assert journey.say(journey.staff, "deliver-by-staff", identity_checked=True) == "accepted"
    assert journey.is_at() == "delivered" and journey.is_at("parcel") == "delivered"


def test_who_refuses_a_parcel_that_arrived_leaves_the_carriage_to_the_traveller(market):
    journey = Journey(market, "departed")
    recipient = journey.recipient()
    assert says(journey, recipient, "undelivered") == "too_early"
    assert journey.say(journey.traveller, "report", step="arrived") == "accepted"
    assert journey.say(journey.traveller, "report", step="arrived") == "same_status"
    assert journey.say(journey.traveller, "undelivered") == "too_early"
    assert says(journey, recipient, "undelivered") == "accepted"
    passes(market, days=7, hours=1)
    journey.becomes("resolved").ends_with(*TO_TRAVELLER)


def test_a_traveller_waits_two_days_at_the_door(market):
    journey = Journey(market, "departed")
    journey.must(journey.traveller, "report", step="arrived")
    passes(market, hours=47)
    assert journey.say(journey.traveller, "undelivered") == "too_early"
    passes(market, hours=1.1)
    assert journey.say(journey.traveller, "undelivered") == "accepted"
    # it may still reach its recipient
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"
    assert journey.is_at() == "disputed" and journey.is_at("parcel") == "delivered"


# --- on the way ---

def test_a_trip_has_arrived_half_an_hour_after_it_left_at_the_earliest(market):
    journey = Journey(market, "departed")
    assert outcome(journey.traveller, f"/v1/trips/{journey.trip}/arrive") == "too_early"
    passes(market, hours=0.6)
    must(journey.traveller, f"/v1/trips/{journey.trip}/arrive")
    journey.becomes("arrived", "trip").parcel_becomes("arrived")


def test_a_parcel_that_never_comes_gives_all_the_money_back(market):
    journey = Journey(market, "departed")
    assert journey.say(journey.sender, "dispute", cause="late") == "too_early"
    passes(market, days=7, hours=11)
    journey.becomes("disputed")
    assert journey.value("cause") == "late" and journey.value("opener") == "system"
    passes(market, days=14, hours=1)
    journey.becomes("resolved").ends_with(*TO_SENDER, fault="traveller")


@pytest.mark.parametrize("late, split", [(48, TO_TRAVELLER), (100, (HALF, TOTAL - HALF - FEE, FEE))])
def test_a_late_parcel_costs_its_traveller_by_how_late_it_is(market, late, split):
    journey = Journey(market, "departed")
    passes(market, hours=10 + late)
    assert journey.say(journey.sender, "dispute", cause="late") == "accepted"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"
    assert journey.is_at() == "disputed"
    passes(market, days=14, hours=1)
    journey.becomes("resolved").ends_with(*split)


def test_what_is_lost_and_found_again_can_be_delivered(market):
    journey = Journey(market, "departed")
    assert journey.say_parcel(journey.sender, "declare-lost", statement="I hear nothing.") == "too_early"
    assert journey.say_parcel(journey.traveller, "declare-lost", statement="The bag is gone.") == "accepted"
    assert journey.is_at() == "disputed" and journey.is_at("parcel") == "lost"
    assert journey.say_parcel(journey.traveller, "declare-found") == "accepted"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"
    assert journey.say(journey.traveller, "drop-dispute") == "not_allowed"
    assert journey.say(journey.sender, "drop-dispute") == "accepted"
    journey.becomes("completed").ends_with(*TO_TRAVELLER)


def test_what_stays_lost_is_the_traveller_s_fault(market):
    journey = Journey(market, "departed")
    assert journey.say_parcel(journey.traveller, "declare-lost", statement="The bag is gone.") == "accepted"
    passes(market, days=14, hours=1)
    journey.becomes("resolved").ends_with(*TO_SENDER, fault="traveller")


# --- back again ---

def test_what_the_traveller_brings_back_is_handed_over_with_the_sender_s_return_code(market):
    journey = Journey(market, "collected")
    assert journey.say_parcel(journey.traveller, "return") == "reason_missing"
    assert journey.say_parcel(journey.traveller, "return", reason="trip_changed") == "accepted"
    assert journey.is_at() == "disputed" and journey.is_at("parcel") == "returning"
    [shown] = [code for code in journey.sender.get(f"/v1/bookings/{journey.booking}/codes").json()["items"]
               if code["purpose"] == "return"]
    wrong = f"{(int(shown['code']) + 1) % 10**6:06}"
    assert journey.say_parcel(journey.traveller, "hand-back", code=wrong) == "code_wrong"
    assert journey.value("return_code_tries") == 1
    assert journey.say_parcel(journey.traveller, "hand-back", code=shown["code"]) == "accepted"
    assert journey.is_at("parcel") == "returned"
    passes(market, days=3, hours=1)
    journey.becomes("resolved").ends_with(*TO_SENDER, fault="traveller")


def test_a_sender_who_wants_it_back_pays_for_the_way(market):
    journey = Journey(market, "collected")
    assert journey.say_parcel(journey.sender, "return", reason="sender_asked") == "accepted"
    assert journey.say_parcel(journey.traveller, "hand-back", code=journey.code("return")) == "accepted"
    passes(market, days=6)
    assert journey.is_at() == "disputed"
    passes(market, days=1, hours=1)
    journey.becomes("resolved").ends_with(*TO_TRAVELLER)


def test_once_the_trip_has_left_its_sender_turns_nothing_round(market):
    journey = Journey(market, "departed")
    assert journey.say_parcel(journey.sender, "return", reason="sender_asked") == "trip_left"


def test_a_trip_abandoned_with_parcels_on_board_sends_them_back_and_frees_the_rest(market):
    journey = Journey(market, "collected", departs=5)
    paid = Journey(market, "paid", trip=journey.trip, traveller=journey.traveller)
    trip = f"/v1/trips/{journey.trip}"
    assert outcome(journey.traveller, trip + "/cancel", {"reason": "cannot_travel"}) == "parcels_on_board"
    must(journey.traveller, trip + "/abandon", {"reason": "refused_boarding"})
    journey.becomes("disputed").parcel_becomes("returning")
    paid.becomes("cancelled").ends_with(*TO_SENDER, fault="traveller_twice")
    paid.parcel_becomes("registered")
    assert journey.value("cause") == "abandoned"
    assert journey.say_parcel(journey.traveller, "hand-back", code=journey.code("return")) == "accepted"
    passes(market, days=3, hours=1)
    journey.becomes("resolved").ends_with(*TO_SENDER, fault="traveller")


# --- who does not speak ---

def test_a_review_nobody_answers_is_published_as_it_is_or_not_at_all(market):
    one, none = Journey(market, "completed"), Journey(market, "completed")
    review = market.value("select id::text from state.review where booking = %s", one.booking)
    assert outcome(one.sender, f"/v1/reviews/{review}/rate", {"score": 2}) == "accepted"
    passes(market, days=13, hours=23)
    assert (one.is_at("review"), none.is_at("review")) == ("sealed", "open")
    passes(market, hours=1.1)
    one.becomes("published", "review")
    none.becomes("void", "review")
    assert "sender_score" in one.traveller.get(f"/v1/reviews/{review}").json()
