"""The bodies of webhooks, v3 in its three shapes and v4, and the header that vouches for them."""
import base64
import hashlib
import hmac

from . import clock, shapes3, shapes4, wire
from .account import Account, Record

EVENT_TYPE = {"card": "CARD_TRANSACTION", "bank_transfer": "BANK_TRANSFER_TRANSACTION"}
SHAPE = {"charge": shapes4.charge, "transfer": shapes4.transfer, "refund": shapes4.refund,
         "chargeback": shapes4.chargeback}


def body(account: Account, what: str, name: str, record: Record, version: str) -> Record:
    """what: charge, transfer, refund, chargeback. name: the event as v4 calls it."""
    if version == "v4":
        return _v4(account, name, SHAPE[what](account, record))
    if what == "charge":
        flat = account.choice("v3_shape") == "flat"
        return _v3_flat_charge(record) if flat else _v3_charge(account, record)
    if what == "transfer":
        return {"event": "transfer.completed", "event.type": "Transfer", "data": shapes3.transfer(record)}
    if what == "refund":
        return _v3_refund(account, record)
    return {"event": name, "data": shapes3.chargeback(record)}


def _v4(account: Account, name: str, data: Record) -> Record:
    # Who receives it lives in the machine's time, wherever the account's clock was moved to.
    now = account.clock.now() - account.clock.offset + int(account.settings["timestamp_skew"] * 1000)
    return {account.choice("v4_id"): f"wbk_{account.next_id()}", "timestamp": now, "type": name, "data": data}


def _v3_charge(account: Account, record: Record) -> Record:
    data = shapes3.charge(record)
    if not account.settings["meta_in_webhook"]:
        data.pop("meta", None)
    kind = EVENT_TYPE.get(record["method"], "MOBILEMONEYTZ_TRANSACTION")
    return {"event": "charge.completed", "event.type": kind, "data": data}


def _v3_flat_charge(record: Record) -> Record:
    customer = record["customer"]
    return {"id": record["id"], "txRef": record["tx_ref"], "flwRef": record["flw_ref"],
            "orderRef": f"URF_{record['id']}", "paymentPlan": None, "paymentPage": None,
            "createdAt": clock.text(record["created"]), "amount": record["amount"],
            "charged_amount": record["charged"], "status": record["status"], "IP": "127.0.0.1",
            "currency": record["currency"], "appfee": record["fee"], "merchantfee": 0,
            "merchantbearsfee": int(record["bearer"] == "merchant"),
            "customer": {"id": record["id"], "phone": customer["phone_number"], "fullName": customer["name"],
                         "customertoken": None, "email": customer["email"]},
            "entity": {"card6": "553188", "card_last4": "2950", "card_country_iso": "NG"},
            "event.type": "CARD_TRANSACTION"}


def _v3_refund(account: Account, record: Record) -> Record:
    moment = clock.text(record["updated"])
    return {"id": record["id"], "AmountRefunded": record["amount"], "status": record["status"],
            "FlwRef": record["flw_ref"], "destination": "payment_source", "comments": record["comments"],
            "settlement_id": "NEW", "meta": wire.dump({"source": "availablebalance"}),
            "createdAt": clock.text(record["created"]), "updatedAt": moment, "deletedAt": None,
            "walletId": 1, "AccountId": 1, "TransactionId": record["tx_id"]}


def headers(account: Account, version: str, text: str, fault: str = "") -> dict[str, str]:
    """v3: the secret itself. v4: base64 of the HMAC-SHA256 of the very bytes."""
    secret: str = account.settings["secret_hash"]
    if fault == "no_signature":
        return {}
    if fault == "bad_signature":
        secret = "not-" + secret
    if version == "v3":
        return {"verif-hash": secret}
    return {"flutterwave-signature": signature(secret, text.encode())}


def signature(secret: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


