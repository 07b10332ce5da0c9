"""The provider's own book, and what of it outlives a kill."""
import concurrent.futures
import random

import pytest
import requests
from harness.until import until
from provider import Merchant, Process


@pytest.fixture
def mortal(tmp_path):
    process = Process(tmp_path).start()
    yield process
    process.kill()


def test_the_worked_example_of_a_cancelled_booking_leaves_what_it_says(merchant):
    charge = merchant.paid({"fee": 328})
    merchant.refund(charge, {"amount": 7800})
    merchant.say("PUT", "", {"payout_fee": 50})
    merchant.payout(amount=1950, reference="po-a")
    assert (merchant.book()["balance"], merchant.book()["reserved"]) == (2792, 2000)
    merchant.say("POST", "/transfers/po-a/complete", {})
    book = merchant.book()
    assert (book["balance"], book["reserved"], book["accounts"]["income"]) == (792, 0, 378)
    assert [each["fee"] for each in book["charges"] + book["transfers"]] == [328, 50]


def test_a_failed_payout_costs_nothing_and_a_reversed_one_its_fee(process):
    merchant = Merchant(process.url, payout_fee=50)
    merchant.paid()
    for reference, ends in (("po-a", ("fail",)), ("po-b", ("complete", "reverse"))):
        merchant.payout(reference=reference)
        for end in ends:
            merchant.say("POST", f"/transfers/{reference}/{end}", {})
    book = merchant.book()
    assert (book["balance"], [each["fee"] for each in book["transfers"]]) == (10920 - 50, [0, 50])
    merchant.forget()


def test_a_refund_that_fails_once_it_was_completed_gives_its_amount_back(merchant):
    charge = merchant.paid()
    refund = merchant.refund(charge, {"amount": 1000}).json()["data"]
    merchant.say("POST", f"/refunds/{refund['id']}/complete", {}, status=409)
    merchant.say("POST", f"/refunds/{refund['id']}/fail", {})
    merchant.say("POST", f"/refunds/{refund['id']}/fail", {}, status=409)
    assert merchant.book()["balance"] == 10920
    assert merchant.refund(charge, {"amount": 10920}).status_code == 200


def test_a_chargeback_takes_its_amount_and_gives_it_back_when_won(merchant):
    charge = merchant.paid()
    won, lost = (merchant.say("POST", f"/charges/{charge['id']}/chargebacks", {"amount": 1000, "fee": 10})
                 for _ in range(2))
    assert merchant.book()["balance"] == 10920 - 2020
    merchant.say("POST", f"/chargebacks/{won['id']}/won", {})
    merchant.say("POST", f"/chargebacks/{lost['id']}/lost", {})
    assert merchant.book()["balance"] == 10920 - 1020
    assert merchant.refund(charge, {"amount": 9921}).status_code == 400
    assert merchant.refund(charge, {"amount": 9920}).status_code == 200


def test_every_currency_has_a_balance_of_its_own(merchant):
    merchant.paid({"amount": "12.34", "currency": "EUR"})
    merchant.paid({"currency": "XAF"})
    assert [merchant.book(currency)["balance_minor"] for currency in ("EUR", "XAF")] == [1234, 10920]


def test_a_failed_or_pending_charge_is_in_the_list_and_not_in_the_balance(merchant):
    for status in ("failed", "pending"):
        merchant.paid({"status": status})
    assert merchant.book()["balance"] == 0 and len(merchant.book()["charges"]) == 2


def test_a_payment_that_belongs_to_no_link_is_money_all_the_same(told, receiver):
    told.say("POST", "/charges", {"tx_ref": "nobody-s", "amount": 500, "currency": "XOF"})
    assert receiver.bodies(1)[0]["data"]["tx_ref"] == "nobody-s" and told.book()["balance"] == 500


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_balance_is_what_was_done(process, seed):
    """A second sum, from the lists alone, beside the journals."""
    chance, merchant = random.Random(seed), Merchant(process.url, seed=seed, charge_fee_percent="1.5", payout_fee=25)
    merchant.fault("any", "503_after", count=-1, chance=30)
    for _ in range(40):
        step(merchant, chance)
    book = merchant.book()
    assert book["balanced"] and book["balance"] == expected(book)
    merchant.forget()


def step(merchant, chance):
    charges = merchant.say("GET", "/charges")
    what = chance.choice(["pay", "pay", "refund", "payout", "end", "chargeback"])
    if what == "pay" or not charges:
        asked = merchant.payment(amount=chance.randint(100, 99_999))
        merchant.v3("POST", "/payments", asked)
        merchant.say("POST", f"/links/{asked['tx_ref']}/pay", {"status": chance.choice(["successful", "failed"])})
    elif what == "refund":
        merchant.refund(chance.choice(charges), {"amount": chance.randint(1, 50_000)})
    elif what == "payout":
        merchant.payout(amount=chance.randint(1, 5000))
    else:
        control(merchant, what, chance, charges)


