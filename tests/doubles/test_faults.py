"""How the Flutterwave double fails on purpose when it is called."""
import threading
import time

import pytest
import requests
from harness.until import until
from provider import DOCUMENTED, Merchant


def create(merchant, **changed):
    return merchant.v3("POST", "/payments", merchant.payment(**changed))


@pytest.mark.parametrize("kind, done", [("503_before", 0), ("503_after", 1)])
def test_a_503_says_nothing_of_whether_it_was_done(merchant, kind, done):
    merchant.fault("create_link", kind)
    answer = create(merchant)
    assert answer.status_code == 503
    assert set(answer.json()) == DOCUMENTED and answer.json()["status"] == "error" and answer.json()["data"] is None
    assert len(merchant.say("GET", "/links")) == done
    assert create(merchant).status_code == 200


def test_a_payout_done_behind_a_503_is_found_by_its_reference(merchant):
    merchant.fault("transfer", "503_after")
    assert merchant.payout(reference="po-a").status_code == 503
    [found] = merchant.v3("GET", "/transfers?reference=po-a").json()["data"]
    assert found["status"] == "NEW"


def test_a_refund_done_behind_a_503_is_found_at_its_transaction(merchant):
    charge = merchant.paid()
    merchant.fault("refund", "503_after")
    assert merchant.refund(charge, {"amount": 500}).status_code == 503
    [found] = merchant.v3("GET", f"/transactions/{charge['id']}/refunds").json()["data"]
    assert found["amount_refunded"] == 500


def test_silence_lasts_twenty_eight_seconds_of_the_account_s_clock_then_503(merchant):
    answers = []
    merchant.fault("create_link", "silence")
    thread = threading.Thread(target=lambda: answers.append(create(merchant)))
    begun = merchant.say("GET", "")["now"]
    thread.start()
    until(lambda: merchant.say("GET", "/links"), what="the link made in silence")
    merchant.advance(27)
    early = bool(answers)
    assert not early or merchant.say("GET", "")["now"] - begun >= 28_000
    merchant.advance(1)
    until(lambda: answers, 20, "the answer")
    assert answers[0].status_code == 503


def test_a_client_that_gives_up_in_the_silence_has_still_been_served(merchant):
    merchant.fault("transfer", "silence", seconds=3600)
    with pytest.raises(requests.Timeout):
        merchant.v3("POST", "/transfers", timeout=0.2, body={
            "account_bank": "FMM", "account_number": "1", "amount": 5, "currency": "XOF", "reference": "po-a"})
    until(lambda: len(merchant.say("GET", "/transfers")) == 1, 20, "one transfer")


def test_silence_may_be_short_and_nothing_be_done_in_it(merchant):
    merchant.fault("create_link", "silence", seconds=0.05, done=False)
    begun = time.monotonic()
    assert create(merchant).status_code == 503 and time.monotonic() - begun >= 0.05
    assert merchant.say("GET", "/links") == []


@pytest.mark.parametrize("done", [True, False])
def test_the_connection_is_cut_without_a_reply(merchant, done):
    merchant.fault("create_link", "cut", done=done)
    with pytest.raises(requests.ConnectionError):
        create(merchant)
    assert len(merchant.say("GET", "/links")) == done
    assert merchant.say("GET", "/requests")[0]["status"] == 0


def test_too_many_requests_say_when_to_come_back(merchant):
    merchant.fault("verify", "429", retry_after=7)
    answer = merchant.v3("GET", "/transactions/1/verify")
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "7"


@pytest.mark.parametrize("kind, member, value", [
    ("wrong_amount", "amount", 10921), ("wrong_currency", "currency", "NGN"), ("missing_id", "id", None),
    ("wrong_reference", "tx_ref", "another-s")])
def test_a_verification_can_be_wrong_and_is_right_when_asked_again(merchant, kind, member, value):
    charge = merchant.paid()
    merchant.fault("verify", kind)
    assert merchant.verify(charge)["data"].get(member) == value
    assert merchant.verify(charge)["data"][member] == charge[member]


def test_a_link_can_come_without_its_address(merchant):
    merchant.fault("create_link", "missing_id")
    assert create(merchant).json()["data"] == {}


def test_a_payout_can_come_without_its_id(merchant):
    merchant.fault("transfer", "missing_id")
    assert "id" not in merchant.payout().json()["data"]


def test_the_webhook_is_answered_before_the_reply_to_create_comes(told, receiver):
    receiver.script = ["hold"]
    told.fault("create_link", "webhook_before_reply")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(create(told, tx_ref="bk-early")))
    thread.start()
    [body] = receiver.bodies(1)
    assert body["data"]["tx_ref"] == "bk-early" and not answers
    receiver.released.set()
    thread.join(10)
    assert answers[0].status_code == 200


@pytest.mark.parametrize("auto", [None, {"after": 5, "amount": 7}])
def test_an_early_webhook_is_of_the_only_payment(told, receiver, auto):
    told.say("PUT", "", {"auto_pay": auto})
    told.fault("create_link", "webhook_before_reply")
    assert create(told).status_code == 200
    told.advance(60)
    assert receiver.bodies(1)[0]["data"]["amount"] == (7 if auto else 10920)


def test_a_payout_and_a_refund_can_be_told_before_their_replies(told, receiver):
    charge = told.paid()
    told.quiet()
    told.say("PUT", "", {"auto_refunds": ""})
    for call in ("transfer", "refund"):
        told.fault(call, "webhook_before_reply")
    assert told.payout(reference="po-a").json()["data"]["status"] == "NEW"
    assert receiver.bodies(2)[1]["data"]["status"] == "SUCCESSFUL"
    assert told.refund(charge).json()["data"]["status"] == "pending"
    assert receiver.bodies(3)[2]["status"] == "completed"


def test_a_fault_waits_its_turn_and_ends_with_its_count(merchant):
    merchant.fault("create_link", "503_before", after=1, count=2)
    assert [create(merchant).status_code for _ in range(4)] == [200, 503, 503, 200]
    assert merchant.say("GET", "/faults") == []


def test_a_fault_is_not_spent_on_a_malformed_request(merchant):
    merchant.fault("create_link", "503_before")
    assert create(merchant, amount=0).status_code == 400
    assert create(merchant).status_code == 503


def test_chance_is_the_account_s_seed_and_nothing_else(process):
    def codes(seed):
        merchant = Merchant(process.url, seed=seed)
        merchant.fault("any", "503_before", count=-1, chance=50)
        found = [merchant.v3("GET", "/transactions/1/verify").status_code for _ in range(24)]
        merchant.forget()
        return found
    assert codes(1) == codes(1) != codes(2)
    assert set(codes(1)) == {400, 503}


def test_the_token_server_fails_too(merchant):
    merchant.fault("token", "503_before")
    assert [merchant.token().status_code for _ in range(2)] == [503, 200]


def test_every_request_is_on_record_with_its_fault_and_its_answer(merchant):
    merchant.fault("create_link", "503_after")
    asked = merchant.payment()
    merchant.v3("POST", "/payments", asked)
    [found] = merchant.say("GET", "/requests")
    assert (found["call"], found["fault"], found["status"]) == ("create_link", "503_after", 503)
    assert asked["tx_ref"] in found["body"] and "authorization" not in found["headers"]
