"""What the Flutterwave double demands of a request and answers to a right one (v3 and v4)."""
import socket

import pytest
import requests
from harness import places
from provider import CUSTOMER, DOCUMENTED, Merchant

WRONG_PAYMENTS = {
    "tx_ref": [None, "", 7], "amount": [None, 0, -1, "12,5", "-3", True, "1e3", 10920.5, "0.10"],
    "currency": [None, "FCFA", "xof"],
    "redirect_url": [None, "back", "ftp://localhost/x"], "customer": [None, {}, {"email": "nobody"}, "awa@example.org"]}


@pytest.mark.parametrize("member, value", [(member, value) for member in WRONG_PAYMENTS
                                           for value in WRONG_PAYMENTS[member]])
def test_a_link_is_refused_and_recorded_when_a_member_is_not_as_documented(merchant, member, value):
    answer = merchant.v3("POST", "/payments", merchant.payment(**{member: value}))
    assert answer.status_code == 400 and answer.json()["status"] == "error" and answer.json()["data"] is None
    assert merchant.violations()
    assert merchant.say("GET", "/links") == []


def test_a_right_link_is_answered_with_a_hosted_page_and_violates_nothing(merchant):
    answer = merchant.v3("POST", "/payments", merchant.payment(amount="10920", session_duration=30))
    assert answer.status_code == 200 and set(answer.json()) == DOCUMENTED
    page = requests.get(answer.json()["data"]["link"], timeout=10)
    assert page.status_code == 200 and "10920 XOF" in page.text
    assert merchant.violations() == []


def test_an_unknown_member_is_recorded_though_the_link_is_made(merchant):
    merchant.link(colour="blue", customer={**CUSTOMER, "shoe": 42})
    assert merchant.violations() == ["unknown member colour", "unknown member customer.shoe"]


@pytest.mark.parametrize("amount, currency", [("12.345", "EUR"), (12.5, "XAF"), ("0.001", "XOF")])
def test_more_digits_than_the_currency_has_are_refused(merchant, amount, currency):
    answer = merchant.v3("POST", "/payments", merchant.payment(amount=amount, currency=currency))
    assert answer.status_code == 400 and "digits" in answer.json()["message"]


def test_an_amount_comes_back_to_the_last_digit_in_plain_text(merchant):
    charge = merchant.paid(amount="12345678901.25", currency="EUR")
    text = merchant.v3("GET", f"/transactions/{charge['id']}/verify").text
    assert '"amount":12345678901.25,' in text


def test_a_tx_ref_is_taken_once(merchant):
    tx_ref = merchant.link()
    answer = merchant.v3("POST", "/payments", merchant.payment(tx_ref=tx_ref))
    assert answer.status_code == 400 and set(answer.json()) == DOCUMENTED and "tx_ref" in answer.json()["message"]
    assert merchant.violations() == []


@pytest.mark.parametrize("content, data", [
    ("text/plain", b"{}"), ("application/json", b"{"), ("application/json", b"[]"), ("application/json", b"{}\xff"),
    ("application/json", b'{"tx_ref":"a","tx_ref":"b"}'), ("application/json", b'{"amount":NaN}'),
    ("application/json", b'{"amount":1e999999999}')])
def test_a_body_that_is_no_json_object_is_refused_and_recorded(merchant, content, data):
    assert merchant.v3("POST", "/payments", headers={"Content-Type": content}, data=data).status_code == 400
    assert len(merchant.violations()) == 1


@pytest.mark.parametrize("key", ["FLWSECK-nobody", "nothing", "FLWSECK-"])
def test_a_key_of_nobody_is_401_and_recorded_beside_the_accounts(merchant, key):
    path = f"/transactions/{merchant.name}/verify"
    assert merchant.v3("GET", path, key=key).status_code == 401
    stray = requests.get(merchant.url + "/control/violations", timeout=10).json()
    assert any(violation["path"] == "/v3" + path for violation in stray)
    assert merchant.say("GET", "/requests") == []


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/payments", 405), ("POST", "/transactions/1/verify", 405), ("GET", "/payment", 404),
    ("GET", "/transactions/one/verify", 400), ("GET", "/transactions/verify_by_reference", 400)])
def test_a_call_nobody_documents_is_refused_and_recorded(merchant, method, path, status):
    assert merchant.v3(method, path).status_code == status
    assert len(merchant.violations()) == 1


