"""Webhooks on their way: sent once, doubled, late, out of order or never, and tried again when not answered 200."""
import asyncio

from . import events, faults, http1, wire
from .account import Account, Record


def emit(account: Account, what: str, name: str, record: Record) -> None:
    """Tells the merchant of a thing as it stands now."""
    if what == "refund" and not account.settings["refund_webhook"]:
        return
    version = account.choice("webhook_version")
    body = events.body(account, what, name, record, version)
    fault = faults.take(account, "webhook", what) or {}
    if fault.get("kind") in ("wrong_amount", "wrong_currency", "missing_id"):
        faults.falsify(fault, body)
    delivery = _noted(account, what, name, record, version, wire.dump(body), fault)
    _start(account, delivery, fault)


def _noted(account: Account, what: str, name: str, record: Record, version: str, body: str, fault: Record) -> Record:
    key = account.next_id()
    return account.put("deliveries", key, {
        "id": key, "what": what, "event": name, "about": record["id"], "version": version, "body": body,
        "headers": events.headers(account, version, body, fault.get("kind", "")), "fault": fault.get("kind"),
        "state": "new", "at": account.clock.now(), "tries": []})


def _start(account: Account, delivery: Record, fault: Record) -> None:
    kind = fault.get("kind")
    if not account.settings["webhook_url"]:
        _state(account, delivery, "nowhere")
    elif kind == "drop":
        _state(account, delivery, "dropped")
    elif kind == "delay":
        _state(account, delivery, "waiting")
        account.later(fault["seconds"], "deliver", delivery["id"])
    elif kind == "reorder" or account.table("held"):
        _hold(account, delivery, fault)
    else:
        copies = [delivery] + [_copy(account, delivery) for _ in range(fault.get("copies", 1) - 1)]
        for copy in copies:
            account.run(attempt(account, copy))


def _state(account: Account, delivery: Record, state: str) -> None:
    delivery["state"] = state
    account.put("deliveries", delivery["id"], delivery)


def _copy(account: Account, delivery: Record) -> Record:
    key = account.next_id()
    return account.put("deliveries", key, {**delivery, "id": key, "tries": []})


def _hold(account: Account, delivery: Record, fault: Record) -> None:
    """Keeps it back until enough others have come; the first one says how many, and how long at most."""
    held = account.table("held")
    if not held:
        account.put("held", "gather", {"gather": fault["gather"], "ids": []})
        account.later(fault["seconds"], "release", delivery["id"])
    _state(account, delivery, "held")
    gathered = held["gather"]
    gathered["ids"].append(delivery["id"])
    account.put("held", "gather", gathered)
    if len(gathered["ids"]) >= gathered["gather"]:
        release(account, str(gathered["ids"][0]))


def release(account: Account, first: str) -> None:
    """Sends what was held since that one, last first, each after the answer to the one before."""
    gathered = account.table("held").get("gather")
    if gathered and str(gathered["ids"][0]) == first:
        account.remove("held", "gather")
        records = [account.table("deliveries")[str(key)] for key in reversed(gathered["ids"])]
        account.run(_one_by_one(account, records))


async def _one_by_one(account: Account, records: list[Record]) -> None:
    for record in records:
        await attempt(account, record)


def again(account: Account, key: str) -> None:
    account.run(attempt(account, account.table("deliveries")[key]))


async def attempt(account: Account, delivery: Record) -> None:
    """One try; exactly 200 in time is done, everything else is tried again later or given up."""
    _state(account, delivery, "sending")
    account.journal.commit()
    at, outcome = account.clock.now(), await _tried(account, delivery)
    delivery["tries"].append({"at": at, **outcome})
    settings = account.settings
    if outcome["status"] == 200:
        _state(account, delivery, "delivered")
    elif len(delivery["tries"]) > settings["retries"]:
        _state(account, delivery, "given_up")
    else:
        _state(account, delivery, "waiting")
        account.later(settings["retry_seconds"], "deliver", delivery["id"])
    account.journal.commit()


async def _tried(account: Account, delivery: Record) -> Record:
    sent = asyncio.ensure_future(http1.post(account.settings["webhook_url"], delivery["body"].encode(),
                                            delivery["headers"]))
    late = asyncio.ensure_future(account.clock.sleep(float(account.settings["timeout_seconds"])))
    try:
        await asyncio.wait({sent, late}, return_when=asyncio.FIRST_COMPLETED)
        if sent.done():
            return {"status": sent.result(), "error": None}
        return {"status": None, "error": "no answer in time"}
    except OSError as error:
        return {"status": None, "error": str(error)}
    finally:
        sent.cancel()
        late.cancel()


def resume(account: Account) -> None:
    """After a restart: what was being sent, or was about to be, is sent (again)."""
    for delivery in list(account.table("deliveries").values()):
        if delivery["state"] in ("new", "sending"):
            account.run(attempt(account, delivery))
