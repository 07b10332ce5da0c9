"""The calls of v3, under /v3: Bearer with the secret key, amounts in major units."""
from typing import Any

from . import checks, deliver, merchant, shapes3
from .account import REFERENCE, Account, Record, Refused
from .api import Asked, Call, Version

PAYMENT: checks.Shape = {
    "tx_ref": (checks.text, True), "amount": (checks.figure, True), "currency": (checks.currency, True),
    "redirect_url": (checks.url, True), "customer": (checks.customer, True), "meta": (checks.extra, False),
    "payment_options": (checks.text, False), "customizations": (checks.extra, False),
    "session_duration": (checks.whole, False), "max_retry_attempt": (checks.whole, False)}
TRANSFER: checks.Shape = {
    "account_bank": (checks.text, True), "account_number": (checks.text, True), "amount": (checks.figure, True),
    "currency": (checks.currency, True), "reference": (checks.text, True), "narration": (checks.words, False),
    "debit_currency": (checks.currency, False), "beneficiary_name": (checks.text, False),
    "callback_url": (checks.url, False), "destination_branch_code": (checks.text, False),
    "meta": (checks.extra, False)}
REFUND: checks.Shape = {"amount": (checks.figure, False), "comments": (checks.words, False)}
BY_TX_REF: checks.Shape = {"tx_ref": (checks.text, True)}
PAGED: checks.Shape = {name: (checks.text, False) for name in ("from", "to", "page", "status", "currency")}
TRANSACTIONS: checks.Shape = {**PAGED, "tx_ref": (checks.text, False), "customer_email": (checks.email, False)}
TRANSFERS: checks.Shape = {**PAGED, "reference": (checks.text, False)}
REFUNDS: checks.Shape = {**PAGED, **{name: (checks.text, False) for name in ("id", "tx_id", "flw_ref")}}
CHARGEBACKS: checks.Shape = {**PAGED, **{name: (checks.text, False) for name in ("id", "flw_ref")}}


def missing(account: Account, message: str) -> Refused:
    return Refused(account.settings["not_found_status"], message)


def found(account: Account, table: str, key: str, message: str) -> Record:
    record = account.table(table).get(key)
    if record is None:
        raise missing(account, message)
    return record


def transaction(account: Account, asked: Asked) -> Record:
    return found(account, "charges", asked.path["id"], "No transaction was found for this id")


def by_reference(account: Account, tx_ref: str) -> Record:
    """The first successful one, else the newest."""
    charges = account.referred("charges", tx_ref)
    successful = [charge for charge in charges if charge["status"] == "successful"]
    if not charges:
        raise missing(account, "No transaction was found for this id")
    return (successful or charges[-1:])[0]


def listed(account: Account, table: str, query: dict[str, str], same: dict[str, str]) -> list[Record]:
    """The records of a table, newest first; same: which member a query name is compared with."""
    names = {"status": "status", "currency": "currency", **same}
    reference = next((query[name] for name in same if name in query and same[name] == REFERENCE[table]), None)
    among = account.table(table).values() if reference is None else account.referred(table, reference)
    wanted = {names[name]: value.lower() for name, value in query.items() if name in names}
    records = [record for record in among
               if all(str(record[member]).lower() == value for member, value in wanted.items())]
    return records[::-1]


def create_link(account: Account, asked: Asked) -> Any:
    return shapes3.success("Hosted Link", {"link": merchant.create_link(account, asked.body, asked.base)["link"]})


def verify(account: Account, asked: Asked) -> Any:
    return shapes3.success("Transaction fetched successfully", shapes3.verified(transaction(account, asked)))


def verify_by_reference(account: Account, asked: Asked) -> Any:
    charge = by_reference(account, asked.query["tx_ref"])
    return shapes3.success("Transaction fetched successfully", shapes3.verified(charge))


def transactions(account: Account, asked: Asked) -> Any:
    charges = listed(account, "charges", asked.query, {"tx_ref": "tx_ref"})
    return shapes3.page("Transactions fetched", [shapes3.verified(charge) for charge in charges])


def resend(account: Account, asked: Asked) -> Any:
    deliver.emit(account, "charge", "charge.completed", transaction(account, asked))
    return shapes3.success("hook sent", None)


def refund(account: Account, asked: Asked) -> Any:
    record = merchant.refund(account, transaction(account, asked), asked.body.get("amount"),
                             asked.body.get("comments", ""))
    return shapes3.success("Transaction refund initiated", shapes3.refund(record))


def refund_read(account: Account, asked: Asked) -> Any:
    return shapes3.success("Transaction refund fetched",
                           shapes3.refund_asked(account, found(account, "refunds", asked.path["id"],
                                                               "No refund was found")))


def refunds_of(account: Account, asked: Asked) -> Any:
    transaction(account, asked)
    return shapes3.page("Transaction refunds fetched",
                        [shapes3.refund_asked(account, record)
                         for record in account.referred("refunds", asked.path["id"])[::-1]])


def refunds(account: Account, asked: Asked) -> Any:
    records = listed(account, "refunds", asked.query, {"id": "tx_id", "tx_id": "tx_id", "flw_ref": "flw_ref"})
    return shapes3.page("Transaction refunds fetched",
                        [shapes3.refund_asked(account, record) for record in records])


def transfer(account: Account, asked: Asked) -> Any:
    return shapes3.success("Transfer Queued Successfully", shapes3.transfer(merchant.transfer(account, asked.body)))


def transfer_read(account: Account, asked: Asked) -> Any:
    return shapes3.success("Transfer fetched",
                           shapes3.transfer(found(account, "transfers", asked.path["id"], "Transfer not found")))


def transfers(account: Account, asked: Asked) -> Any:
    records = listed(account, "transfers", asked.query, {"reference": "reference"})
    return shapes3.page("Transfers fetched", [shapes3.transfer(record) for record in records])


def chargebacks(account: Account, asked: Asked) -> Any:
    heard = {name: value for name, value in asked.query.items() if name != account.settings["unheard_filter"]}
    records = listed(account, "chargebacks", heard, {"id": "charge", "flw_ref": "flw_ref"})
    return shapes3.page("Chargebacks fetched", [shapes3.chargeback(record) for record in records],
                        int(asked.query.get("page", "1")), 20)


V3 = Version(error=lambda status, message: shapes3.error(message), calls=[
    Call("POST", "/v3/payments", "create_link", create_link, PAYMENT),
    Call("GET", "/v3/transactions/verify_by_reference", "verify", verify_by_reference, query=BY_TX_REF),
    Call("GET", "/v3/transactions/{id}/verify", "verify", verify),
    Call("GET", "/v3/transactions", "verify", transactions, query=TRANSACTIONS),
    Call("POST", "/v3/transactions/{id}/resend-hook", "resend", resend, {}),
    Call("POST", "/v3/transactions/{id}/refund", "refund", refund, REFUND),
    Call("GET", "/v3/transactions/{id}/refunds", "refund_read", refunds_of),
    Call("GET", "/v3/refunds/{id}", "refund_read", refund_read),
    Call("GET", "/v3/refunds", "refund_read", refunds, query=REFUNDS),
    Call("POST", "/v3/transfers", "transfer", transfer, TRANSFER),
    Call("GET", "/v3/transfers/{id}", "transfer_read", transfer_read),
    Call("GET", "/v3/transfers", "transfer_read", transfers, query=TRANSFERS),
    Call("GET", "/v3/chargebacks", "chargeback_read", chargebacks, query=CHARGEBACKS)])
