"""From a webhook to the fact everybody reads: decided once, published once, kept as a row."""
import concurrent.futures
import json
import time

import pytest
from conftest import Hooks, hashed
from harness import places
from harness.bus import Bus
from harness.until import until


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Webhooks, projector and relay, on topics and tables of their own."""
    with Bus(tmp_path_factory.mktemp("report"), programs=("projector", "relay", "webhooks")) as made:
        yield made


@pytest.fixture(scope="module")
def posting(whole):
    secret = open(places.secret_file("flutterwave_secrets")).read().strip()
    hooks = Hooks(whole.webhooks)
    return lambda body: hooks.post(body, hashed(secret))


def test_a_hundred_copies_are_one_fact_one_verdict_and_one_row(whole, posting):
    body = (b'{"event":"charge.completed","data":{"id":77,"tx_ref":"bk-77","status":"successful","amount":12.50,'
            b'"currency":"EUR","customer":{"name":"Awa Ndiaye"}}}')
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: posting(body), range(100)))
    assert {reply.status_code for reply in replies} == {200}
    report = replies[0].json()["report"]
    [fact] = whole.topics.await_facts("payment", f"report/{report}")
    assert fact.type == "report.recorded.v1" and fact.key == report and fact.version == 1
    assert fact.headers["ce_role"] == "webhook" and "ce_principal" not in fact.headers
    said = json.loads(fact.value)
    assert said["state"] == "recorded" and said["event_kind"] == "charge" and said["amount"] == "12.50"
    assert "Ndiaye" not in fact.value.decode()
    drained(whole)
    assert len(whole.topics.of("payment", f"report/{report}")) == 1
    verdicts = whole.rows("select accepted, fact_count, principal from bus.verdict where subject = %s", report)
    assert verdicts == [(True, 1, None)]
    assert whole.rows("select version, state, provider_id, amount, reference from state.report where id = %s",
                      report) == [(1, "recorded", "77", "12.50", "bk-77")]


def test_what_nobody_can_read_is_a_fact_too(whole, posting):
    for body, kind in ((b"status=successful", "unreadable"), (b'{"hello":true}', "unknown")):
        report = posting(body).json()["report"]
        [fact] = whole.topics.await_facts("payment", f"report/{report}")
        assert json.loads(fact.value)["event_kind"] == kind


def test_a_much_later_copy_meets_its_verdict(whole, posting):
    now = int(time.time() * 1000)
    event = {"type": "charge.completed", "id": "wbk_late", "timestamp": now, "data": {"id": "chg_9"}}
    report = posting(event).json()["report"]
    whole.topics.await_facts("payment", f"report/{report}")
    whole.projector.stop()
    whole.projector.start().await_ready()
    assert posting(event).json()["report"] == report
    drained(whole)
    assert len(whole.topics.of("payment", f"report/{report}")) == 1


def drained(whole):
    """Every command there is has been decided, and every fact published."""
    end = sum(whole.topics.ends("commands").values())
    place = "select sum(next) from bus.position where reader = 'projector'"
    until(lambda: whole.value(place) >= end, 20, "all decided")
    until(lambda: whole.value("select count(*) from bus.outbox") == 0, 20, "all published")
