"""What the provider does for a merchant: links, charges, refunds, payouts, chargebacks. Each change is entered in the
book and told by webhook here and nowhere else."""
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import book, deliver, money
from .account import Account, Record, Refused

PAYOUT_TEST = re.compile(r"_PMCK(_ST_F)?(?:DU_(\d+))?$")  # the references the provider's documents give to tests
PAYOUT_MINUTES = 10
PAYMENT = {"amount", "currency", "fee", "bearer", "method", "status", "settle_after", "settle_to"}


def create_link(account: Account, asked: Record, base: str) -> Record:
    if asked["tx_ref"] in account.table("links"):
        raise Refused(400, "Duplicate transaction reference: tx_ref was already used")
    customer = asked["customer"]
    key = account.next_id()
    link = account.put("links", asked["tx_ref"], {
        "id": key, "tx_ref": asked["tx_ref"], "amount": money.amount(asked["amount"], asked["currency"]),
        "currency": asked["currency"], "redirect_url": asked["redirect_url"], "meta": asked.get("meta"),
        "customer": {"id": key, "name": customer.get("name", "Anonymous customer"), "email": customer["email"],
                     "phone_number": customer.get("phone_number", customer.get("phonenumber"))},
        "minutes": asked.get("session_duration"), "created": account.clock.now(),
        "link": f"{base}/pay/{account.name}/{key}"})
    auto = account.settings["auto_pay"]
    if auto:
        account.later(auto.get("after", 0), "pay", link["tx_ref"])
    return link


def pay_by_itself(account: Account, tx_ref: str) -> Record:
    """As auto_pay says, and only once: a payment that was still to come is not."""
    for key, timer in list(account.table("timers").items()):
        if (timer["action"], timer["key"]) == ("pay", tx_ref):
            account.remove("timers", key)
    given = {name: value for name, value in (account.settings["auto_pay"] or {}).items() if name != "after"}
    return pay(account, account.table("links")[tx_ref], given)


def pay(account: Account, link: Record, given: Record) -> Record:
    """The customer pays. given: amount, currency, fee, bearer, method, status (successful, failed, pending), and for a
    pending one settle_after (seconds) and settle_to. A link can be paid more than once."""
    if set(given) - PAYMENT:
        raise ValueError(f"a payment does not take {sorted(set(given) - PAYMENT)}")
    currency: str = given["currency"] if "currency" in given else link["currency"]
    amount = money.amount(given.get("amount", link["amount"]), currency)
    percent = Decimal(account.settings["charge_fee_percent"])
    fee = money.number(given["fee"]) if "fee" in given else money.quantized(amount * percent / 100, currency)
    bearer = given.get("bearer", account.settings["fee_bearer"])
    key = account.next_id()
    charge = account.put("charges", key, {
        "id": key, "tx_ref": link["tx_ref"], "flw_ref": f"FLW-MOCK-{key}", "amount": amount, "currency": currency,
        "fee": fee, "bearer": bearer, "charged": amount + (fee if bearer == "customer" else 0),
        "status": "pending", "method": given.get("method", account.settings["method"]),
        "narration": "colis", "created": account.clock.now(), "refunded": Decimal(0), "disputed": Decimal(0),
        "customer": link["customer"], "meta": link["meta"], "redirect_url": link["redirect_url"]})
    status = given.get("status", "successful")
    if status != "pending":
        return settle(account, charge, status)
    deliver.emit(account, "charge", "charge.completed", charge)
    if "settle_after" in given:
        charge["settle_to"] = given.get("settle_to", "successful")
        account.put("charges", key, charge)
        account.later(given["settle_after"], "settle", key)
    return charge


def settle(account: Account, charge: Record, status: str) -> Record:
    if charge["status"] != "pending" or status not in ("successful", "failed"):
        raise Refused(409, f"the charge is {charge['status']}")
    charge["status"] = status
    account.put("charges", charge["id"], charge)
    if status == "successful":
        book.post(account, "charge", charge["id"], charge["currency"], book.moved(charge["charged"], charge["fee"]))
    deliver.emit(account, "charge", "charge.completed", charge)
    return charge


