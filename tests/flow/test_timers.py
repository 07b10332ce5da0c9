"""Timers through the outbox's due rows: each once, in order, a stale one refused. Whatever the clocks do,
and though the relay was dead for a day: nothing is lost, no right lengthened."""
import datetime
import random
import shutil

import pytest
from harness.bus import MARKET, Bus
from harness.clock import due_move, passes, timers, wrong_clock
from harness.journey import FEE, TOTAL, Journey, at, must
from harness.places import TOP
from harness.until import until

HOUR = 3600


@pytest.fixture(scope="module")
def bus(request):
    """One bus for these tests, whose relay they kill."""
    with Bus(TOP / "var" / "test" / "bus" / "timers", MARKET) as made:
        yield made
        if not request.session.testsfailed:
            shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def relay(bus):
    """The relay; whoever killed it or started it otherwise gets it back as it was."""
    yield bus.relay
    if not bus.relay.alive:
        bus.relay.start().await_ready()


def all_published(bus):
    """Nothing is left in the outbox but what is not yet due."""
    left = "select count(*) from bus.outbox where coalesce(due, '-infinity') <= now()"
    until(lambda: bus.value(left) == 0, 20, "nothing due in the outbox")


def verdict_of(bus, timer):
    """accepted, or why not, once it is decided."""
    ask = "select accepted, reason from bus.verdict where id = %s"
    found = until(lambda: bus.rows(ask, timer), 20, f"{timer} decided")
    return "accepted" if found[0][0] else found[0][1]


def restarted(bus, **settings):
    """The relay with these settings, beside those it has."""
    bus.relay.stop()
    return bus.add("relay", **settings).await_ready()


def test_what_came_due_while_the_relay_was_dead_happens_once_each(bus, relay):
    relay.kill()
    one = Journey(bus, "requested", departs=60, capacity=50000)
    rest = [Journey(bus, "requested", trip=one.trip, traveller=one.traveller, sender=one.sender, worth=1000)
            for _ in range(7)]
    passes(bus, days=1, hours=1)
    due = {timer: when for journey in [one, *rest] for timer, _, when in timers(bus, "booking/" + journey.booking)}
    relay.start().await_ready()
    for journey in [one, *rest]:
        journey.becomes("expired").free()
    came = list({command.id: (command.partition, due[command.id]) for command in
                 bus.topics.read("commands", check=False) if command.id in due}.values())
    assert len(came) == 8 and came == sorted(came)  # but for copies behind them: in a partition as they came due
    all_published(bus)
    facts = [fact.type for fact in bus.topics.read("booking", whole=True) if fact.subject in
             {"booking/" + journey.booking for journey in [one, *rest]}]
    assert sorted(facts) == ["booking.expired.v1"] * 8 + ["booking.requested.v1"] * 8
    assert bus.rows("select reserved_g, bookings from state.trip where id = %s", one.trip) == [(0, [])]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_relay_killed_again_and_again_among_due_timers_fires_each_once(bus, relay, seed):
    chance = random.Random(seed)
    relay.kill()
    one = Journey(bus, "requested", departs=60, capacity=50000, worth=1000)
    journeys = [one] + [Journey(bus, "requested", trip=one.trip, traveller=one.traveller, sender=one.sender, worth=1000)
                        for _ in range(9)]
    armed = [timer for journey in journeys for timer, _, _ in timers(bus, "booking/" + journey.booking)]
    passes(bus, days=1, hours=1)
    left = "select count(*) from bus.outbox where event = any(%s::uuid[])"
    for few in sorted(chance.sample(range(1, 10), 3), reverse=True):
        slow = bus.add("relay", COLIS_RELAY_BATCH="1")
        until(lambda: bus.value(left, armed) <= few, 20, f"{few} timers left", every=0.0005)
        slow.kill()
    bus.add("relay", COLIS_RELAY_BATCH="500").await_ready()
    assert [verdict_of(bus, timer) for timer in armed] == ["accepted"] * 10
    for journey in journeys:
        assert journey.is_at() == "expired" and journey.value("version") == 2


