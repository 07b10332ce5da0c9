"""The ingress alone with a broker: what it writes, what it says while it starts, ends, or is left by its client."""
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import signal
import socket
import struct
import time
import uuid

import confluent_kafka
import pytest
import requests
from harness import handover, places
from harness.person import PARCEL, TOKEN, command_id
from harness.until import ANSWER, until

CLIENTS = 300


def records(mock, wanted):
    """The records on the topic, by id, once all wanted ones are there: {ce_id: [(key, headers, value)]}."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": mock.brokers, "group.id": "test", "fetch.wait.max.ms": 10,
                                         "enable.auto.commit": False})
    found = {}
    try:
        topic = mock.topics[0]
        places_of = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in places_of])

        def look():
            for record in consumer.consume(1000, timeout=0.2):
                headers = dict((record.headers() or []))
                found.setdefault(headers["ce_id"].decode(), []).append((record.key(), headers, record.value()))
            return set(wanted) <= set(found)
        until(look, 20, "records on the topic")
    finally:
        consumer.close()
    return found


def open_post(alone, person, key):
    """A socket on which a command was sent and nothing read."""
    body = json.dumps(PARCEL).encode()
    connection = socket.create_connection((places.HOST, alone.port), timeout=20)
    connection.sendall(b"POST /v1/parcels HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: "
                       + key.encode() + b"\r\nAuthorization: " + person.session.headers["Authorization"].encode()
                       + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
    return connection


def status_of(connection):
    return int(connection.makefile("rb").readline().split()[1])


def waiting(alone, count):
    until(lambda: alone.program.metric("colis_ingress_open_records") == count, 10, f"{count} open records")


def test_the_record_is_the_one_of_the_design(start, mock):
    alone = start()
    person = alone.person(role="staff")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    spaced = json.dumps(dict(reversed(PARCEL.items())), indent=3)
    reply = person.post("/v1/me/profile", {"name": "A", "email": "a@example.org", "language": "fr"})
    assert reply.status_code == 403
    person = alone.person()
    reply = person.session.post(alone.url + "/v1/parcels", data=spaced, timeout=20, headers={
        "Content-Type": "application/json", "Idempotency-Key": "7f3a", "traceparent": parent})
    taken = reply.json()
    assert reply.status_code == 202 and reply.headers["Location"] == taken["resource"]
    assert taken["id"] == command_id(person.id, "7f3a")
    parcel = taken["resource"].removeprefix("http://query.test/v1/parcels/")
    assert taken["status_url"].startswith(f"http://query.test/v1/commands/{taken['id']}?receipt=")
    [(key, headers, value)] = records(mock, [taken["id"]])[taken["id"]]
    texts = {name: text.decode() for name, text in headers.items()}
    assert key.decode() == person.id
    assert json.loads(value) == PARCEL and value == json.dumps(PARCEL, separators=(",", ":")).encode()
    assert texts["ce_specversion"] == "1.0" and texts["ce_source"] == "/ingress"
    assert texts["ce_type"] == "parcel.register.v1" and texts["ce_subject"] == f"parcel/{parcel}"
    assert texts["ce_dataschema"] == "/schemas/commands/parcel.register.v1"
    assert texts["ce_principal"] == texts["ce_partitionkey"] == person.id and texts["ce_role"] == "person"
    assert texts["content-type"] == "application/json" and len(texts["ce_fingerprint"]) == 32
    assert texts["traceparent"].split("-")[1] == parent.split("-")[1]
    assert "ce_sequence" not in texts and "ce_causationid" not in texts


def test_many_at_once_are_each_there_once(start, mock):
    alone = start(COLIS_RATE_BURST="1000")
    people = [alone.person() for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        replies = list(pool.map(lambda number: people[number % 10].post("/v1/parcels", PARCEL), range(CLIENTS)))
    assert {reply.status_code for reply in replies} == {202}
    ids = {reply.json()["id"] for reply in replies}
    assert len(ids) == CLIENTS
    found = records(mock, ids)
    assert all(len(found[one]) == 1 for one in ids)


def test_before_a_broker_answers_it_is_alive_but_not_ready_and_says_503(start):
    alone = start(broker=False, ready=False)
    until(lambda: "no broker answers" in alone.program.probe()[1], 10, "its own word")
    assert alone.program.probe("/healthz")[0] == 200 and alone.program.probe()[0] == 503
    reply = alone.person().post("/v1/parcels", PARCEL)
    assert reply.status_code == 503 and int(reply.headers["Retry-After"]) >= 1
    assert requests.get(alone.url + "/openapi.json", timeout=10).json()["openapi"]


def test_an_open_request_is_answered_before_it_ends(start, mock):
    alone = start()
    mock.freeze()
    connection = open_post(alone, alone.person(), "end-1")
    waiting(alone, 1)
    alone.program.signal(signal.SIGTERM)
    until(lambda: not port_open(alone.port), 10, "no new connection")
    mock.thaw()
    assert status_of(connection) == 202
    alone.program.stop()


def test_at_its_deadline_who_still_waits_is_told_504(start, mock):
    alone = start(COLIS_SERVICE_DEADLINE_MS="2000", COLIS_KAFKA_DELIVERY_MS="60000")
    mock.freeze()
    connection = open_post(alone, alone.person(), "end-2")
    waiting(alone, 1)
    alone.program.stop()
    assert status_of(connection) == 504


def test_a_client_that_goes_changes_nothing_about_its_record(start, mock):
    alone = start()
    person = alone.person()
    mock.freeze()
    connection = open_post(alone, person, "gone-1")
    waiting(alone, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    mock.thaw()
    waiting(alone, 0)
    assert len(records(mock, [command_id(person.id, "gone-1")])[command_id(person.id, "gone-1")]) == 1
    assert person.post("/v1/parcels", PARCEL, key="gone-1").status_code == 202


def forged(header, secret=None, **changes):
    """A token with any header, and the usual claims with changes (None: left out), signed as HS256."""
    secret = secret or pathlib.Path(places.servers()["COLIS_TOKEN_SECRET_FILE"]).read_bytes().strip()
    claims = TOKEN.claims_make(str(uuid.uuid4()), None, 3600, int(time.time())) | {
        "iss": places.servers()["COLIS_TOKEN_ISSUER"]} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    signed = ".".join(TOKEN.base64url(json.dumps(part).encode()) for part in (header, claims))
    return signed + "." + TOKEN.base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))


def refused_values():
    """The attacks on tokens, each as the value of Authorization."""
    alg, now = {"alg": "HS256"}, int(time.time())
    headers = [{"alg": name} for name in ("none", "None", "nOnE", "", "HS512", "RS256", "ES256")] + [
        {"typ": "JWT"}, {"alg": 256}, alg | {"typ": "id+jwt"}, alg | {"enc": "A256GCM"}, alg | {"b64": False},
        alg | {"jwk": {"kty": "oct", "k": "AA"}}, alg | {"jku": "https://a.example/k"}, alg | {"crit": ["exp"]},
        alg | {"x5u": "https://a.example/c"}, alg | {"x5c": ["AA=="]}, alg | {"kid": "a\0b"}, alg | {"kid": "k" * 4000}]
    claims = [{"exp": now - 3600}, {"exp": None}, {"exp": now + 3600.5}, {"exp": str(now + 3600)}, {"exp": 1 << 70},
              {"nbf": now + 3600}, {"iat": now + 3600}, {"aud": None}, {"aud": "other"}, {"aud": ["authenticated"]},
              {"iss": None}, {"iss": "http://other.example"}, {"sub": None}, {"sub": "root"}, {"role": "service_role"},
              {"is_anonymous": True}]
    good = forged(alg)
    texts = [forged(header) for header in headers] + [forged(alg, **change) for change in claims] + [
        forged(alg, b"another-secret-of-enough-bytes-to-be-one"), forged(alg | {"kid": "../../dev/null"}, b"\0"),
        good.rpartition(".")[0], good.rpartition(".")[0] + ".", good + ".", good + ".AA", good + "=", "." + good]
    return ["Bearer " + text for text in texts] + ["", "Bearer", "Bearer  " + good, "Basic YTpi", good]


def test_whatever_is_wrong_with_a_token_is_told_alike(start, mock):
    alone = start()
    session = requests.Session()
    good = {"Authorization": "Bearer " + forged({"alg": "HS256", "typ": "JWT"})}
    assert session.post(alone.url + "/v1/parcels", json=PARCEL, headers=good, timeout=20).status_code == 202
    absent = session.post(alone.url + "/v1/parcels", json=PARCEL, timeout=20)
    assert absent.status_code == 401 and absent.headers["WWW-Authenticate"].startswith("Bearer")
    for value in refused_values():
        reply = session.post(alone.url + "/v1/parcels", json=PARCEL, headers={"Authorization": value}, timeout=20)
        told = {name: text for name, text in reply.headers.items() if name != "Date"}
        wanted = {name: text for name, text in absent.headers.items() if name != "Date"}
        assert (reply.status_code, told, reply.content) == (401, wanted, absent.content), value[:200]


def test_one_who_asks_too_often_waits_alone(start):
    alone = start(COLIS_RATE_PER_SECOND="1", COLIS_RATE_BURST="2")
    busy, other = alone.person(), alone.person()
    statuses = [busy.post("/v1/parcels", PARCEL).status_code for _ in range(40)]
    assert statuses[:2] == [202, 202] and 429 in statuses[2:]
    assert other.post("/v1/parcels", PARCEL).status_code == 202


def bookings(*commands):
    return [f"/v1/bookings/{uuid.uuid4()}/{command}" for command in commands]


def test_commands_about_codes_are_few_an_hour_of_one_person(start):
    alone = start(COLIS_CODE_RATE="3")
    busy, other = alone.person(), alone.person()
    reissue, deliver = bookings("reissue-code", "deliver")
    hand_back = f"/v1/parcels/{uuid.uuid4()}/hand-back"
    assert busy.post(deliver, {"code": "toolong"}).status_code == 422  # what is not sent costs nothing
    assert busy.post(reissue, {"purpose": "pickup"}).status_code == 202
    assert busy.post(deliver, {"code": "000000"}).status_code == 202
    assert busy.post(hand_back, {"code": "000000"}).status_code == 202
    for path, body in ((deliver, {"code": "000001"}), (reissue, {"purpose": "pickup"}), (hand_back, {"code": "1"})):
        refused = busy.post(path, body)
        assert refused.status_code == 429 and 1100 < int(refused.headers["Retry-After"]) <= 1201
    assert busy.post("/v1/me/profile", {"name": "A", "email": "a@example.org", "language": "fr"}).status_code == 202
    assert other.post(deliver, {"code": "000000"}).status_code == 202


def test_a_503_or_504_costs_no_try_of_the_codes(start, mock):
    alone = start(COLIS_CODE_RATE="2", COLIS_KAFKA_DELIVERY_MS="2000", COLIS_KAFKA_LATE_MS="10")
    person, (deliver,) = alone.person(), bookings("deliver")

    def ask():
        return person.post(deliver, {"code": "000000"}, key="again").status_code
    mock.freeze()
    assert [ask() for _ in range(3)] == [504] * 3
    with open_post(alone, alone.person(), "held"):
        waiting(alone, 1)
        told = [ask() for _ in range(3)]
    assert 503 in told and set(told) <= {503, 504}
    mock.thaw()
    until(lambda: ask() == 202, 20, "it is stored again")
    assert [ask(), ask()] == [202, 429]  # and no more was given back than was taken


def test_a_recipient_commands_by_a_link(start, mock):
    alone = start()
    booking, key = uuid.uuid4(), handover.key("link_key")
    recipient, stranger = alone.person(), alone.person()
    recipient.bear(handover.link(key, booking, 2))
    taken = recipient.post(f"/v1/bookings/{booking}/reissue-code", {"purpose": "delivery"}, key="again")
    principal = handover.principal(booking, 2)
    assert taken.status_code == 202 and taken.json()["id"] == command_id(principal, "again")
    [(record_key, headers, _)] = records(mock, [taken.json()["id"]])[taken.json()["id"]]
    assert record_key.decode() == headers["ce_partitionkey"].decode() == headers["ce_principal"].decode() == principal
    assert headers["ce_role"] == b"recipient" and headers["ce_subject"].decode() == f"booking/{booking}"
    assert recipient.post(f"/v1/bookings/{booking}/confirm").status_code == 403  # early release is the payer's
    stranger.bear(handover.link(bytes(32), booking, 2))
    assert stranger.post(f"/v1/bookings/{booking}/reissue-code", {"purpose": "delivery"}).status_code == 401


def test_bare_replies_are_for_loopback_only(start):
    alone = start(COLIS_INGRESS_BARE="on")
    assert requests.post(alone.url + "/v1/parcels", timeout=10).status_code == 202
    assert "only with listen_host on loopback" in refused_start(alone, COLIS_INGRESS_BARE="on",
                                                                COLIS_LISTEN_HOST="0.0.0.0")


@pytest.mark.parametrize("change, reason", [
    ({"COLIS_TOKEN_SECRET_FILE": "", "COLIS_TOKEN_SECRET": "short"}, "at least 32 bytes"),
    ({"COLIS_TOKEN_SECRET_FILE": "", "COLIS_TOKEN_SECRET": ""}, "at least 32 bytes"),
    ({"COLIS_SERVER_KEY_FILE": "", "COLIS_SERVER_KEY": "short"}, "server_key"),
    ({"COLIS_LINK_KEY_FILE": "", "COLIS_LINK_KEY": "0001020304"}, "link_key"),
    ({"COLIS_LINK_KEY_FILE": ""}, "link_key"),
    ({"COLIS_TOKEN_ISSUER": ""}, "token_issuer"),
    ({"COLIS_TOKEN_ALGORITHM": "none"}, "token_algorithm"),
    ({"COLIS_TOKEN_ALGORITHM": "ES256", "COLIS_TOKEN_JWKS": os.devnull}, "token_jwks")])
def test_an_unsafe_setting_refuses_to_start(start, change, reason):
    assert reason in refused_start(start(), **change)


def refused_start(alone, **change):
    """The last line of the log of a second one that did not start."""
    settings = {name: text for name, text in (alone.program.settings | change).items() if text != "" or
                name == "COLIS_TOKEN_SECRET"}
    settings |= {"COLIS_LISTEN_PORT": "0", "COLIS_MANAGEMENT_PORT": "0"}
    second = type(alone.program)("ingress", settings, alone.program.log.with_name("second.log")).start()
    assert second.process.wait(ANSWER) != 0
    return second.last_lines(1)


def port_open(port):
    with socket.socket() as probe:
        return probe.connect_ex((places.HOST, port)) == 0