def control(merchant, what, chance, charges):
    """Something a bank does; it may refuse."""
    transfers = merchant.say("GET", "/transfers") or [{"id": 0}]
    paths = {"chargeback": f"/charges/{chance.choice(charges)['id']}/chargebacks",
             "end": f"/transfers/{chance.choice(transfers)['id']}/{chance.choice(['complete', 'fail', 'reverse'])}"}
    answer = requests.post(f"{merchant.url}/control/accounts/{merchant.name}{paths[what]}", json={"fee": 7}, timeout=10)
    assert answer.status_code in (200, 400, 404, 409), answer.text


def expected(book):
    took = sum(each["amount"] - each["fee"] for each in book["charges"] if each["status"] == "successful")
    gave = sum(each["amount"] for each in book["refunds"] if each["status"] == "completed")
    paid = sum(each["amount"] + each["fee"] for each in book["transfers"] if each["status"] == "SUCCESSFUL")
    kept = sum(each["fee"] for each in book["transfers"] if each["complete_message"].startswith("REVERSED"))
    lost = sum(each["amount"] + each["fee"] for each in book["chargebacks"])
    return took - gave - paid - kept - lost


def test_a_kill_loses_neither_money_nor_references_nor_faults_nor_time(mortal):
    merchant = Merchant(mortal.url)
    charge = merchant.paid(tx_ref="bk-old")
    merchant.refund(charge, {"amount": 100})
    merchant.payout(reference="po-old")
    merchant.fault("create_link", "503_before", after=1)
    merchant.advance(7200)
    before, now = merchant.say("GET", "/book"), merchant.say("GET", "")["now"]
    mortal.kill()
    mortal.start()
    assert merchant.say("GET", "/book") == before and merchant.say("GET", "")["now"] >= now
    assert merchant.v3("POST", "/payments", merchant.payment(tx_ref="bk-old")).status_code == 400
    assert merchant.v3("POST", "/payments", merchant.payment()).status_code == 503
    assert merchant.payout(reference="po-old").status_code == 400
    assert merchant.paid()["id"] > charge["id"]


def test_a_kill_in_the_middle_of_a_line_loses_only_that_line(mortal):
    merchant = Merchant(mortal.url)
    merchant.paid()
    mortal.kill()
    with open(mortal.folder / "journal", "ab") as journal:
        journal.write(b'[["' + merchant.name.encode() + b'","charges","1",{"id":1,"amou')
    mortal.start()
    assert merchant.book()["balance"] == 10920
    merchant.paid()
    mortal.kill()
    mortal.start()
    assert merchant.book()["balance"] == 21840


def test_retries_and_payouts_to_come_still_come_after_a_kill(mortal, receiver):
    merchant = Merchant(mortal.url, webhook_url=receiver.url, auto_transfers="successful", transfer_seconds=60)
    receiver.script = [500]
    merchant.paid()
    merchant.quiet()
    merchant.payout(reference="po-a")
    mortal.kill()
    mortal.start()
    merchant.advance(61)
    assert receiver.bodies(2)[1]["data"]["reference"] == "po-a"
    merchant.advance(1800)
    assert receiver.bodies(3)[2]["event"] == "charge.completed"


def test_a_webhook_under_way_at_the_kill_is_sent_again(mortal, receiver):
    receiver.script = ["hold"]
    merchant = Merchant(mortal.url, webhook_url=receiver.url)
    merchant.paid()
    receiver.bodies(1)
    mortal.kill()
    mortal.start()
    receiver.bodies(2)
    until(lambda: merchant.webhooks()[0]["state"] == "delivered", what="the second one taken")


def test_a_forgotten_account_is_gone_for_good(mortal):
    merchant = Merchant(mortal.url)
    charge = merchant.paid()
    merchant.fault("create_link", "silence")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(merchant.v3, "POST", "/payments", merchant.payment())
        until(lambda: len(merchant.say("GET", "/links")) == 2, what="the link made in silence")
        merchant.forget()
        assert answer.result(10).status_code == 503
    mortal.kill()
    mortal.start()
    assert requests.get(mortal.url + "/control/accounts", timeout=10).json() == []
    assert merchant.name not in (mortal.folder / "journal").read_text()
    assert Merchant(mortal.url).paid()["id"] > charge["id"]