def left(charge: Record) -> Decimal:
    return Decimal(charge["amount"] - charge["refunded"] - charge["disputed"])


def refund(account: Account, charge: Record, amount: Any, comments: str) -> Record:
    if charge["status"] != "successful":
        raise Refused(400, "Transaction is not successful and cannot be refunded")
    wanted = left(charge) if amount is None else money.amount(amount, charge["currency"])
    if wanted > left(charge) or wanted <= 0:
        raise Refused(400, "Refund amount is more than what is left of the transaction")
    charge["refunded"] += wanted
    account.put("charges", charge["id"], charge)
    key = account.next_id()
    record = account.put("refunds", key, {
        "id": key, "tx_id": charge["id"], "flw_ref": f"URF_{key}", "amount": wanted, "currency": charge["currency"],
        "fee": Decimal(0), "status": "pending", "comments": comments, "created": account.clock.now(),
        "updated": account.clock.now()})
    if account.settings["auto_refunds"]:
        finish_refund(account, record, "completed")
    return record


def finish_refund(account: Account, record: Record, status: str) -> Record:
    """One that failed may yet be completed: a bank that would not take the money at first does. One that was completed
    may yet fail: it takes it and gives it back."""
    was = record["status"]
    if (was, status) == ("failed", "completed"):
        charge = account.table("charges")[str(record["tx_id"])]
        if record["amount"] > left(charge):
            raise Refused(409, "more than what is left of the charge")
        charge["refunded"] += record["amount"]
        account.put("charges", charge["id"], charge)
    elif was not in ("pending", "completed") or was == status:
        raise Refused(409, f"the refund is {was}")
    record.update(status=status, updated=account.clock.now())
    account.put("refunds", record["id"], record)
    if status == "completed":
        book.post(account, "refund", record["id"], record["currency"], book.moved(-record["amount"], Decimal(0)))
    else:
        charge = account.table("charges")[str(record["tx_id"])]
        charge["refunded"] -= record["amount"]
        account.put("charges", charge["id"], charge)
        if was == "completed":
            book.post(account, "refund back", record["id"], record["currency"],
                      book.moved(record["amount"], Decimal(0)))
    deliver.emit(account, "refund", f"refund.{status}", record)
    return record


def transfer(account: Account, asked: Record) -> Record:
    reference = asked["reference"]
    if account.referred("transfers", reference):
        raise Refused(400, "Transfer creation failed: a transfer with this reference already exists")
    if asked.get("debit_currency", asked["currency"]) != asked["currency"]:
        raise Refused(400, "Transfers from another currency are not enabled for this account")
    amount = money.amount(asked["amount"], asked["currency"])
    enough = account.settings["overdraft"] or book.available(account, asked["currency"]) >= amount
    key = account.next_id()
    record = account.put("transfers", key, {
        "id": key, "reference": reference, "amount": amount, "currency": asked["currency"], "status": "NEW",
        "fee": money.number(account.settings["payout_fee"]), "account_bank": asked["account_bank"],
        "account_number": asked["account_number"], "full_name": asked.get("beneficiary_name", "N/A"),
        "narration": asked.get("narration", ""), "meta": asked.get("meta"), "complete_message": "",
        "created": account.clock.now(), "ends_as": "successful" if enough else "failed"})
    _schedule(account, record, enough)
    return record


def _schedule(account: Account, record: Record, enough: bool) -> None:
    test, auto = PAYOUT_TEST.search(record["reference"]), account.settings["auto_transfers"]
    if not enough:
        record["ends_as"] = "failed"
        account.later(0, "payout", record["id"])
    elif test:
        record["ends_as"] = "failed" if test[1] else "successful"
        account.later(60 * int(test[2] or PAYOUT_MINUTES), "payout", record["id"])
    elif auto:
        record["ends_as"] = auto
        account.later(account.settings["transfer_seconds"], "payout", record["id"])
    account.put("transfers", record["id"], record)


