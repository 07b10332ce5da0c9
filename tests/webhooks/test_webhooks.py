"""What providers report, from the first byte of a request to the record on the topic."""
import base64
import concurrent.futures
import hashlib
import json
import signal
import socket
import struct
import subprocess
import time

import pytest
import requests
from conftest import OLD_SECRET, SECRET, hashed, raw, signed, told
from harness import places
from harness.program import Program
from harness.until import ANSWER, until

CHARGE = {"id": "wbk_1", "type": "charge.completed", "data": {
    "id": "chg_1", "amount": 2500.25, "currency": "XOF", "reference": "bk-1", "status": "succeeded",
    "customer": {"name": "Awa Ndiaye", "email": "awa@example.org", "phone": "+221770000000"}}}


def charge(name, **changes):
    """A v4 charge of its own, made now."""
    return CHARGE | {"id": name, "timestamp": int(time.time() * 1000)} | changes


def open_post(hooks, body):
    """A socket on which a webhook was sent and nothing read."""
    connection = socket.create_connection((places.HOST, hooks.port), timeout=20)
    connection.sendall(head(len(body), signed(body)) + body)
    return connection


def head(size, headers=None, framing="Content-Length: {}"):
    lines = ["POST /webhooks/flutterwave HTTP/1.1", "Host: a", framing.format(size)]
    lines += [f"{name}: {value}" for name, value in (headers or hashed()).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status_of(connection):
    return int(connection.makefile("rb").readline().split()[1])


# --- what is stored ---

def test_the_record_is_the_one_of_the_design(hooks, stored):
    body = charge("wbk_design")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    reply = hooks.post(body, signed(body) | {"traceparent": parent})
    assert reply.status_code == 200
    [message] = stored(reply)
    report = reply.json()["report"]
    assert message.key == report == message.headers["ce_partitionkey"]
    assert message.type == "report.record.v1" and message.subject == f"report/{report}"
    assert message.headers["ce_source"] == "/webhooks" and message.headers["ce_role"] == "webhook"
    assert message.headers["ce_dataschema"] == "/schemas/commands/report.record.v1"
    assert message.headers["traceparent"].split("-")[1] == parent.split("-")[1]
    assert not {"ce_principal", "ce_sequence", "ce_causationid", "ce_fingerprint"} & set(message.headers)
    said = json.loads(message.value)
    assert said.pop("occurred_at") and said == {
        "provider": "flutterwave", "event_kind": "charge", "event": "charge.completed", "provider_id": "chg_1",
        "reference": "bk-1", "status": "succeeded", "amount": "2500.25", "currency": "XOF",
        "digest": hashlib.sha256(raw(body)).hexdigest()}


def test_a_hundred_copies_at_once_are_all_answered_200_and_have_one_id(hooks, stored):
    body = raw(charge("wbk_hundred"))
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        replies = list(pool.map(lambda _: hooks.post(body), range(100)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.text for reply in replies}) == 1
    messages = stored(replies[0])
    assert len(messages) == 100
    assert len({(m.headers["ce_id"], m.key, m.partition, m.value) for m in messages}) == 1


def test_another_status_of_the_same_charge_is_another_report(hooks):
    event = {"event": "charge.completed", "data": {"id": 41, "tx_ref": "bk-2", "status": "pending"}}
    first = hooks.post(event, hashed())
    event["data"]["status"] = "successful"
    second = hooks.post(event, hashed())
    assert first.status_code == second.status_code == 200 and first.json() != second.json()


@pytest.mark.parametrize("body, kind", [
    (b"status=successful", "unreadable"), (b"", "unreadable"), (b'{"event":"charge.completed"', "unreadable"),
    (b'{"a":"\xff"}', "unreadable"), (b"[]", "unknown"), (b'{"hello":true}', "unknown"),
    (b'{"event":"subscription.cancelled","data":{"id":7}}', "unknown"),
    (b'{"type":"virtual_card.debit","data":{}}', "unknown")])
def test_what_nobody_can_read_is_kept(hooks, stored, body, kind):
    before = hooks.reports(kind)
    reply = hooks.post(body)
    assert reply.status_code == 200
    [message] = stored(reply)
    assert message.data["event_kind"] == kind and message.data["digest"] == hashlib.sha256(body).hexdigest()
    assert hooks.reports(kind) == before + 1


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain; charset=latin1"}, {"Content-Type": "x"},
                                     {"Accept": "text/html"}])
def test_however_the_provider_calls_its_body_it_is_taken(hooks, headers):
    assert hooks.post(charge("wbk_media"), hashed() | headers).status_code == 200