def test_a_transaction_is_verified_by_id_and_by_reference(merchant):
    tx_ref = merchant.link()
    charge = merchant.say("POST", f"/links/{tx_ref}/pay", {"fee": 328})
    for path in (f"/transactions/{charge['id']}/verify", f"/transactions/verify_by_reference?tx_ref={tx_ref}"):
        data = merchant.v3("GET", path).json()["data"]
        assert (data["id"], data["tx_ref"], data["status"]) == (charge["id"], tx_ref, "successful")
        assert (data["amount"], data["currency"], data["app_fee"], data["amount_settled"]) == (10920, "XOF", 328, 10592)


def test_the_customer_bears_a_fee_beside_the_amount(merchant):
    charge = merchant.paid({"fee": 100, "bearer": "customer"})
    data = merchant.verify(charge)["data"]
    assert (data["amount"], data["charged_amount"], data["amount_settled"]) == (10920, 11020, 10920)


def test_what_was_not_paid_is_not_found_in_the_documented_words(merchant):
    tx_ref = merchant.link()
    answer = merchant.v3("GET", f"/transactions/verify_by_reference?tx_ref={tx_ref}")
    assert answer.status_code == 400
    assert answer.json() == {"status": "error", "message": "No transaction was found for this id", "data": None}
    assert merchant.violations() == []


def test_a_failed_attempt_after_a_paid_one_does_not_hide_it(merchant):
    tx_ref = merchant.link()
    merchant.say("POST", f"/links/{tx_ref}/pay", {"status": "failed"})
    paid = merchant.say("POST", f"/links/{tx_ref}/pay", {})
    merchant.say("POST", f"/links/{tx_ref}/pay", {"status": "failed"})
    assert merchant.v3("GET", f"/transactions/verify_by_reference?tx_ref={tx_ref}").json()["data"]["id"] == paid["id"]
    assert len(merchant.v3("GET", f"/transactions?tx_ref={tx_ref}").json()["data"]) == 3


def test_a_pending_payment_settles_when_its_time_comes(merchant):
    charge = merchant.paid({"status": "pending", "settle_after": 300})
    assert merchant.verify(charge)["data"]["status"] == "pending"
    assert merchant.refund(charge).status_code == 400
    merchant.advance(301)
    assert merchant.verify(charge)["data"]["status"] == "successful"


def test_the_hosted_page_takes_the_payment_and_goes_back_with_a_hint(merchant):
    link = merchant.v3("POST", "/payments", merchant.payment(tx_ref="hosted")).json()["data"]["link"]
    back = requests.post(link, data={"status": "successful"}, allow_redirects=False, timeout=10)
    assert back.status_code == 303
    [charge] = merchant.say("GET", "/charges")
    hint = f"status=successful&tx_ref=hosted&transaction_id={charge['id']}"
    assert back.headers["Location"] == f"http://localhost/back?{hint}"


def test_a_link_ends_with_its_session(merchant):
    link = merchant.v3("POST", "/payments", merchant.payment(session_duration=30)).json()["data"]["link"]
    merchant.advance(31 * 60)
    assert requests.get(link, timeout=10).status_code == 410
    assert requests.post(link, timeout=10).status_code == 410
    assert merchant.say("GET", "/charges") == []


def test_refunds_go_as_far_as_what_is_left_and_can_be_asked_for(merchant):
    charge = merchant.paid()
    first = merchant.refund(charge, {"amount": 7800, "comments": "cancelled"}).json()["data"]
    assert (first["tx_id"], first["amount_refunded"], first["status"]) == (charge["id"], 7800, "completed")
    assert merchant.refund(charge, {"amount": 3121}).status_code == 400
    second = merchant.refund(charge).json()["data"]
    assert second["amount_refunded"] == 3120
    assert merchant.refund(charge).status_code == 400
    for path in (f"/transactions/{charge['id']}/refunds", f"/refunds?id={charge['id']}"):
        assert [each["id"] for each in merchant.v3("GET", path).json()["data"]] == [second["id"], first["id"]]
    assert merchant.v3("GET", f"/refunds/{first['id']}").json()["data"] == first
    assert merchant.violations() == []


@pytest.mark.parametrize("note, charge_is", [("comments", "tx_id"), ("comment", "transaction_id"), ("", "tx_id")])
def test_a_refund_reads_in_either_of_its_documented_shapes(process, note, charge_is):
    merchant = Merchant(process.url, refund_note=note)
    charge = merchant.paid()
    made = merchant.refund(charge, {"amount": 20, "comments": "why"}).json()["data"]
    for path in (f"/transactions/{charge['id']}/refunds", f"/refunds?id={charge['id']}", f"/refunds/{made['id']}"):
        data = merchant.v3("GET", path).json()["data"]
        read = data[0] if isinstance(data, list) else data
        assert {name: read[name] for name in ("comments", "comment") if name in read} == ({note: "why"} if note else {})
        assert read[charge_is] == charge["id"] and len({"tx_id", "transaction_id"} & set(read)) == 1
    merchant.forget()


