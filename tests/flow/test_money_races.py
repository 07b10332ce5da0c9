"""Two who want what only one can have, at the same moment, before two projectors: one of them, never both.

The money follows the one. Each race is run twenty times, each time as its seed has it.
"""
import concurrent.futures
import json
import random
import shutil
import threading

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient
from harness import places
from harness.bus import MARKET, Bus
from harness.journey import Journey, known, must
from harness.until import ANSWER, pause, until

ROUNDS = 20
FREELY = {"COLIS_CODE_RATE": "100000", "COLIS_RATE_PER_SECOND": "1000", "COLIS_RATE_BURST": "10000"}
LIVE = "('requested', 'accepted', 'paid', 'collected', 'delivered')"


@pytest.fixture(scope="module")
def bus(request):
    """Two projectors share the partitions of the commands; the door counts nobody."""
    with Bus(places.TOP / "var" / "test" / "bus" / "races", MARKET, {"ingress": FREELY}) as made:
        made.add("projector", 2).await_ready()
        yield made
        if not request.session.testsfailed:
            shutil.rmtree(made.folder, ignore_errors=True)


def owners(bus):
    """{partition of the commands: the projector that has it}, once both have some."""
    admin = AdminClient({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "log_level": 0})
    group = bus.namespace + ".projector"

    def look():
        members = admin.describe_consumer_groups([group])[group].result(ANSWER).members
        had = {place.partition: member.member_id for member in members
               for place in member.assignment.topic_partitions}
        return had if len(set(had.values())) == 2 and len(had) == 12 else None
    return until(look, 60, "two projectors with partitions", every=0.2)


@pytest.fixture(scope="module")
def people(bus):
    """A sender and another one, and a traveller, such that one projector decides for the sender, the other for them."""
    had, sides = owners(bus), {}

    def look():
        person = known(bus)
        places_of = {message.key: message.partition for message in bus.topics.read("commands", check=False)}
        sides.setdefault(had[places_of[person.id]], []).append(person)
        return sorted(map(len, sides.values())) > [1, 1] and len(sides) == 2
    until(look, 60, "a person on one side and two on the other")
    one, two = sorted(sides.values(), key=len)
    return one[0], two[0], two[1]


def race(seed, one, two, most=0.004):
    """What both say, begun together but for a moment's difference; (of one, of two)."""
    chance, start = random.Random(seed), threading.Barrier(2)
    moments = [0.0, chance.uniform(0, most)]
    chance.shuffle(moments)

    def run(act, moment):
        start.wait()
        pause(moment)
        return act()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        told = [pool.submit(run, act, moment) for act, moment in zip((one, two), moments)]
        return [each.result() for each in told]


class Hand:
    """Fires timers as the relay would, at an instant of our own; the relay's own copy is known by its id then."""

    def __init__(self, bus):
        self.bus = bus
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "partitioner": "murmur2_random",
            "linger.ms": 0, "log_level": 0})

    def timer(self, journey, command):
        """A call that fires it and waits for what becomes of it."""
        event, key, headers, value = self.bus.rows(
            "select event::text, key, headers, value from bus.outbox where topic = 'commands' and due is not null "
            "and aggregate = %s and headers::jsonb ->> 'ce_type' = %s order by id desc limit 1",
            f"booking/{journey.booking}", command + ".v1")[0]
        headers = [(name, text.encode()) for name, text in json.loads(headers).items()]

        def fire():
            self.producer.produce(self.bus.namespace + ".commands", key=key, value=value, headers=headers)
            assert self.producer.flush(ANSWER) == 0
            found = until(lambda: self.verdict(event), 20, f"{command} decided")
            return "accepted" if found[0][0] else found[0][1]
        return fire

    def verdict(self, event):
        with self.bus.database_open() as database:
            return database.execute("select accepted, reason from bus.verdict where id = %s", [event]).fetchall()


@pytest.fixture(scope="module")
def hand(bus):
    return Hand(bus)


