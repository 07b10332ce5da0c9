"""The plan of an account: which call goes wrong next, how, and how often. First planned, first used.

A fault is {"call", "kind", "count": 1 (-1: for ever), "after": 0 (calls let through before), "chance": 100 (percent, by
the account's seed)} and what its kind takes. A webhook's may name an "event" it is for (charge, transfer, refund,
chargeback).
"""
from typing import Any

from .account import Account, Record

CALLS = {"create_link", "verify", "refund", "refund_read", "transfer", "transfer_read", "chargeback_read", "resend",
         "token", "any"}
# Kind of an API fault and what it takes, with defaults.
API: dict[str, Record] = {
    "503_before": {}, "503_after": {},
    "silence": {"seconds": 28, "done": True},   # then 503; done: the thing was done
    "429": {"retry_after": 1},
    "cut": {"done": True},                      # the connection ends without a reply
    "wrong_amount": {"amount": None},           # None: one more than right
    "wrong_currency": {"currency": "NGN"},
    "wrong_reference": {"reference": "another-s"},
    "missing_id": {"member": None},             # None: id, or a link's link
    "webhook_before_reply": {},
}
WEBHOOK: dict[str, Record] = {
    "duplicate": {"copies": 3},
    "reorder": {"gather": 2, "seconds": 60},    # waits for so many events, at most that long, then sends the last first
    "drop": {},
    "delay": {"seconds": 60},
    "wrong_amount": {"amount": None}, "wrong_currency": {"currency": "NGN"}, "missing_id": {"member": None},
    "bad_signature": {}, "no_signature": {},
}
COMMON: Record = {"count": 1, "after": 0, "chance": 100, "event": None}


def plan(account: Account, given: Record) -> Record:
    """Adds a fault; ValueError when it is none."""
    call, kind = given.get("call"), given.get("kind")
    kinds = WEBHOOK if call == "webhook" else API if call in CALLS else {}
    if kind not in kinds:
        raise ValueError(f"no fault: {call} {kind}")
    known = {"call": call, "kind": kind, **COMMON, **kinds[kind]}
    if set(given) - set(known):
        raise ValueError(f"{kind} does not take {sorted(set(given) - set(known))}")
    key = account.next_id()
    return account.put("faults", key, {**known, **given, "id": key})


def take(account: Account, call: str, event: str | None = None) -> Record | None:
    """The fault this call gets, if any; it is used up by that."""
    for key, fault in list(account.table("faults").items()):
        if _meant(fault, call, event) and _now(account, key, fault):
            return fault
    return None


def _meant(fault: Record, call: str, event: str | None) -> bool:
    named = fault["call"] == call or fault["call"] == "any" and call != "webhook"
    return named and fault["event"] in (None, event)


def _now(account: Account, key: str, fault: Record) -> bool:
    if fault["after"] > 0:
        account.put("faults", key, {**fault, "after": fault["after"] - 1})
        return False
    if account.random.randrange(100) >= fault["chance"]:
        return False
    if fault["count"] == 1:
        account.remove("faults", key)
    elif fault["count"] > 0:
        account.put("faults", key, {**fault, "count": fault["count"] - 1})
    return True


def falsify(fault: Record, body: Any) -> None:
    """Makes an answer or an event wrong, in place: its amount, its currency, its reference, or a member gone."""
    data = body.get("data", body) if isinstance(body, dict) else None
    for record in data if isinstance(data, list) else [data]:
        if isinstance(record, dict):
            _falsify_record(fault, record, body)


def _falsify_record(fault: Record, record: Record, body: Record) -> None:
    if fault["kind"] == "wrong_amount":
        for name in {"amount", "charged_amount", "AmountRefunded", "amount_refunded"} & set(record):
            record[name] = record[name] + 1 if fault["amount"] is None else fault["amount"]
    elif fault["kind"] == "wrong_currency":
        for name in {"currency", "source_currency", "destination_currency"} & set(record):
            record[name] = fault["currency"]
    elif fault["kind"] == "wrong_reference":
        for name in {"tx_ref", "reference"} & set(record):
            record[name] = fault["reference"]
    else:
        member = fault["member"] or ("link" if "link" in record else "id")
        record.pop(member, None)
        body.pop(member, None) if fault["member"] else None