def test_a_pending_refund_ends_as_it_is_said(process):
    merchant = Merchant(process.url, auto_refunds="")
    charge = merchant.paid()
    one, other = (merchant.refund(charge, {"amount": 100}).json()["data"] for _ in range(2))
    assert one["status"] == other["status"] == "pending"
    assert (merchant.book()["reserved"], merchant.book()["balance"]) == (200, 10920)
    merchant.say("POST", f"/refunds/{one['id']}/complete", {})
    merchant.say("POST", f"/refunds/{other['id']}/fail", {})
    assert [merchant.v3("GET", f"/refunds/{each['id']}").json()["data"]["status"] for each in (one, other)] == \
        ["completed", "failed"]
    assert (merchant.book()["reserved"], merchant.book()["balance"]) == (0, 10820)
    assert merchant.refund(charge).json()["data"]["amount_refunded"] == 10820
    merchant.forget()


def test_a_payout_is_new_then_as_said_and_found_by_its_reference(merchant):
    made = merchant.payout(reference="po-a").json()["data"]
    assert (made["status"], made["reference"], made["amount"]) == ("NEW", "po-a", 1950)
    merchant.say("POST", "/transfers/po-a/complete", {"fee": 50})
    data = merchant.v3("GET", f"/transfers/{made['id']}").json()["data"]
    assert (data["status"], data["fee"]) == ("SUCCESSFUL", 50)
    assert merchant.v3("GET", "/transfers?reference=po-a").json()["data"] == [data]
    assert merchant.v3("GET", "/transfers?reference=po-b").json()["data"] == []
    assert merchant.violations() == []


def test_a_payout_s_reference_is_taken_once(merchant):
    merchant.payout(reference="po-a")
    assert merchant.payout(reference="po-a").status_code == 400
    assert len(merchant.say("GET", "/transfers")) == 1


@pytest.mark.parametrize("member", ["account_bank", "account_number", "amount", "currency", "reference"])
def test_a_payout_without_a_member_is_refused_and_recorded(merchant, member):
    asked = {"account_bank": "044", "account_number": "0690000040", "amount": 1, "currency": "XOF", "reference": "r"}
    del asked[member]
    assert merchant.v3("POST", "/transfers", asked).status_code == 400
    assert merchant.violations() == [f"{member} is missing"]


@pytest.mark.parametrize("suffix, minutes, status", [("_PMCK", 10, "SUCCESSFUL"), ("_PMCK_ST_F", 10, "FAILED"),
                                                     ("_PMCKDU_1", 1, "SUCCESSFUL")])
def test_the_documented_test_references_of_payouts_work(merchant, suffix, minutes, status):
    merchant.payout(reference="po" + suffix)
    merchant.advance(minutes * 60 - 5)
    assert merchant.say("GET", "/transfers")[0]["status"] == "NEW"
    merchant.advance(6)
    assert merchant.say("GET", "/transfers")[0]["status"] == status


def test_a_payout_beyond_the_balance_fails_when_the_account_may_not_owe(process):
    merchant = Merchant(process.url, overdraft=False, auto_transfers="successful")
    merchant.paid()
    assert merchant.payout(amount=10921).status_code == 200
    merchant.payout(amount=10920)
    merchant.advance(1)
    assert [transfer["status"] for transfer in merchant.say("GET", "/transfers")] == ["FAILED", "SUCCESSFUL"]
    assert merchant.book()["balance"] == 0
    merchant.forget()


def test_v4_shows_the_same_charge_payout_and_refund(merchant):
    charge = merchant.paid(tx_ref="bk-v4")
    refund = merchant.refund(charge, {"amount": 20}).json()["data"]
    payout = merchant.payout(reference="po-v4").json()["data"]
    data = merchant.v4("GET", f"/charges/chg_{charge['id']}").json()["data"]
    assert (data["reference"], data["status"], data["amount"]) == ("bk-v4", "succeeded", 10920)
    assert merchant.v4("GET", "/charges?reference=bk-v4").json()["data"] == [data]
    data = merchant.v4("GET", f"/transfers/trf_{payout['id']}").json()["data"]
    assert (data["reference"], data["status"]) == ("po-v4", "NEW")
    assert merchant.v4("GET", "/transfers?reference=po-v4").json()["data"] == [data]
    data = merchant.v4("GET", f"/refunds/rfd_{refund['id']}").json()["data"]
    assert (data["amount_refunded"], data["charge_id"]) == (20, f"chg_{charge['id']}")
    assert merchant.v4("GET", "/charges/chg_1").status_code == 404
    assert merchant.violations() == []


