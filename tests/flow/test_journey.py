"""The journey of design section 12: a profile, a parcel, its verdict, and every place where it must be found."""
import datetime
import re

import pytest
from harness.mail import await_mails
from harness.person import PARCEL, parcel_of
from harness.until import until

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UUID8 = r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PUBLIC = {"origin": PARCEL["origin"], "destination": PARCEL["destination"], "weight_g": 2500, "category": "clothes",
          "value": {"amount": 40000, "currency": "XOF"}}


@pytest.fixture(scope="module")
def trip(bus):
    """One person's profile and parcel, sent once for all tests of this file."""
    person = bus.person()
    profile = person.profile()
    assert person.verdict(profile)["state"] == "accepted"
    taken = person.register()
    return person, taken, person.verdict(taken)


def test_the_202_names_command_status_and_resource(bus, person):
    reply = person.post("/v1/parcels", PARCEL)
    assert reply.status_code == 202
    body = reply.json()
    assert set(body) == {"id", "status_url", "resource"}
    assert re.fullmatch(UUID8, body["id"])
    assert re.fullmatch(rf"{bus.url('query')}/v1/commands/{body['id']}\?receipt=[\w-]{{55}}", body["status_url"])
    assert re.fullmatch(rf".*/v1/parcels/{UUID8}", body["resource"])
    assert reply.headers["Location"] == bus.url("query") + "/v1/parcels/" + parcel_of(body)


def test_the_verdict_is_accepted_with_its_fact(trip):
    person, taken, verdict = trip
    assert verdict["id"] == taken["id"] and verdict["state"] == "accepted"
    assert len(verdict["facts"]) == 1 and re.fullmatch(UUID8, verdict["facts"][0])
    assert parcel_of(verdict) == parcel_of(taken)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", verdict["decided_at"])


def test_the_parcel_is_readable_by_its_sender(trip):
    person, taken, _ = trip
    reply = person.get(f"/v1/parcels/{parcel_of(taken)}")
    assert reply.status_code == 200
    body = reply.json()
    assert body["id"] == parcel_of(taken) and body["state"] == "registered" and body["version"] == 1
    assert body["recipient"] == PARCEL["recipient"]
    for name, value in PUBLIC.items():
        assert body[name] == value


def test_the_parcel_is_a_row_and_its_private_values_are_beside_it(bus, trip):
    person, taken, _ = trip
    row = bus.rows("select state, version, sender::text, weight_g, value_currency from state.parcel where id = %s",
                   parcel_of(taken))
    assert row == [("registered", 1, person.id, 2500, "XOF")]
    private = bus.rows("select name, n, value from private.parcel where id = %s", parcel_of(taken))
    assert [(name, n) for name, n, _ in private] == [("register", 1)]
    assert private[0][2]["recipient"] == PARCEL["recipient"]


def test_the_command_stands_on_its_topic_with_every_header(bus, trip):
    person, taken, _ = trip
    command = bus.topics.of("commands", "parcel/" + parcel_of(taken))[0]
    headers = command.headers
    assert command.key == person.id == headers["ce_partitionkey"] == headers["ce_principal"]
    assert headers["ce_id"] == taken["id"] and headers["ce_type"] == "parcel.register.v1"
    assert headers["ce_source"] == "/ingress" and headers["ce_specversion"] == "1.0"
    assert headers["ce_role"] == "person" and headers["content-type"] == "application/json"
    assert headers["ce_dataschema"] == "/schemas/commands/parcel.register.v1"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["ce_fingerprint"])
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", headers["traceparent"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", headers["ce_time"])
    assert command.data == PARCEL


def test_the_fact_stands_on_its_topic_with_every_header(bus, trip):
    person, taken, verdict = trip
    subject = "parcel/" + parcel_of(taken)
    fact, = bus.topics.await_facts("parcel", subject)
    headers = fact.headers
    assert fact.key == parcel_of(taken) == headers["ce_partitionkey"]
    assert headers["ce_id"] == verdict["facts"][0] and headers["ce_type"] == "parcel.registered.v1"
    assert headers["ce_source"] == "/projector" and headers["ce_subject"] == subject
    assert headers["ce_sequence"] == "0000000001" and headers["ce_causationid"] == taken["id"]
    assert headers["ce_principal"] == person.id and headers["ce_specversion"] == "1.0"
    assert headers["ce_dataschema"] == "/schemas/facts/parcel.registered.v1"
    assert headers["content-type"] == "application/json" and "traceparent" in headers
    assert fact.data == {"state": "registered", "sender": person.id} | PUBLIC
    assert list(fact.data)[:2] == ["state", "sender"] and b" " not in fact.value


def test_nothing_private_stands_on_a_fact_topic(bus, trip):
    person, taken, _ = trip
    bus.topics.await_facts("parcel", "parcel/" + parcel_of(taken))
    words = (b"Ndiaye", b"+22177", b"example.org")
    for topic in ("parcel", "auth"):
        assert not [m for m in bus.topics.read(topic) if any(word in m.value for word in words)]