def bookings(bus, people, stage, departs=30.0):
    """One trip and twenty bookings of it, each of half a kilogram."""
    sender, _, traveller = people
    made = []
    for _ in range(ROUNDS):
        made.append(Journey(bus, None, departs, sender=sender, traveller=traveller, grams=500, worth=1000,
                            capacity=20000, trip=made[0].trip if made else None).to(
            stage if stage in ("requested", "accepted") else "accepted"))
    if stage in ("requested", "accepted"):
        return made
    for journey in made:
        journey.must(sender, "pay")
    for journey in made:
        journey.pays(journey.page())
    for journey in made:
        journey.becomes("paid").done += 1
    return made


def delivered(bus, people):
    made = bookings(bus, people, "paid", departs=4)
    for journey in made:
        journey.to("collected")
    must(made[0].traveller, f"/v1/trips/{made[0].trip}/depart")
    for journey in made:
        journey.parcel_becomes("in_transit").done += 1
        journey.to("delivered")
    return made


def ledger(journey, **money):
    """What is in the accounts of a booking but for what the provider took."""
    def look():
        return {account: amount for account, amount in journey.money().items() if account not in ("provider", "costs")}
    until(lambda: look() == money, 20, f"{money}, not {look()}")


def test_the_last_kilogram_is_one_sender_s(bus, people):
    one, two, traveller = people
    for seed in range(ROUNDS):
        first = Journey(bus, None, sender=one, traveller=traveller, grams=1000, worth=1000, capacity=1000)
        first.to("registered")
        second = Journey(bus, None, sender=two, traveller=traveller, grams=1000, worth=1000, trip=first.trip)
        second.to("registered")
        asked = [{"trip": first.trip, "parcel": journey.parcel} for journey in (first, second)]
        taken = race(seed, lambda: one.send("/v1/bookings", asked[0]), lambda: two.send("/v1/bookings", asked[1]))
        told = [one.verdict(taken[0]).get("reason", "accepted"), two.verdict(taken[1]).get("reason", "accepted")]
        assert sorted(told) == ["accepted", "capacity_taken"], f"round {seed}"
        assert bus.rows("select reserved_g, jsonb_array_length(bookings) from state.trip where id = %s",
                        first.trip) == [(1000, 1)]
        assert sorted([first.is_at("parcel"), second.is_at("parcel")]) == ["booked", "registered"]


def test_a_parcel_is_on_one_trip(bus, people):
    one, _, traveller = people
    for seed in range(ROUNDS):
        trips = [Journey(bus, None, traveller=traveller, sender=one, grams=500, worth=1000).to("registered")
                 for _ in range(2)]
        asks = [{"trip": trip.trip, "parcel": trips[0].parcel} for trip in trips]
        taken = race(seed, lambda: one.send("/v1/bookings", asks[0]), lambda: one.send("/v1/bookings", asks[1]))
        assert sorted(one.verdict(each).get("reason", "accepted") for each in taken) == ["accepted", "parcel_booked"]


def test_a_request_is_accepted_or_expires(bus, people, hand):
    for seed, journey in enumerate(bookings(bus, people, "requested")):
        answer, time = race(seed, lambda: journey.say(journey.traveller, "accept"),
                            hand.timer(journey, "booking.expire"))
        assert (journey.is_at(), answer, time) in (("accepted", "accepted", "timer_void"),
                                                   ("expired", "ended", "accepted")), f"round {seed}"
        assert journey.is_at("parcel") == ("booked" if answer == "accepted" else "registered")


def test_a_payment_holds_its_booking_or_goes_back_whole(bus, people, hand):
    made = bookings(bus, people, "accepted")
    for journey in made:
        journey.must(journey.sender, "pay")
    for seed, journey in enumerate(made):
        page = journey.page()
        _, time = race(seed, lambda: journey.pays(page), hand.timer(journey, "booking.expire"), most=0.2)
        until(lambda: journey.is_at("payment") in ("held", "settled"), 20, "the money's end")
        assert (journey.is_at(), journey.is_at("payment"), time) in (
            ("paid", "held", "wrong_state"), ("expired", "settled", "accepted")), f"round {seed}"
        ledger(journey, **({"escrow": -3000} if journey.is_at() == "paid" else {}))