def test_nothing_of_a_person_is_on_the_topic_or_in_the_log(hooks, bus):
    assert hooks.post(charge("wbk_person")).status_code == 200
    hooks.post(charge("wbk_person_2"), hashed("not the secret"))
    seen = [message.value for message in bus.topics.read("commands")] + [hooks.program.log.read_bytes()]
    for word in (b"Ndiaye", b"awa@example.org", b"+22177", SECRET.encode(), OLD_SECRET.encode()):
        assert not [text for text in seen if word in text], word


# --- who sent it ---

def test_a_wrong_or_missing_signature_is_401_and_stored_nowhere(hooks, bus):
    body = charge("wbk_wrong")
    right, other = signed(body), signed(body, "another-secret-of-somebody")
    ends, unsigned, wrong = bus.topics.ends("commands"), hooks.refused("unsigned"), hooks.refused("wrong_signature")
    rows = [other, hashed("wrong"), hashed(""), right | hashed("wrong"), hashed() | other,
            {"flutterwave-signature": SECRET}, {"flutterwave-signature": ""}]
    for headers in rows:
        assert hooks.post(body, headers).status_code == 401, headers
    assert hooks.post(body, {}).status_code == 401
    assert hooks.post(body, {"Authorization": f"Bearer {SECRET}"}).status_code == 401
    assert hooks.refused("unsigned") == unsigned + 2 and hooks.refused("wrong_signature") == wrong + len(rows)
    assert bus.topics.ends("commands") == ends


def test_a_body_changed_by_one_byte_is_401(hooks, bus):
    body = raw(charge("wbk_changed"))
    headers = signed(body)
    ends = bus.topics.ends("commands")
    for at in range(0, len(body), 7):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        assert hooks.post(changed, headers).status_code == 401
    assert hooks.post(body + b" ", headers).status_code == 401
    assert bus.topics.ends("commands") == ends
    assert hooks.post(body, headers).status_code == 200


def test_both_secrets_are_good_while_one_takes_over(hooks):
    body = charge("wbk_rotation")
    for headers in (signed(body), signed(body, OLD_SECRET), hashed(), hashed(OLD_SECRET)):
        assert hooks.post(body, headers).status_code == 200
    assert hooks.post(body, hashed(f"{SECRET} {OLD_SECRET}")).status_code == 401


def test_a_header_that_stands_twice_is_400(hooks):
    body = raw(charge("wbk_twice"))
    with socket.create_connection((places.HOST, hooks.port), timeout=20) as connection:
        connection.sendall(head(len(body)).replace(b"\r\n\r\n", b"\r\nverif-hash: x\r\n\r\n") + body)
        assert status_of(connection) == 400


@pytest.mark.parametrize("mode, holds", [
    ("hmac_hex", lambda tag: base64.b64decode(tag).hex()), ("literal", lambda _: SECRET)])
def test_the_setting_says_what_the_signature_holds(start, mode, holds):
    hooks = start(COLIS_FLUTTERWAVE_SIGNATURE=mode)
    body = charge("wbk_mode")
    value = holds(signed(body)["flutterwave-signature"])
    assert hooks.post(body, {"flutterwave-signature": value}).status_code == 200
    assert hooks.post(body, signed(body)).status_code == 401


# --- how old, how large, how addressed ---

@pytest.mark.parametrize("hours, status", [(-1.7, 200), (-167, 200), (-169, 400), (-24 * 400, 400), (0.07, 200),
                                           (0.1, 400), (24 * 400, 400)])
def test_a_v4_event_of_another_week_or_of_the_future_is_400(hooks, hours, status):
    before = hooks.refused("stale")
    body = charge("wbk_old", timestamp=int((time.time() + hours * 3600) * 1000))
    assert hooks.post(body).status_code == status
    assert hooks.refused("stale") == before + (status == 400)


def test_a_mebibyte_is_413_before_it_is_read(hooks):
    with socket.create_connection((places.HOST, hooks.port), timeout=20) as connection:
        connection.sendall(head(1 << 20))
        assert status_of(connection) == 413
    with socket.create_connection((places.HOST, hooks.port), timeout=20) as connection:
        connection.sendall(head(0, framing="Transfer-Encoding: chunked"))
        try:
            for _ in range(16):
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass  # it has been told already, and closed
        assert status_of(connection) == 413


def test_the_largest_body_is_taken_and_one_byte_more_is_not(hooks):
    largest = raw(charge("wbk_large")).ljust(262144)
    assert hooks.post(largest).status_code == 200
    assert hooks.post(largest + b" ").status_code == 413


def test_only_a_post_to_its_path_is_a_webhook(hooks):
    reply = requests.get(hooks.url, headers=hashed(), timeout=10)
    assert reply.status_code == 405 and reply.headers["Allow"] == "POST"
    assert requests.post(hooks.url + "/x", data=b"{}", headers=hashed(), timeout=10).status_code == 404


# --- when the broker has it, and when it has not ---