def finish_transfer(account: Account, record: Record, status: str, given: Record) -> Record:
    """given: fee (known only now), message."""
    if record["status"] not in ("NEW", "PENDING"):
        raise Refused(409, f"the transfer is {record['status']}")
    done = status == "successful"
    fee = money.number(given.get("fee", record["fee"]))
    record.update(status=status.upper(), fee=fee if done else Decimal(0), complete_message=given.get(
        "message", "Transaction was successful" if done else "DISBURSE FAILED: Transfer failed"))
    account.put("transfers", record["id"], record)
    if done:
        book.post(account, "transfer", record["id"], record["currency"], book.moved(-record["amount"], record["fee"]))
    deliver.emit(account, "transfer", "transfer.disburse", record)
    return record


def pend_transfer(account: Account, record: Record) -> Record:
    """The bank has it; nobody is told."""
    if record["status"] != "NEW":
        raise Refused(409, f"the transfer is {record['status']}")
    record["status"] = "PENDING"
    return account.put("transfers", record["id"], record)


def reverse_transfer(account: Account, record: Record) -> Record:
    if record["status"] != "SUCCESSFUL":
        raise Refused(409, f"the transfer is {record['status']}")
    record.update(status="FAILED", complete_message="REVERSED: returned by the beneficiary's bank")
    account.put("transfers", record["id"], record)
    book.post(account, "reversal", record["id"], record["currency"], book.moved(record["amount"], Decimal(0)))
    deliver.emit(account, "transfer", "transfer.reversal", record)
    return record


def open_chargeback(account: Account, charge: Record, given: Record) -> Record:
    amount = money.amount(given.get("amount", left(charge)), charge["currency"])
    if charge["status"] != "successful" or amount > left(charge):
        raise Refused(409, "more than what is left of the charge")
    charge["disputed"] += amount
    account.put("charges", charge["id"], charge)
    record = _put_chargeback(account, {
        "charge": charge["id"], "tx_ref": charge["tx_ref"], "flw_ref": charge["flw_ref"], "amount": amount,
        "currency": charge["currency"], "fee": money.number(given.get("fee", 0)), "stage": "new",
        "comment": given.get("comment", "not received")})
    book.post(account, "chargeback", record["id"], record["currency"], book.moved(-amount, record["fee"]))
    deliver.emit(account, "chargeback", "chargeback.opened", record)
    return record


def _put_chargeback(account: Account, made: Record) -> Record:
    key = account.next_id()
    return account.put("chargebacks", key, {**made, "id": key, "status": "initiated", "created": account.clock.now()})


def escalate_chargeback(account: Account, record: Record, given: Record) -> Record:
    """The merchant declines it, the payer's bank goes on: the same money under another id. given: fee."""
    if record["status"] != "initiated":
        raise Refused(409, f"the chargeback is {record['status']}")
    account.put("chargebacks", record["id"], {**record, "status": "declined"})
    fee = money.number(given.get("fee", 0))
    later = _put_chargeback(account, {**record, "fee": fee, "stage": "pre-arbitration"})
    book.post(account, "chargeback", later["id"], later["currency"], book.moved(Decimal(0), fee))
    deliver.emit(account, "chargeback", "chargeback.opened", later)
    return later


def close_chargeback(account: Account, record: Record, status: str) -> Record:
    """status: won (by the merchant, who has the money again) or lost."""
    if record["status"] != "initiated":
        raise Refused(409, f"the chargeback is {record['status']}")
    record["status"] = status
    account.put("chargebacks", record["id"], record)
    if status == "won":
        charge = account.table("charges")[str(record["charge"])]
        charge["disputed"] -= record["amount"]
        account.put("charges", charge["id"], charge)
        book.post(account, "chargeback won", record["id"], record["currency"], book.moved(record["amount"], Decimal(0)))
    deliver.emit(account, "chargeback", f"chargeback.{status}", record)
    return record


ACTIONS: dict[str, Callable[[Account, str], object]] = {
    "pay": pay_by_itself,
    "settle": lambda account, key: settle(account, account.table("charges")[key],
                                          account.table("charges")[key]["settle_to"]),
    "payout": lambda account, key: finish_transfer(account, account.table("transfers")[key],
                                                   account.table("transfers")[key]["ends_as"], {}),
    "deliver": deliver.again,
    "release": deliver.release,
}
