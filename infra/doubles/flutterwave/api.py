"""How a call of the provider's API is answered, whatever its version: is it well formed, what goes wrong with it."""
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import checks, faults, http1, merchant, money, wire
from .account import Account, Record, Refused

SILENT = "The server took too long to answer; the request may still be processed"
FALSE = ("wrong_amount", "wrong_currency", "wrong_reference", "missing_id")


@dataclass
class Asked:
    """A well-formed request: what stood in its path, query and body."""
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    base: str


@dataclass(frozen=True)
class Call:
    method: str
    pattern: str                                  # {name} stands for one piece of the path
    name: str                                     # as faults call it
    answer: Callable[[Account, Asked], Any]       # the body of the reply; raises Refused
    body: checks.Shape | None = None
    form: checks.Shape | None = None
    query: checks.Shape = field(default_factory=dict)
    status: int = 200

    def match(self, path: str) -> dict[str, str] | None:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern), path)
        return found.groupdict() if found else None


@dataclass(frozen=True)
class Version:
    """One generation of the API: its calls and what its errors look like."""
    calls: list[Call]
    error: Callable[[int, str], Record]


def reply(status: int, body: Any, headers: dict[str, str] | None = None) -> http1.Reply:
    return http1.Reply(status, wire.dump(body).encode(), headers or {})


async def answer(account: Account, version: Version, request: http1.Request, base: str) -> http1.Reply:
    """Logs the request, checks it, does it, and answers as planned."""
    logged = _logged(account, request)
    try:
        call, asked = _understood(account, version, request, base, logged)
        fault = faults.take(account, call.name)
        logged.update(call=call.name, fault=fault["kind"] if fault else None)
        sent = await _performed(account, version, call, asked, fault)
    except Refused as refused:
        sent = reply(refused.status, version.error(refused.status, refused.message))
    except http1.Cut:
        _close(account, logged, 0)
        raise
    _close(account, logged, sent.status)
    return sent


def _logged(account: Account, request: http1.Request) -> Record:
    key = account.next_id()
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return account.put("requests", key, {
        "id": key, "at": account.clock.now(), "method": request.method, "path": request.path,
        "query": dict(request.query), "headers": headers, "body": request.body.decode("utf-8", "replace"),
        "call": None, "fault": None, "status": None})


def _close(account: Account, logged: Record, status: int) -> None:
    logged["status"] = status
    account.put("requests", logged["id"], logged)
    account.journal.commit()


def violate(account: Account, logged: Record, what: str) -> None:
    key = account.next_id()
    account.put("violations", key, {"request": logged["id"], "at": account.clock.now(), "what": what,
                                    "method": logged["method"], "path": logged["path"]})


def _understood(account: Account, version: Version, request: http1.Request, base: str,
                logged: Record) -> tuple[Call, Asked]:
    found = [(call, path) for call in version.calls if (path := call.match(request.path)) is not None]
    for call, path in found:
        if call.method == request.method:
            return call, _checked(account, call, path, request, Asked(path, {}, None, request.headers, base), logged)
    violate(account, logged, f"no call {request.method} {request.path}")
    raise Refused(405 if found else 404, "No such call")


def _checked(account: Account, call: Call, path: dict[str, str], request: http1.Request, asked: Asked,
             logged: Record) -> Asked:
    asked.query, bad, strange = checks.query(request, call.query)
    if call.body is not None:
        asked.body, more, unknown = checks.body(request, call.body)
        bad, strange = bad + more, strange + unknown
    if call.form is not None:
        asked.body, more, unknown = checks.form(request, call.form)
        bad, strange = bad + more, strange + unknown
    if call.pattern.startswith("/v3/") and not path.get("id", "0").isdigit():
        bad.append("an id of v3 is a number")
    for what in bad + strange:
        violate(account, logged, what)
    if bad:
        raise Refused(400, bad[0])
    return asked


async def _performed(account: Account, version: Version, call: Call, asked: Asked, fault: Record | None) -> http1.Reply:
    kind = fault["kind"] if fault else ""
    done = not fault or fault.get("done", True)
    unavailable = reply(503, version.error(503, SILENT))
    if fault and kind == "429":
        return reply(429, version.error(429, "Too many requests"), {"Retry-After": str(fault["retry_after"])})
    if kind == "503_before":
        return unavailable
    sent = _done(account, version, call, asked, fault) if done else unavailable
    account.journal.commit()
    if kind == "webhook_before_reply":
        _hurry(account, call, asked)
        account.journal.commit()
        await account.quiet(10)
    if kind == "cut":
        raise http1.Cut
    if fault and kind == "silence":
        await account.clock.sleep(float(fault["seconds"]))
    return unavailable if kind in ("silence", "503_after") else sent


def _done(account: Account, version: Version, call: Call, asked: Asked, fault: Record | None) -> http1.Reply:
    try:
        body = call.answer(account, asked)
    except Refused as refused:
        return reply(refused.status, version.error(refused.status, refused.message))
    except money.NotMoney as error:
        return reply(400, version.error(400, str(error)))
    if isinstance(body, http1.Reply):
        return body
    if fault and fault["kind"] in FALSE:
        faults.falsify(fault, body)
    return reply(call.status, body)


def _hurry(account: Account, call: Call, asked: Asked) -> None:
    """The customer or the bank is quicker than our reply."""
    if call.name == "create_link":
        merchant.pay_by_itself(account, asked.body["tx_ref"])
    elif call.name == "transfer":
        for record in account.referred("transfers", asked.body.get("reference"))[-1:]:
            if record["status"] == "NEW":
                merchant.finish_transfer(account, record, "successful", {})
    elif call.name == "refund":
        charge = asked.path.get("id") or str(asked.body.get("charge_id", "")).removeprefix("chg_")
        for record in account.referred("refunds", charge)[-1:]:
            if record["status"] == "pending":
                merchant.finish_refund(account, record, "completed")
