"""Saved searches: a trip that answers them is told to those who wait for it, once each, while it can be booked."""
import json
import uuid

import facts
import pytest
from harness.until import until
from world import LATER, World, example, flat


@pytest.fixture
def city():
    """A place of the test's own, so that nobody else's search is answered."""
    return f"Dakar {uuid.uuid4().hex[:12]}"


def keep(bus, kind, row):
    bus.rows(f"insert into state.{kind} select * from jsonb_populate_record(null::state.{kind}, %s)",
             json.dumps(flat(row)))


def route(city):
    return {"origin": {"country": "FR", "city": "Paris"}, "destination": {"country": "SN", "city": city}}


def search(bus, city, owner=None, **changes):
    """Its owner, who has a profile."""
    owner = owner or str(uuid.uuid4())
    keep(bus, "search", example("search") | route(city) | {"id": str(uuid.uuid4()), "state": "saved", "owner": owner}
         | changes)
    return owner


def address(bus, owner):
    return facts.profile(bus, owner, email=f"{owner}@example.org")


def trip_row(city, traveller):
    return example("trip") | route(city) | {
        "id": str(uuid.uuid4()), "state": "announced", "traveller": traveller, "departs": LATER, "capacity_g": 23000,
        "reserved_g": 0, "loaded_g": 0, "price_per_kg": 4500, "currency": "XOF"}


def announce(bus, city, traveller=None):
    """The trip, kept and told."""
    row = trip_row(city, traveller or str(uuid.uuid4()))
    keep(bus, "trip", row)
    told = example("trip.announced.v1")
    same = {name: row[name] for name in told if name in row and name != "state"}
    facts.publish(bus, "trip", "trip.announced.v1", f"trip/{row['id']}", told | same)
    return row["id"]


def test_a_trip_is_told_to_those_whose_search_it_answers_and_once(post, mail_server, city):
    traveller = search(post, city)
    wanting = search(post, city, min_grams=5000, max_price=5000, currency="XOF")
    search(post, city, owner=wanting)
    others = [search(post, city, min_grams=24000), search(post, city, max_price=4000, currency="XOF"),
              search(post, city, state="dropped"), search(post, "Nowhere " + city), traveller]
    addresses = [address(post, one) for one in [wanting, *others]]
    trip = announce(post, city, traveller)
    mail, = until(lambda: mail_server.mails(addresses[0]), 20, "the mail")
    assert mail["Subject"] == "Un voyage répond à votre recherche"
    text = mail.get_content()
    assert trip in text and city in text and "Place : 23 kg" in text and "4\u00a0500\u00a0XOF" in text
    assert not any(mail_server.mails(other) for other in addresses[1:])
    assert post.value("select count(*) from bus.notification") == 1 and traveller not in text


def test_more_trips_at_once_than_a_batch_looks_up_are_all_told(own_post, mail_server, city):
    wanting = address(own_post, search(own_post, city))
    own_post.notifier.stop()
    trips = {announce(own_post, city) for _ in range(11)}
    own_post.notifier.start().await_ready()
    mails = until(lambda: len(mail_server.mails(wanting)) >= 11 and mail_server.mails(wanting), 20, "11 mails")
    assert len(mails) == 11 and {one for one in trips for mail in mails if one in mail.get_content()} == trips


def test_a_code_does_not_wait_behind_what_a_thousand_seekers_are_told(post, mail_server, city):
    row = json.dumps(flat(example("search") | route(city) | {"state": "saved"}))
    post.rows("with owner as (select gen_random_uuid() id from generate_series(1, 1000)), saved as (insert into "
              "state.search select r.* from owner o, jsonb_populate_record(null::state.search, %s::jsonb || "
              "jsonb_build_object('id', gen_random_uuid(), 'owner', o.id)) r) insert into private.profile "
              "(id, name, n, value) select id, 'profile', 1, jsonb_build_object('name', 'A', 'email', "
              "id || '@example.org', 'language', 'fr') from owner", row)
    mail_server.stop()
    announce(post, city)
    until(lambda: post.value("select count(*) from bus.notification") == 1000, 60, "1000 notifications")
    world = World(post)
    told = world.recipient()
    world.change("booking", delivery_code_issue=1)
    world.tell("booking.code_issued", purpose="delivery", issue=1, by="traveller", recipient_n=1)
    until(lambda: post.value("select count(*) from bus.notification") == 1001, 20, "the code among them")
    mail_server.start()
    until(lambda: mail_server.mails(told), 60, "the code")
    assert [recipients for recipients, _ in mail_server.kept].index([told]) < 10
    post.rows("truncate bus.notification")


@pytest.mark.parametrize("sql", ["update state.trip set state = 'cancelled' where destination_city = %s",
                                 "update state.trip set reserved_g = capacity_g where destination_city = %s",
                                 "update state.trip set departs = now() + '2 hours' where destination_city = %s",
                                 "update state.search set destination_city = 'Elsewhere' where destination_city = %s",
                                 "update state.search set state = 'dropped' where destination_city = %s"])
def test_what_nobody_can_book_or_wants_any_more_is_not_told(post, mail_server, city, sql):
    address(post, search(post, city))
    mail_server.stop()
    announce(post, city)
    until(lambda: post.value("select reason is not null from bus.notification"), 20, "a try in vain")
    post.rows(sql, city)
    mail_server.start()
    superseded = "select count(*) from bus.notification where state = 'dead' and reason = 'superseded'"
    until(lambda: post.value(superseded) == 1, 20, "given up")
    assert not mail_server.kept


def test_a_trip_nobody_waits_for_is_told_to_nobody(post, mail_server, city):
    announce(post, city)
    person = str(uuid.uuid4())
    told = facts.profile(post, person)
    facts.registered(post, person)
    until(lambda: mail_server.mails(told), 20, "the mail of another fact")
    until(lambda: post.value("select sum(next) from bus.position where reader = 'notifier' and topic = 'trip'") > 0, 20,
          "the trip to be passed")
    assert post.value("select count(*) from bus.notification") == 1
