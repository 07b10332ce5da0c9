"""Each status code of the ingress through a real socket (design section 3)."""
import json
import time

import pytest
import requests
from harness import raw
from harness.person import PARCEL, token_of
from harness.until import ANSWER


def problem(reply, status):
    """The reply is a problem of RFC 9457 with that status; returns its body."""
    assert reply.status_code == status, f"{reply.status_code} {reply.text[:500]}"
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    body = reply.json()
    assert body["status"] == status and body["title"] and body["type"]
    return body


def post(person, data, **headers):
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"} | headers
    return person.session.post(person.ingress + "/v1/parcels", data=data, headers=headers, timeout=ANSWER)


@pytest.mark.parametrize("text", [
    '{"a"', " ", "[1,]", '{"a":1}x', "{'a':1}", '{"a":01}', '{"a":NaN}', '{"weight_g":1,"weight_g":2}',
    '{"a":"\ud800"}', "[" * 40 + "]" * 40, '{"a":"\x01"}', "\ufeff{}", '{"a":"\\ud800"}'])
def test_what_is_not_json_is_400(person, text):
    problem(post(person, text.encode("utf-8", "surrogatepass")), 400)


def test_an_empty_body_is_an_empty_object(person):
    assert len(problem(post(person, b""), 422)["errors"]) == 6


def test_bad_utf8_in_a_string_is_400(person):
    problem(post(person, b'{"category":"\xff\xfe"}'), 400)


def test_every_wrong_member_is_named_in_one_422(person):
    body = {"recipient": {"name": "", "phone": "12"}, "origin": {"country": "fr", "city": "Paris"}, "weight_g": 0,
            "category": "gold", "value": {"amount": -1, "currency": "XOF"}, "colour": "red"}
    errors = problem(person.post("/v1/parcels", body), 422)["errors"]
    pointers = {error["pointer"] for error in errors}
    assert {"/recipient/name", "/recipient/phone", "/origin/country", "/destination", "/weight_g", "/category",
            "/value/amount", "/colour"} <= pointers
    assert all(error["detail"] for error in errors)


@pytest.mark.parametrize("changes, pointer", [
    ({"weight_g": 100_001}, "/weight_g"), ({"weight_g": 2.5}, "/weight_g"), ({"weight_g": "2500"}, "/weight_g"),
    ({"weight_g": None}, "/weight_g"), ({"description": "x" * 501}, "/description"),
    ({"description": ""}, "/description"),
    ({"fragile": 1}, "/fragile"), ({"ready_from": "2026-01-01"}, "/ready_from"),
    ({"ready_from": "2026-01-01T00:00:00+02:00"}, "/ready_from"), ({"origin": []}, "/origin"),
    ({"origin": {"country": "FR", "city": "Pa\nris"}}, "/origin/city")])
def test_a_wrong_member_is_422_and_named(person, changes, pointer):
    errors = problem(person.post("/v1/parcels", PARCEL | changes), 422)["errors"]
    assert [error["pointer"] for error in errors] == [pointer]


def test_a_body_that_is_no_object_is_422(person):
    problem(post(person, "[]"), 422)


def test_a_missing_token_is_401_with_a_challenge(bus):
    reply = requests.post(bus.url("ingress") + "/v1/parcels", json=PARCEL, timeout=10)
    problem(reply, 401)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def refused_claims():
    now = int(time.time())
    return {"expired": {"exp": now - 3600}, "no exp": {"exp": None}, "no sub": {"sub": None}, "no aud": {"aud": None},
            "wrong aud": {"aud": "other"}, "wrong iss": {"iss": "http://evil.example"}, "not yet": {"nbf": now + 3600},
            "sub no uuid": {"sub": "root"}, "exp as text": {"exp": str(now + 60)}}


@pytest.mark.parametrize("why", refused_claims())
def test_a_token_with_wrong_claims_is_401(bus, person, why):
    token = token_of(person.id, **refused_claims()[why])
    reply = requests.post(bus.url("ingress") + "/v1/parcels", json=PARCEL, timeout=10,
                          headers={"Authorization": "Bearer " + token})
    problem(reply, 401)


def test_a_token_signed_with_another_secret_is_401(bus, person):
    token = token_of(person.id, secret=b"0" * 48)
    reply = requests.get(bus.url("query") + "/v1/parcels", timeout=10, headers={"Authorization": "Bearer " + token})
    problem(reply, 401)


def test_a_role_that_may_not_call_is_403(bus):
    staff = bus.person(role="staff")
    problem(staff.post("/v1/parcels", PARCEL), 403)


def test_an_unknown_path_is_404(person):
    problem(person.post("/v1/nothing", {}), 404)
    problem(person.post("/v1/parcels/not-a-uuid/cancel", {}), 404)


def test_a_wrong_method_is_405_with_allow(person):
    reply = person.session.delete(person.ingress + "/v1/parcels", timeout=10)
    problem(reply, 405)
    assert "POST" in reply.headers["Allow"]