def test_a_sender_cancels_or_the_traveller_takes_the_parcel(bus, people):
    for seed, journey in enumerate(bookings(bus, people, "paid")):
        journey.photo(journey.traveller, "seal")
        code = journey.code("pickup")
        gone, taken = race(seed, lambda: journey.say(journey.sender, "cancel", reason="other_plans"),
                           lambda: journey.say(journey.traveller, "collect", code=code, opened_and_checked=True,
                                               weighed_g=500))
        assert (journey.is_at(), gone, taken) in (("cancelled", "accepted", "ended"),
                                                  ("collected", "wrong_state", "accepted")), f"round {seed}"
        ledger(journey, **({} if gone == "accepted" else {"escrow": -3000}))


def test_a_parcel_is_delivered_or_its_booking_disputed_as_late(bus, people, hand):
    made = bookings(bus, people, "paid", departs=4)
    for journey in made:
        journey.to("collected")
    must(made[0].traveller, f"/v1/trips/{made[0].trip}/depart")
    for seed, journey in enumerate(made):
        journey.parcel_becomes("in_transit")
        code = journey.code("delivery")
        given, late = race(seed, lambda: journey.say(journey.traveller, "deliver", code=code),
                           hand.timer(journey, "booking.dispute"))
        proved = journey.value("delivery_proved_at") is not None
        # in a dispute the delivery is proved, and the dispute goes on
        assert (journey.is_at(), given, proved) in (("delivered", "accepted", False), ("disputed", "accepted", True))
        assert (late == "accepted") == (journey.is_at() == "disputed"), f"round {seed}: {late}"
        ledger(journey, escrow=-3000)


def test_money_is_released_or_complained_of(bus, people):
    for seed, journey in enumerate(delivered(bus, people)):
        recipient = journey.recipient()
        well, ill = race(seed, lambda: journey.say(journey.sender, "confirm"),
                         lambda: journey.say(recipient, "dispute", cause="late"))
        assert (journey.is_at(), well, ill) in (("completed", "accepted", "ended"),
                                                ("disputed", "wrong_state", "accepted")), f"round {seed}"
        ledger(journey, **({"transit": -2500, "fees": -500} if well == "accepted" else {"escrow": -3000}))


def test_money_is_released_or_refunded_never_both(bus, people):
    split = {"to_traveller": 0, "to_sender": 3000, "to_fees": 0}
    for seed, journey in enumerate(delivered(bus, people)):
        journey.must(journey.sender, "dispute", cause="late")
        journey.must(journey.traveller, "add-evidence", statement="It was not late.")
        released, refunded = race(seed, lambda: journey.say(journey.sender, "drop-dispute"),
                                  lambda: journey.say(journey.staff, "resolve", split=split))
        assert (journey.is_at(), released, refunded) in (("completed", "accepted", "ended"),
                                                         ("resolved", "ended", "accepted")), f"round {seed}"
        ledger(journey, **({"transit": -2500, "fees": -500} if released == "accepted" else {}))
        orders = bus.value("select jsonb_path_query_array(orders, '$[*].kind') from state.payment where booking = %s",
                           journey.booking)
        assert orders == (["payout"] if released == "accepted" else ["refund"])


def test_after_all_races_space_parcels_and_books_are_right(bus, people):
    assert bus.rows("select id from state.trip where reserved_g < 0 or reserved_g > capacity_g or "
                    "loaded_g * 100 > reserved_g * 105") == []
    assert bus.rows(f"select t.id from state.trip t left join state.booking b on b.trip = t.id and b.state in {LIVE} "
                    "where t.state = 'announced' group by t.id having t.reserved_g <> coalesce(sum(b.grams), 0) or "
                    "jsonb_array_length(t.bookings) <> count(b.id)") == []
    assert bus.rows(f"select parcel from state.booking where state in {LIVE} group by parcel having count(*) > 1") == []
    assert bus.rows("select currency from bus.ledger group by currency having sum(amount) <> 0") == []
    held = "select sum(amount)::bigint from bus.ledger where account = 'provider' and currency = 'XOF'"
    until(lambda: bus.value(held) == bus.provider.book()["balance_minor"], 20, "one sum in both books")
    for name in ("projector", "projector-2"):
        until(lambda name=name: bus.programs[name].metric("colis_commands_total") > 0, 20, f"{name} has decided")
