"""Reads: what is mine and only that, pages, ETags, read your own write (design section 9)."""
import uuid

import psycopg
import pytest
from harness import places
from harness.person import parcel_of
from harness.until import until


def test_another_s_parcel_and_its_history_are_404(person, other):
    parcel = person.registered()
    assert person.get(f"/v1/parcels/{parcel}").status_code == 200
    assert other.get(f"/v1/parcels/{parcel}").status_code == 404
    assert other.get(f"/v1/parcels/{parcel}/history").status_code == 404


def test_another_s_parcel_and_none_look_the_same(person, other):
    parcel, never = person.registered(), str(uuid.uuid4())
    theirs, none = other.get(f"/v1/parcels/{parcel}"), other.get(f"/v1/parcels/{never}")
    assert theirs.status_code == none.status_code == 404
    assert theirs.text.replace(parcel, "") == none.text.replace(never, "")


def test_staff_may_read_a_parcel_but_not_what_is_private_in_it(bus, person):
    parcel = person.registered()
    reply = bus.person(role="staff").get(f"/v1/parcels/{parcel}")
    assert reply.status_code == 200 and "recipient" not in reply.json()


def test_nobody_without_a_token_reads_anything(bus, person):
    import requests
    parcel = person.registered()
    for path in ("/v1/parcels", f"/v1/parcels/{parcel}", f"/v1/parcels/{parcel}/history", "/v1/me/profile",
                 f"/v1/commands/{parcel}"):
        assert requests.get(bus.url("query") + path, timeout=10).status_code == 401


def test_the_list_is_mine_and_newest_first(person, other):
    parcels = [person.registered() for _ in range(3)]
    other.registered()
    items = person.get("/v1/parcels").json()["items"]
    assert [item["id"] for item in items] == parcels[::-1]


def test_a_list_of_nothing_is_empty(person):
    body = person.get("/v1/parcels").json()
    assert body["items"] == [] and not body.get("next")


def test_pages_by_key_hold_everything_once(person):
    parcels = [parcel_of(taken) for taken in [person.register() for _ in range(7)] if person.verdict(taken)]
    seen, query = [], {"limit": "3"}
    for _ in range(4):
        body = person.get("/v1/parcels", params=query).json()
        seen += [item["id"] for item in body["items"]]
        if not body.get("next"):
            break
        query["next"] = body["next"]
    assert seen == parcels[::-1]


def test_a_parcel_that_comes_between_two_pages_moves_nothing(person):
    parcels = [person.registered() for _ in range(4)]
    first = person.get("/v1/parcels", params={"limit": "2"}).json()
    person.registered()
    second = person.get("/v1/parcels", params={"limit": "2", "next": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == parcels[::-1]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "100000"}, {"limit": "x"}, {"next": "nonsense"},
                                   {"after": "nonsense"}, {"limit": "-1"}])
def test_a_malformed_query_is_400(person, query):
    assert person.get("/v1/parcels", params=query).status_code == 400


def test_the_same_parcel_is_304_to_who_has_it(person):
    parcel = person.registered()
    first = person.get(f"/v1/parcels/{parcel}")
    tag = first.headers["ETag"]
    again = person.get(f"/v1/parcels/{parcel}", headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == tag
    assert person.get(f"/v1/parcels/{parcel}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_changed_parcel_has_another_etag(person):
    parcel = person.registered()
    tag = person.get(f"/v1/parcels/{parcel}").headers["ETag"]
    person.verdict(person.cancel(parcel))
    reply = person.get(f"/v1/parcels/{parcel}", headers={"If-None-Match": tag})
    assert reply.status_code == 200 and reply.headers["ETag"] != tag


def test_after_a_command_its_sender_reads_their_own_write(person):
    for _ in range(10):
        taken = person.register()
        reply = person.read(f"/v1/parcels/{parcel_of(taken)}", params={"after": taken["id"]})
        assert reply.status_code == 200
        cancelled = person.cancel(parcel_of(taken))
        body = person.read(f"/v1/parcels/{parcel_of(taken)}", params={"after": cancelled["id"]}).json()
        assert body["state"] == "cancelled"


def test_after_a_command_the_list_holds_it(person):
    for count in range(1, 4):
        taken = person.register()
        items = person.read("/v1/parcels", params={"after": taken["id"]}).json()["items"]
        assert len(items) == count


def test_the_profile_is_its_owner_s_alone(person, other):
    person.verdict(person.profile())
    body = person.get("/v1/me/profile").json()
    assert body["email"] == person.mail_address and body["language"] == "fr"
    assert other.get("/v1/me/profile").status_code == 404


def test_history_comes_in_order_with_both_facts(person):
    parcel = person.registered()
    person.verdict(person.cancel(parcel))

    def look():
        items = person.read(f"/v1/parcels/{parcel}/history").json()["items"]
        return items if len(items) == 2 else None
    items = until(look, 15, "two facts in the history")
    assert [item["type"] for item in items] == ["parcel.registered.v1", "parcel.cancelled.v1"]
    page = person.read(f"/v1/parcels/{parcel}/history", params={"limit": "1"}).json()
    assert len(page["items"]) == 1 and page["next"]
    rest = person.read(f"/v1/parcels/{parcel}/history", params={"limit": "1", "next": page["next"]}).json()
    assert [item["type"] for item in rest["items"]] == ["parcel.cancelled.v1"]


def claims_set(connection, user):
    connection.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub":"{user}"}}'])


def test_the_query_s_own_role_sees_rows_only_through_the_caller_s_claims(bus, person, other):
    """Row-level security holds below our code: the same credentials by hand see no more."""
    parcel = person.registered()
    url = open(places.secret_file("postgres_url_query")).read() + "/" + bus.namespace
    with psycopg.connect(url) as connection:
        connection.execute("set local role authenticated")
        for user, count in ((person.id, 1), (other.id, 0)):
            claims_set(connection, user)
            for table in ("state.parcel", "private.parcel"):
                found = connection.execute(f"select from {table} where id = %s", [parcel]).fetchall()
                assert len(found) == count, table


def test_without_claims_the_query_s_role_sees_nothing(bus, person):
    person.registered()
    url = open(places.secret_file("postgres_url_query")).read() + "/" + bus.namespace
    with psycopg.connect(url) as connection:
        connection.execute("set local role authenticated")
        assert connection.execute("select from state.parcel").fetchall() == []
        assert connection.execute("select from bus.verdict").fetchall() == []


def test_each_program_s_role_may_do_only_its_own_work(bus):
    wishes = {"relay": "insert into bus.verdict select", "notifier": "delete from state.parcel",
              "redrive": "select from private.parcel", "query": "select from bus.outbox"}
    for program, wish in wishes.items():
        url = open(places.secret_file(f"postgres_url_{program}")).read() + "/" + bus.namespace
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(wish)