def test_a_get_with_a_body_is_refused_and_recorded(merchant):
    assert merchant.v3("GET", "/transfers", {}).status_code == 400
    assert merchant.violations() == ["a GET with a body"]


def test_a_payout_the_bank_has_is_pending_and_still_ends(merchant):
    merchant.payout(reference="po-a")
    merchant.say("POST", "/transfers/po-a/pend", {})
    assert merchant.v3("GET", "/transfers?reference=po-a").json()["data"][0]["status"] == "PENDING"
    merchant.say("POST", "/transfers/po-a/pend", {}, status=409)
    assert merchant.say("POST", "/transfers/po-a/complete", {})["status"] == "SUCCESSFUL"


def test_a_payout_from_another_currency_is_refused(merchant):
    assert merchant.payout(debit_currency="EUR").status_code == 400
    assert merchant.payout(debit_currency="XOF").status_code == 200


def test_a_token_needs_the_right_secret_and_lives_ten_minutes(merchant):
    assert merchant.token(client_secret="wrong").status_code == 401
    assert merchant.token(grant_type="password").status_code == 400
    answer = merchant.token()
    assert answer.json()["expires_in"] == 600 and answer.json()["token_type"] == "Bearer"
    token = answer.json()["access_token"]
    assert merchant.v4("GET", "/charges", token=token).status_code == 200
    merchant.advance(601)
    assert merchant.v4("GET", "/charges", token=token).status_code == 401


def test_a_refund_of_v4_with_the_same_key_happens_once(merchant):
    charge = merchant.paid()
    asked = {"amount": 100, "reason": "duplicate", "charge_id": f"chg_{charge['id']}"}
    key = {"X-Idempotency-Key": "refund-0000001"}
    first, again = (merchant.v4("POST", "/refunds", asked, **key) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert "X-Idempotency-Cache-Hit" not in first.headers and again.headers["X-Idempotency-Cache-Hit"] == "true"
    assert len(merchant.say("GET", "/refunds")) == 1


@pytest.mark.parametrize("raw", [
    b"\0" * 40 + b"\r\n\r\n", b"GET /healthz\r\n\r\n", b"POST /v3/payments HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /v3/payments HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"GET /healthz HTTP/1.1\r\na" * 9000,
    b"GET /healthz HTTP/1.1\r\nA: 1\r\na: 2\r\n\r\n"])
def test_what_is_no_request_is_400_and_the_next_one_is_served(process, raw):
    with socket.create_connection((places.HOST, process.port), timeout=10) as wire:
        wire.sendall(raw)
        assert wire.recv(100).startswith(b"HTTP/1.1 400 ")
    assert process.answers()


def test_accounts_share_nothing(process, merchant):
    other = Merchant(process.url)
    other.fault("any", "503_before", count=-1)
    charge = merchant.paid(tx_ref="shared")
    merchant.advance(3600)
    assert other.say("GET", "")["now"] < merchant.say("GET", "")["now"] - 3_500_000
    assert other.say("GET", "/book")["currencies"] == {}
    other.say("DELETE", "/faults")
    assert other.v3("GET", f"/transactions/{charge['id']}/verify").status_code == 400
    assert other.link(tx_ref="shared", customer=CUSTOMER) == "shared"
    other.forget()


def test_what_the_control_does_not_know_is_said(merchant):
    assert "no setting" in merchant.say("PUT", "", {"colour": "blue"}, status=400)["error"]
    assert "no setting" in merchant.say("PUT", "", {"webhook_version": "v5"}, status=400)["error"]
    assert "no fault" in merchant.say("POST", "/faults", {"call": "webhook", "kind": "cut"}, status=400)["error"]
    assert "amount must" in merchant.say("PUT", "", {"payout_fee": "much"}, status=400)["error"]
    assert "does not take" in merchant.say("POST", f"/links/{merchant.link()}/pay", {"colour": 1}, status=400)["error"]
    assert "no link" in merchant.say("POST", "/links/none/pay", {}, status=404)["error"]