def test_reminders_come_in_their_order(bus, relay):
    journey = Journey(bus, "paid", departs=40)
    relay.kill()
    passes(bus, hours=37)
    due = [(timer, when) for timer, command, when in timers(bus, "booking/" + journey.booking)
           if command == "booking.remind"]
    assert len(due) == 2
    relay.start().await_ready()
    assert [verdict_of(bus, timer) for timer, _ in due] == ["accepted"] * 2
    on_topic = [message.id for message in bus.topics.of("commands", "booking/" + journey.booking, check=False)
                if message.type == "booking.remind.v1"]
    assert list(dict.fromkeys(on_topic)) == [timer for timer, _ in due]
    assert journey.facts()[-2:] == ["reminded", "reminded"]


def test_a_timer_whose_time_was_overtaken_is_void_and_changes_nothing(bus):
    answered, declined = Journey(bus, "requested", departs=60), Journey(bus, "requested", departs=60)
    [(unanswered, _, _)] = timers(bus, "booking/" + answered.booking)
    [(too_late, _, _)] = timers(bus, "booking/" + declined.booking)
    answered.to("accepted")
    declined.must(declined.traveller, "decline", reason="dates")
    due_move(bus, "booking/" + declined.booking, days=-1)
    assert verdict_of(bus, too_late) == "ended"
    unpaid = timers(bus, "booking/" + answered.booking)[0][0]
    bus.rows("update bus.outbox_command set due = now() where event = %s", unanswered)
    bus.rows("notify outbox")
    assert verdict_of(bus, unanswered) == "timer_void"
    assert answered.is_at() == "accepted" and answered.value("version") == 2
    assert unpaid in [timer for timer, _, _ in timers(bus, "booking/" + answered.booking)]


def test_a_trip_that_moved_does_not_lapse_by_its_first_date(bus):
    journey = Journey(bus, "announced", departs=10)
    [(first, _, _)] = timers(bus, "trip/" + journey.trip)
    must(journey.traveller, f"/v1/trips/{journey.trip}/redate", {"departs": at(30), "arrives": at(36)})
    passes(bus, hours=22.5)
    assert verdict_of(bus, first) == "timer_void" and journey.is_at("trip") == "announced"
    passes(bus, hours=20)
    journey.becomes("lapsed", "trip")


def test_a_dispute_makes_the_completion_by_time_void(bus):
    journey = Journey(bus, "delivered")
    confirm = [timer for timer, command, _ in timers(bus, "booking/" + journey.booking)
               if command == "booking.auto_confirm"]
    journey.must(journey.sender, "dispute", cause="late")
    passes(bus, hours=24.1)
    assert verdict_of(bus, confirm[0]) in ("wrong_state", "timer_void")
    assert journey.is_at() == "disputed" and journey.money()["escrow"] == -TOTAL


def test_a_relay_dead_for_days_lengthens_no_right(bus, relay):
    asked, accepted = Journey(bus, "requested", departs=200), Journey(bus, "accepted", departs=200)
    moved, delivered, refused = Journey(bus, "paid", departs=200), Journey(bus, "delivered"), Journey(bus, "paid")
    disputed = Journey(bus, "collected")
    refused.photo(refused.traveller, "pickup")
    refused.must(refused.traveller, "refuse-at-pickup", reason="overweight")
    must(moved.traveller, f"/v1/trips/{moved.trip}/redate", {"departs": at(250), "arrives": at(256)})
    until(lambda: moved.value("must_answer_by"), 20, "new dates")
    disputed.say_parcel(disputed.traveller, "return", reason="trip_changed")
    relay.kill()
    passes(bus, days=4)
    assert asked.say(asked.traveller, "accept") == "request_expired"
    assert accepted.say(accepted.sender, "pay") == "too_late"
    assert moved.say(moved.sender, "agree-redate") == "nothing_to_answer"
    assert delivered.say(delivered.sender, "dispute", cause="late") == "window_closed"
    assert refused.say(refused.sender, "contest", statement="It weighs less.") == "window_closed"
    assert disputed.say(disputed.sender, "add-evidence", statement="Too late.") == "window_closed"
    relay.start().await_ready()
    asked.becomes("expired"), accepted.becomes("expired"), disputed.becomes("disputed")
    moved.becomes("cancelled").ends_with(0, TOTAL, 0)
    delivered.becomes("completed").ends_with(TOTAL - FEE, 0, FEE)
    refused.becomes("cancelled").ends_with(4875, 4875, FEE, fault="sender")
    passes(bus, days=10, hours=1)
    disputed.becomes("resolved").ends_with(0, TOTAL, 0, fault="traveller")