def test_the_command_s_trace_goes_on_in_the_fact(bus, person):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    reply = person.post("/v1/parcels", PARCEL, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    fact, = bus.topics.await_facts("parcel", "parcel/" + parcel_of(reply.json()))
    assert fact.headers["traceparent"].split("-")[1] == trace


def test_the_history_is_in_mongo_and_readable(bus, trip):
    person, taken, verdict = trip
    parcel = parcel_of(taken)
    document = until(lambda: bus.mongo.history.find_one({"_id": f"parcel/{parcel}:0000000001"}), 15, "history")
    assert document["type"] == "parcel.registered.v1" and document["seq"] == 1 and document["by"] == person.id
    assert document["fact"] == verdict["facts"][0] and document["data"]["weight_g"] == 2500
    assert document["parcel"] == parcel and document["src"]["topic"].endswith("parcel")
    items = person.read(f"/v1/parcels/{parcel}/history").json()["items"]
    assert [item["type"] for item in items] == ["parcel.registered.v1"]


def test_the_sender_gets_one_mail_in_their_language(trip):
    person, taken, _ = trip
    mails = await_mails(person.mail_address)
    assert len(mails) == 1
    assert re.fullmatch(UUID, mails[0]["X-Colis-Notification"]) and mails[0]["X-Colis-Repeat"] is None
    assert mails[0]["From"] and mails[0]["Subject"] and "colis" in mails[0].get_content().lower()


def test_a_mail_is_written_in_english_for_who_asks_for_it(bus, person):
    person.verdict(person.profile(language="en"))
    person.registered()
    mail, = await_mails(person.mail_address)
    assert "parcel" in (mail["Subject"] + mail.get_content()).lower()


def test_a_person_without_a_profile_gets_no_mail_and_blocks_nobody(bus, other):
    silent = bus.person()
    silent.registered()
    other.verdict(other.profile())
    other.registered()
    assert len(await_mails(other.mail_address)) == 1
    assert not bus.rows("select from bus.notification where person = %s and state = 'sent'", silent.id)


def test_a_cancelled_parcel_is_a_second_fact_and_a_second_mail(bus, person):
    person.verdict(person.profile())
    parcel = person.registered()
    verdict = person.verdict(person.cancel(parcel, reason="changed_mind"))
    assert verdict["state"] == "accepted"
    facts = bus.topics.await_facts("parcel", f"parcel/{parcel}", 2)
    assert [(fact.type, fact.version) for fact in facts] == [("parcel.registered.v1", 1), ("parcel.cancelled.v1", 2)]
    assert facts[1].data["reason"] == "changed_mind"
    assert person.get(f"/v1/parcels/{parcel}").json()["state"] == "cancelled"
    assert len(await_mails(person.mail_address, 2)) == 2


def test_a_cancelled_parcel_cannot_be_cancelled_again(bus, person):
    parcel = person.registered()
    assert person.verdict(person.cancel(parcel))["state"] == "accepted"
    again = person.verdict(person.cancel(parcel))
    assert again["state"] == "refused" and again["reason"] and again["facts"] == []
    assert bus.value("select version from state.parcel where id = %s", parcel) == 2


def test_a_parcel_that_never_was_cannot_be_cancelled(person):
    verdict = person.verdict(person.cancel("8c1e0000-0000-8000-8000-000000000000"))
    assert verdict["state"] == "refused" and verdict["reason"]


def test_another_s_parcel_cannot_be_cancelled_and_looks_as_if_it_never_was(person, other):
    parcel = person.registered()
    never = other.verdict(other.cancel("8c1e0000-0000-8000-8000-000000000000"))
    refused = other.verdict(other.cancel(parcel))
    assert refused["state"] == "refused" and refused["reason"] == never["reason"]
    assert person.get(f"/v1/parcels/{parcel}").json()["state"] == "registered"


def test_a_value_over_the_cap_is_refused_with_its_reason(person):
    verdict = person.verdict(person.register(value={"amount": 99_999_999_999, "currency": "XOF"}))
    assert verdict["state"] == "refused" and verdict["reason"] == "value_over_cap"


def test_a_profile_told_twice_counts_up_and_the_newer_one_is_read(bus, person):
    person.verdict(person.profile(name="Awa One"))
    person.verdict(person.profile(name="Awa Two"))
    assert person.get("/v1/me/profile").json()["name"] == "Awa Two"
    assert bus.rows("select version, n from state.profile where id = %s", person.id) == [(2, 2)]
    facts = bus.topics.await_facts("auth", f"profile/{person.id}", 2)
    assert [fact.data["n"] for fact in facts] == [1, 2] and facts[0].key == person.id


def test_what_one_person_asks_is_decided_in_the_order_asked(person):
    parcels = [person.register() for _ in range(5)]
    verdicts = [person.verdict(taken) for taken in parcels]
    assert all(verdict["state"] == "accepted" for verdict in verdicts)
    decided = [datetime.datetime.fromisoformat(verdict["decided_at"]) for verdict in verdicts]
    assert decided == sorted(decided)


def test_an_empty_body_cancels(person):
    parcel = person.registered()
    reply = person.post(f"/v1/parcels/{parcel}/cancel")
    assert reply.status_code == 202 and person.verdict(reply.json())["state"] == "accepted"


def test_dates_and_fragile_come_back_as_sent(person):
    parcel = person.registered(ready_from="2030-01-02T03:04:05Z", deliver_by="2030-02-03T04:05:06Z", fragile=True)
    body = person.get(f"/v1/parcels/{parcel}").json()
    assert body["ready_from"].startswith("2030-01-02T03:04:05") and body["fragile"] is True
    assert body["deliver_by"].startswith("2030-02-03T04:05:06")
