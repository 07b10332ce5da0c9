"""The same key: one command, one parcel, whoever answers and whenever (design section 1 and 3)."""
import concurrent.futures

from harness.person import PARCEL, parcel_of


def at_once(count, call):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: call(), range(count)))


def parcels_of(bus, person):
    return bus.rows("select id::text from state.parcel where sender = %s", person.id)


def test_the_same_key_a_hundred_times_at_once_is_one_parcel(bus):
    person = bus.person()
    clients = [bus.person(user=person.id) for _ in range(100)]
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        taken = list(pool.map(lambda client: client.register(key="hundred"), clients))
    assert len({one["id"] for one in taken}) == 1 and len({one["resource"] for one in taken}) == 1
    assert person.verdict(taken[0])["state"] == "accepted"
    after = person.registered()
    assert sorted(parcels_of(bus, person)) == sorted([(parcel_of(taken[0]),), (after,)])
    facts = bus.topics.await_facts("parcel", "parcel/" + parcel_of(taken[0]))
    bus.topics.await_facts("parcel", "parcel/" + after)
    assert len(facts) == len(bus.topics.of("parcel", "parcel/" + parcel_of(taken[0]))) == 1


def test_another_principal_with_the_same_key_has_another_parcel(bus, person, other):
    one, two = person.register(key="shared"), other.register(key="shared")
    assert one["id"] != two["id"] and one["resource"] != two["resource"]
    assert person.verdict(one)["state"] == other.verdict(two)["state"] == "accepted"


def test_two_keys_are_two_parcels(bus, person):
    one, two = person.register(key="a"), person.register(key="b")
    person.verdict(one), person.verdict(two)
    assert len(parcels_of(bus, person)) == 2


def test_without_a_key_each_request_is_its_own(bus, person):
    replies = [person.post("/v1/parcels", PARCEL, key=False) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].json()["id"] != replies[1].json()["id"]
    assert replies[0].json()["id"][14] == "7"


def test_a_cancel_repeated_with_its_key_is_one_cancel(bus, person):
    parcel = person.registered()
    taken = [person.cancel(parcel, key="once") for _ in range(3)]
    assert len({one["id"] for one in taken}) == 1
    assert person.verdict(taken[2])["state"] == "accepted"
    assert bus.value("select version from state.parcel where id = %s", parcel) == 2


def test_after_every_program_was_restarted_the_key_still_means_the_same(make_bus):
    bus = make_bus()
    person = bus.person()
    first = person.register(key="lasting")
    assert person.verdict(first)["state"] == "accepted"
    for program in list(bus.programs.values()):
        program.stop()
    for program in bus.programs.values():
        program.start()
    for program in bus.programs.values():
        program.await_ready()
    person = bus.person(user=person.id)
    second = person.register(key="lasting")
    assert {**first, "status_url": ""} == {**second, "status_url": ""}
    assert person.verdict(second)["state"] == "accepted"
    after = person.registered()
    assert len(parcels_of(bus, person)) == 2
    bus.topics.await_facts("parcel", "parcel/" + parcel_of(first))
    bus.topics.await_facts("parcel", "parcel/" + after)
    assert len(bus.topics.of("parcel", "parcel/" + parcel_of(first))) == 1


def test_two_ingresses_give_the_same_ids(make_bus):
    bus = make_bus()
    second = bus.add("ingress", 2).await_ready()
    person = bus.person()
    twin = bus.person(user=person.id)
    twin.ingress = f"http://127.0.0.1:{second.settings['COLIS_LISTEN_PORT']}"
    one, two = person.register(key="twin"), twin.register(key="twin")
    assert one["id"] == two["id"] and one["resource"] == two["resource"]
    assert person.verdict(two)["state"] == "accepted"
    assert len(parcels_of(bus, person)) == 1