def test_an_answer_stored_after_the_last_moment_is_late_though_the_relay_was_dead(bus, relay):
    traveller = Journey(bus, "known").traveller
    journey = Journey(bus, "registered", traveller=traveller, departs=3 + 120 / HOUR)
    journey.to("requested")
    relay.kill()
    passes(bus, seconds=118)
    expires = journey.value("expires")
    until(lambda: bus.value("select clock_timestamp()") > expires, 20, "the last moment passes")
    assert journey.say(traveller, "accept") == "request_expired"
    assert journey.is_at() == "requested"
    relay.start().await_ready()
    journey.becomes("expired")


def test_a_timer_fired_an_hour_early_is_decided_as_of_its_due(bus):
    journey = Journey(bus, "requested", departs=60)
    expires = journey.value("expires")
    due_move(bus, "booking/" + journey.booking, hours=-24)
    journey.becomes("expired").free()
    assert journey.value("changed_at") == expires


def test_a_timer_fired_an_hour_late_finds_the_right_gone_already(bus):
    journey = Journey(bus, "requested", departs=60)
    due_move(bus, "booking/" + journey.booking, hours=1)
    passes(bus, hours=24.1)
    assert journey.is_at() == "requested"
    assert journey.say(journey.traveller, "accept") == "request_expired"
    passes(bus, hours=1)
    journey.becomes("expired").free()


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_the_clock_of_the_relay_s_machine_fires_nothing_early_and_late_only_by_as_much(bus, relay, tmp_path, off):
    """The slower of two clocks says what is due: of one that is behind nobody here can tell which is wrong."""
    waits, comes = Journey(bus, "requested", departs=60), Journey(bus, "requested", departs=60)
    wrong = restarted(bus, **wrong_clock(tmp_path, off))
    try:
        logged = datetime.datetime.fromisoformat(wrong.log_lines()[-1]["at"])
        now = datetime.datetime.now(datetime.timezone.utc)
        assert abs((logged - now).total_seconds() - off) < 60  # it is wrong indeed
        due_move(bus, "booking/" + waits.booking, hours=-23.5)
        armed = timers(bus, "booking/" + waits.booking)
        due_move(bus, "booking/" + comes.booking, hours=-24, seconds=min(off, 0) - 1)
        comes.becomes("expired")
        assert timers(bus, "booking/" + waits.booking) == armed and waits.is_at() == "requested"
    finally:
        restarted(bus, LD_PRELOAD="")
    due_move(bus, "booking/" + waits.booking, hours=-1)
    waits.becomes("expired")


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_the_clock_of_the_projector_s_machine_decides_nothing(bus, tmp_path, off):
    journey = Journey(bus, "requested", departs=60)
    passes(bus, hours=23.5)
    bus.projector.stop()
    bus.add("projector", **wrong_clock(tmp_path, off)).await_ready()
    try:
        assert journey.say(journey.traveller, "accept") == "accepted"  # half an hour is left by the broker's clock
        late = datetime.datetime.now(datetime.timezone.utc) - journey.value("changed_at")
        assert abs(late.total_seconds()) < 60
    finally:
        bus.projector.stop()
        bus.add("projector", LD_PRELOAD="").await_ready()
