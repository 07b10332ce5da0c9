"""What things look like in v4: ids with prefixes, other words for success, times as text or as seconds."""
from decimal import Decimal
from typing import Any

from . import clock
from .account import Account, Record

STATUS = {"successful": "succeeded"}


def success(message: str, data: Any) -> Record:
    return {"status": "success", "message": message, "data": data}


def error(status: int, message: str) -> Record:
    kind = {401: "UNAUTHORIZED", 404: "RESOURCE_NOT_FOUND", 409: "RESOURCE_CONFLICT"}.get(status, "REQUEST_NOT_VALID")
    return {"status": "failed", "error": {"type": kind, "code": f"10{status}", "message": message,
                                          "validation_errors": []}}


def page(message: str, items: list[Record]) -> Record:
    return {"status": "success", "message": message, "data": items,
            "meta": {"page_info": {"total": len(items), "current_page": 1, "total_pages": 1}}}


def moment(account: Account, milliseconds: int) -> str | Decimal:
    if account.choice("v4_times") == "number":
        return Decimal(milliseconds) / 1000
    return clock.text(milliseconds)


def charge(account: Account, record: Record) -> Record:
    created, customer = moment(account, record["created"]), record["customer"]
    method = {"id": f"pmd_{record['id']}", "type": record["method"], record["method"]: {},
              "customer_id": f"cus_{customer['id']}", "device_fingerprint": None, "client_ip": "127.0.0.1",
              "created_datetime": created}
    done = record["status"] == "successful"
    return {
        "id": f"chg_{record['id']}", "amount": record["amount"], "currency": record["currency"],
        "customer": {"id": f"cus_{customer['id']}", "address": None, "email": customer["email"],
                     "name": {"first": customer["name"]}, "phone": None, "meta": {}, "created_datetime": created},
        "description": None, "meta": record["meta"], "payment_method": method,
        "processor_response": {"type": "approved" if done else "declined", "code": "00" if done else "05"},
        "redirect_url": record["redirect_url"], "reference": record["tx_ref"],
        "status": STATUS.get(record["status"], record["status"]), "created_datetime": created}


def asked_charge(account: Account, record: Record) -> Record:
    """As the API answers it: with its fees, which no event has."""
    return {**charge(account, record), "fees": [{"type": "app", "amount": record["fee"]}]}


def transfer(account: Account, record: Record) -> Record:
    return {
        "id": f"trf_{record['id']}", "type": "BANK", "source_currency": record["currency"],
        "destination_currency": record["currency"], "amount": record["amount"], "reference": record["reference"],
        "status": record["status"], "narration": record["narration"],
        "bank": {"account_number": record["account_number"], "code": record["account_bank"],
                 "name": record["full_name"]},
        "fee": {"currency": record["currency"], "value": record["fee"]},
        "debit_information": {"currency": record["currency"], "actual_debit_amount": record["amount"] + record["fee"],
                              "rate_used": 1, "vat": 0},
        "payment_information": {"proof": None}, "complete_message": record["complete_message"],
        "meta": record["meta"] or {}, "created_datetime": moment(account, record["created"])}


def refund(account: Account, record: Record) -> Record:
    return {"id": f"rfd_{record['id']}", "amount_refunded": record["amount"], "meta": {}, "reason": record["comments"],
            "status": record["status"], "charge_id": f"chg_{record['tx_id']}", "currency": record["currency"],
            "created_datetime": moment(account, record["created"])}


def chargeback(account: Account, record: Record) -> Record:
    return {"id": f"chb_{record['id']}", "charge_id": f"chg_{record['charge']}", "reference": record["tx_ref"],
            "amount": record["amount"], "currency": record["currency"], "status": record["status"],
            "fee": {"currency": record["currency"], "value": record["fee"]}, "comment": record["comment"],
            "created_datetime": moment(account, record["created"])}