def test_a_reply_the_client_will_not_take_is_406(person):
    problem(person.post("/v1/parcels", PARCEL, headers={"Accept": "text/html"}), 406)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_media_type_is_415(person, media_type):
    problem(post(person, json.dumps(PARCEL), **{"Content-Type": media_type}), 415)


def test_json_with_a_charset_is_taken(person):
    reply = post(person, json.dumps(PARCEL), **{"Content-Type": "application/json; charset=utf-8"})
    assert reply.status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é".encode().decode("latin-1")])
def test_a_malformed_key_is_400(person, key):
    problem(post(person, json.dumps(PARCEL), **{"Idempotency-Key": key}), 400)


def head(person, extra="", path="/v1/parcels", method="POST"):
    authorization = person.session.headers["Authorization"]
    return (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: application/json\r\n{extra}\r\n").encode()


def test_a_body_over_the_limit_is_413_before_it_is_read(person):
    with raw.connect(person.ingress) as connection:
        connection.sendall(head(person, "Content-Length: 10000000\r\n"))
        reply = raw.reply_read(connection)
        assert reply.status == 413 and json.loads(reply.body)["status"] == 413
        assert raw.closed(connection)


def test_a_chunked_body_over_the_limit_is_413(person):
    with raw.connect(person.ingress) as connection:
        connection.sendall(head(person, "Transfer-Encoding: chunked\r\n") + b"100000\r\n")
        try:
            connection.sendall(b"x" * 0x100000)
        except OSError:
            pass
        assert raw.reply_read(connection).status == 413


def test_an_expectation_is_met_before_the_body(person):
    body = json.dumps(PARCEL).encode()
    with raw.connect(person.ingress) as connection:
        connection.sendall(head(person, f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"))
        assert raw.reply_read(connection).status == 100
        connection.sendall(body)
        assert raw.reply_read(connection).status == 202


def test_an_unknown_expectation_is_417(person):
    assert raw.exchange(person.ingress, head(person, "Content-Length: 2\r\nExpect: gold\r\n")).status == 417


def test_headers_over_the_limit_are_431(person):
    assert raw.exchange(person.ingress, head(person, "X-Long: " + "x" * 70000 + "\r\n")).status == 431


def test_an_unknown_version_is_505(person):
    request = head(person, "Content-Length: 2\r\n").replace(b"HTTP/1.1", b"HTTP/2.0", 1) + b"{}"
    assert raw.exchange(person.ingress, request).status == 505


def test_an_unknown_transfer_coding_is_refused(person):
    assert raw.exchange(person.ingress, head(person, "Transfer-Encoding: gzip, chunked\r\n")).status in (400, 501)


def test_no_request_hidden_in_another_is_executed(bus, person):
    before = sum(bus.topics.ends("commands").values())
    hidden = head(person, "Content-Length: 2\r\n", f"/v1/parcels/{person.id}/cancel") + b"{}"
    request = head(person, f"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n" + hidden
    with raw.connect(person.ingress) as connection:
        connection.sendall(request)
        assert raw.reply_read(connection).status == 400
        assert raw.closed(connection)
    assert sum(bus.topics.ends("commands").values()) == before


def test_pipelined_requests_are_answered_in_order(person):
    body = json.dumps(PARCEL).encode()
    one = head(person, f"Content-Length: {len(body)}\r\n") + body
    bad = head(person, "Content-Length: 2\r\n") + b"[}"
    with raw.connect(person.ingress) as connection:
        connection.sendall(one + bad + one)
        first = raw.reply_read(connection)
        second = raw.reply_read(connection, first.rest)
        assert [first.status, second.status] == [202, 400]


def test_a_half_closed_connection_still_gets_its_reply(person):
    body = json.dumps(PARCEL).encode()
    with raw.connect(person.ingress) as connection:
        connection.sendall(head(person, f"Content-Length: {len(body)}\r\n") + body)
        connection.shutdown(1)
        assert raw.reply_read(connection).status == 202


def test_both_servers_answer_the_same_openapi_document(bus):
    documents = [requests.get(bus.url(name) + "/openapi.json", timeout=10) for name in ("ingress", "query")]
    assert [document.status_code for document in documents] == [200, 200]
    assert documents[0].content == documents[1].content
    body = documents[0].json()
    assert body["openapi"].startswith("3.") and "/v1/parcels" in body["paths"]
    assert all("servers" in path or any("servers" in operation for operation in path.values())
               for path in body["paths"].values())


def test_a_person_who_asks_too_often_is_429_and_told_when(make_bus):
    bus = make_bus("ingress", settings={"ingress": {"COLIS_RATE_PER_SECOND": "1", "COLIS_RATE_BURST": "3"}})
    person = bus.person()
    replies = [person.post("/v1/parcels", PARCEL) for _ in range(40)]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused and replies[0].status_code == 202
    problem(refused[0], 429)
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert bus.person().post("/v1/parcels", PARCEL).status_code == 202
