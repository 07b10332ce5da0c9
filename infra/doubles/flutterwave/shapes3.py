"""What things look like in v3: envelopes, transactions, payouts, refunds, chargebacks."""
from typing import Any

from . import clock
from .account import Account, Record

ACCOUNT_ID = 1


def success(message: str, data: Any) -> Record:
    return {"status": "success", "message": message, "data": data}


def error(message: str) -> Record:
    return {"status": "error", "message": message, "data": None}


def page(message: str, items: list[Record], number: int = 1, size: int = 0) -> Record:
    """size: of a page; 0: the list is whole."""
    pages = -(-len(items) // size) if size else 1
    shown = items[(number - 1) * size:number * size] if size else items
    return {"status": "success", "message": message, "data": shown,
            "meta": {"page_info": {"total": len(items), "current_page": number, "total_pages": pages}}}


def charge(record: Record) -> Record:
    shape = {
        "id": record["id"], "tx_ref": record["tx_ref"], "flw_ref": record["flw_ref"], "device_fingerprint": "N/A",
        "amount": record["amount"], "currency": record["currency"], "charged_amount": record["charged"],
        "app_fee": record["fee"], "merchant_fee": 0, "processor_response": _response(record["status"]),
        "auth_model": "AUTH", "ip": "127.0.0.1", "narration": record["narration"], "status": record["status"],
        "payment_type": record["method"], "created_at": clock.text(record["created"]), "account_id": ACCOUNT_ID,
        "customer": {**record["customer"], "created_at": clock.text(record["created"])}, "meta": record["meta"]}
    if record["method"] == "card":
        shape["card"] = {"first_6digits": "553188", "last_4digits": "2950", "issuer": "MASTERCARD", "country": "SN",
                         "type": "MASTERCARD", "expiry": "09/32"}
    return shape


def verified(record: Record) -> Record:
    settled = record["charged"] - record["fee"] if record["status"] == "successful" else 0
    return {**charge(record), "amount_settled": settled}


def _response(status: str) -> str:
    return {"successful": "Approved", "failed": "Declined"}.get(status, "Pending")


def transfer(record: Record) -> Record:
    return {
        "id": record["id"], "account_number": record["account_number"], "bank_name": "TEST BANK",
        "bank_code": record["account_bank"], "fullname": record["full_name"], "full_name": record["full_name"],
        "created_at": clock.text(record["created"]), "currency": record["currency"],
        "debit_currency": record["currency"], "amount": record["amount"], "fee": record["fee"],
        "status": record["status"], "reference": record["reference"], "meta": record["meta"],
        "narration": record["narration"], "approver": None, "complete_message": record["complete_message"],
        "requires_approval": 0, "is_approved": 1}


def refund(record: Record) -> Record:
    return {
        "id": record["id"], "account_id": ACCOUNT_ID, "tx_id": record["tx_id"], "flw_ref": record["flw_ref"],
        "wallet_id": ACCOUNT_ID, "amount_refunded": record["amount"], "status": record["status"],
        "destination": "payment_source", "comments": record["comments"], "meta": {"source": "availablebalance"},
        "created_at": clock.text(record["created"])}


def refund_asked(account: Account, record: Record) -> Record:
    """As reads answer it: the documents give two of its members two names."""
    shape, note = refund(record), account.settings["refund_note"]
    said = shape.pop("comments")
    if note:
        shape[note] = said
    if note == "comment":
        shape["transaction_id"] = shape.pop("tx_id")
    return shape


def chargeback(record: Record) -> Record:
    return {
        "id": record["id"], "transaction_id": record["charge"], "tx_ref": record["tx_ref"],
        "flw_ref": record["flw_ref"], "amount": record["amount"], "currency": record["currency"], "fee": record["fee"],
        "status": record["status"], "stage": record["stage"], "comment": record["comment"], "meta": None,
        "due_date": clock.text(record["created"] + 3 * 86_400_000), "settlement_id": "N/A",
        "created_at": clock.text(record["created"])}
