"""The codes of a handover, the link of a recipient, and those who guess."""
import pytest
from harness.journey import Journey
from harness.person import PARCEL


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def collect(journey, code):
    return journey.say(journey.traveller, "collect", code=code, opened_and_checked=True, weighed_g=1950)


def test_who_guesses_is_stopped_by_the_booking_after_five_and_by_the_door_after_ten(market):
    journey = Journey(market, "paid")
    journey.photo(journey.traveller, "seal")
    right = journey.code("pickup")
    assert [collect(journey, wrong(right)) for _ in range(5)] == ["code_wrong"] * 5
    assert [collect(journey, right) for _ in range(5)] == ["code_blocked"] * 5
    path, body = f"/v1/bookings/{journey.booking}/collect", {"code": right, "opened_and_checked": True,
                                                             "weighed_g": 1950}
    reply = journey.traveller.post(path, body)
    assert reply.status_code == 429 and int(reply.headers["Retry-After"]) >= 1
    assert journey.is_at() == "paid" and journey.value("pickup_code_tries") == 5
    assert journey.say(journey.traveller, "cancel", reason="cannot_travel") == "accepted"  # all else is open to them


def test_the_door_counts_guesses_by_person_whatever_they_guess_at(market):
    journey = Journey(market, "paid")
    other = Journey(market, "requested", trip=journey.trip, traveller=journey.traveller)
    guess = {"code": "000000", "opened_and_checked": True, "weighed_g": 1}
    paths = [f"/v1/bookings/{journey.booking}/collect", f"/v1/bookings/{other.booking}/collect",
             f"/v1/parcels/{journey.parcel}/hand-back", f"/v1/bookings/{journey.booking}/deliver"]
    asked = [journey.traveller.post(paths[n % 4], {"code": "000000"} if n % 4 > 1 else guess) for n in range(11)]
    assert [reply.status_code for reply in asked] == [202] * 10 + [429]
    assert journey.sender.post(f"/v1/bookings/{journey.booking}/reissue-code", {"purpose": "pickup"}).status_code == 202


def test_the_code_of_another_booking_opens_nothing(market):
    one = Journey(market, "paid")
    two = Journey(market, "paid", trip=one.trip, traveller=one.traveller)
    one.photo(one.traveller, "seal")
    assert collect(one, two.code("pickup")) == "code_wrong"
    [shown] = one.sender.get(f"/v1/bookings/{one.booking}/codes").json()["items"]
    assert (shown["code"], shown["tries_left"]) == (one.code("pickup"), 4)
    assert one.traveller.get(f"/v1/bookings/{one.booking}/codes").status_code == 404
    assert collect(one, shown["code"]) == "accepted"


def test_the_pickup_code_does_not_deliver(market):
    journey = Journey(market, "paid")
    pickup = journey.code("pickup")
    journey.to("departed")
    assert journey.say(journey.traveller, "deliver", code=pickup) == "code_wrong"
    assert journey.say(journey.traveller, "reissue-code", purpose="delivery") == "not_allowed"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"


@pytest.fixture(scope="module")
def moved(market):
    """On its way, its recipient changed after the pickup; and the code the first one had."""
    journey = Journey(market, "departed")
    former = journey.code("delivery")
    assert journey.say_parcel(journey.sender, "correct", recipient={"name": "Fatou Sow", "phone": "+221770000009"}) \
        == "accepted"
    return journey, former


def test_a_new_recipient_makes_the_former_one_s_code_worthless(moved):
    journey, former = moved
    assert former != journey.code("delivery")
    assert journey.say(journey.traveller, "deliver", code=former) == "code_wrong"


def test_a_new_recipient_makes_the_former_one_s_link_worthless(market, moved):
    journey, _ = moved
    ask = f"/v1/bookings/{journey.booking}/reissue-code"
    former, present, nobody = journey.recipient(1), journey.recipient(), journey.recipient(99)
    assert former.verdict(former.send(ask, {"purpose": "delivery"}))["reason"] == "not_found"
    assert nobody.verdict(nobody.send(ask, {"purpose": "delivery"}))["reason"] == "not_found"
    market.rows("update state.booking set delivery_code_issued_at = now() where id = %s", journey.booking)
    assert present.verdict(present.send(ask, {"purpose": "delivery"}))["reason"] == "too_soon"
    assert present.verdict(present.send(ask, {"purpose": "return"}))["reason"] == "purpose_mismatch"


def test_the_new_recipient_takes_the_parcel_and_their_link_is_of_this_booking_alone(market, moved):
    journey, _ = moved
    present = journey.recipient()
    other = Journey(market, "requested")
    assert present.verdict(present.send(f"/v1/bookings/{other.booking}/dispute", {"cause": "late"}))["reason"] == \
        "not_found"
    assert journey.say(journey.traveller, "deliver", code=journey.code("delivery")) == "accepted"


def test_a_link_that_was_changed_opens_no_door(market, moved):
    journey, _ = moved
    liar = market.person()
    link = journey.recipient().session.headers["Authorization"].removeprefix("Bearer ")
    liar.bear(link[:-1] + ("A" if link[-1] != "A" else "B"))
    assert liar.post(f"/v1/bookings/{journey.booking}/dispute", {"cause": "late"}).status_code == 401
    assert journey.recipient().post("/v1/parcels", PARCEL).status_code == 403


def test_a_recipient_is_changed_three_times_at_most_and_nothing_else_of_a_booked_parcel(market):
    journey = Journey(market, "requested")
    assert journey.say_parcel(journey.sender, "correct", weight_g=1000) == "field_locked"
    someone = {"name": "Fatou Sow", "phone": "+221770000009"}
    changes = [journey.say_parcel(journey.sender, "correct", recipient=someone) for _ in range(4)]
    assert changes == ["accepted"] * 3 + ["correction_limit"]
    assert journey.say_parcel(journey.traveller, "correct", recipient=someone) in ("not_found", "not_allowed")