def opened(hooks, before):
    """One more request is being handled than before: its body is in."""
    until(lambda: hooks.program.metric("colis_webhooks_open_records") == before + 1, 10, "a record on its way")


def test_nobody_is_told_200_before_the_broker_has_it(start, mock):
    hooks = start()
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_frozen")))
    opened(hooks, 0)
    connection.setblocking(False)
    with pytest.raises(BlockingIOError):
        connection.recv(1)
    connection.settimeout(20)
    mock.thaw()
    assert status_of(connection) == 200


def test_a_record_nobody_acknowledged_is_503(start, mock):
    hooks = start(COLIS_KAFKA_DELIVERY_MS="1000", COLIS_KAFKA_LATE_MS="500")
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_lost")))
    assert status_of(connection) == 503
    assert hooks.refused("unknown_outcome") == 1
    mock.thaw()
    until(lambda: hooks.post(charge("wbk_lost")).status_code == 200, 20, "taken again")


def test_while_the_broker_is_late_new_ones_are_503_at_once(start, mock):
    hooks = start(COLIS_KAFKA_LATE_MS="100")
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_late")))
    until(lambda: hooks.program.probe()[0] == 503, 10, "not ready")
    reply = hooks.post(charge("wbk_late_2"))
    assert reply.status_code == 503 and int(reply.headers["Retry-After"]) >= 1
    assert hooks.refused("not_sent") == 1
    mock.thaw()
    assert status_of(connection) == 200


def test_before_a_broker_answers_it_is_alive_but_not_ready_and_says_503(start):
    hooks = start(ready=False, COLIS_KAFKA_BROKERS=f"{places.HOST}:1", COLIS_CHECK_TOPICS="on")
    until(lambda: "no broker answers" in hooks.program.probe()[1], 10, "its own word")
    assert hooks.program.probe("/healthz")[0] == 200
    assert hooks.post(charge("wbk_nobody")).status_code == 503
    assert hooks.post(charge("wbk_nobody"), {}).status_code == 401


def test_an_open_request_is_answered_before_it_ends(start, mock):
    hooks = start()
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_end")))
    opened(hooks, 0)
    hooks.program.signal(signal.SIGTERM)
    until(lambda: not port_open(hooks.port), 10, "no new connection")
    mock.thaw()
    assert status_of(connection) == 200
    hooks.program.stop()


def test_at_its_deadline_who_still_waits_is_told_503(start, mock):
    hooks = start(COLIS_SERVICE_DEADLINE_MS="2000", COLIS_KAFKA_DELIVERY_MS="60000")
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_deadline")))
    opened(hooks, 0)
    hooks.program.stop()
    assert status_of(connection) == 503


def test_a_client_that_goes_changes_nothing_about_its_record(start, mock):
    hooks = start()
    mock.freeze()
    connection = open_post(hooks, raw(charge("wbk_gone")))
    opened(hooks, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    mock.thaw()
    until(lambda: hooks.reports("charge") == 1, 10, "stored all the same")
    assert hooks.post(charge("wbk_gone")).status_code == 200


def port_open(port):
    with socket.socket() as probe:
        return probe.connect_ex((places.HOST, port)) == 0


# --- how it starts ---

@pytest.mark.parametrize("change, reason", [
    ({"COLIS_FLUTTERWAVE_SECRETS": ""}, "flutterwave_secrets"),
    ({"COLIS_FLUTTERWAVE_SECRETS": None}, "flutterwave_secrets: must be set"),
    ({"COLIS_FLUTTERWAVE_SECRETS": "fifteen-letters"}, "flutterwave_secrets"),
    ({"COLIS_FLUTTERWAVE_SECRETS": "                    "}, "there is none"),
    ({"COLIS_FLUTTERWAVE_SECRETS": f"{SECRET} short"}, "a secret has 5 bytes"),
    ({"COLIS_FLUTTERWAVE_SECRETS": " ".join([SECRET] * 5)}, "more than 4 secrets"),
    ({"COLIS_FLUTTERWAVE_SIGNATURE": "none"}, "flutterwave_signature")])
def test_an_unsafe_setting_refuses_to_start(tmp_path, change, reason):
    settings = {name: text for name, text in (told() | change).items() if text is not None}
    program = Program("webhooks", settings, tmp_path / "refused.log").start()
    assert program.process.wait(ANSWER) in (1, 2)
    line = program.last_lines(1)
    assert reason in line and SECRET not in line and "fifteen" not in line


def test_a_secret_as_a_flag_is_refused_without_showing_it(tmp_path):
    program = Program("webhooks", told(), tmp_path / "flag.log")
    answer = subprocess.run([places.binary("webhooks"), f"--flutterwave-secrets={SECRET}"], env=program.settings,
                            capture_output=True, text=True, timeout=ANSWER)
    assert answer.returncode == 2 and SECRET not in answer.stderr
