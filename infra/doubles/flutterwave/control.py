"""What a test tells the double, under /control: accounts, payments, outcomes, faults, time; and what it reads back."""
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

from . import api, book, deliver, faults, http1, merchant, wire
from .account import Account, Record, Refused

Say = Callable[[Account, list[str], Any], Any]
WAIT_MOST = 60


def settings(account: Account) -> Record:
    return {"name": account.name, "secret_key": f"FLWSECK-{account.name}", "client_id": account.name,
            "client_secret": f"FLWSECK-{account.name}", "now": account.clock.now(), "settings": account.settings}


def _record(account: Account, table: str, key: str) -> Record:
    """By id, or by reference: then the newest."""
    found = [account.table(table)[key]] if key in account.table(table) else account.referred(table, key)
    if not found:
        raise Refused(404, f"no {key} in {table}")
    return found[-1]


def _link(account: Account, tx_ref: str) -> Record:
    if tx_ref not in account.table("links"):
        raise Refused(404, f"no link {tx_ref}")
    return account.table("links")[tx_ref]


def pay(account: Account, path: list[str], body: Any) -> Any:
    return merchant.pay(account, _link(account, path[0]), body)


def stray_charge(account: Account, path: list[str], body: Any) -> Any:
    """A payment of no link: money that belongs to nothing the merchant asked for."""
    link = {"tx_ref": body["tx_ref"], "amount": body["amount"], "currency": body["currency"], "meta": None,
            "redirect_url": None, "customer": {"id": account.next_id(), "name": "Nobody", "phone_number": None,
                                               "email": "nobody@example.org"}}
    return merchant.pay(account, link, {name: value for name, value in body.items() if name != "tx_ref"})


def settle(account: Account, path: list[str], body: Any) -> Any:
    return merchant.settle(account, _record(account, "charges", path[0]), body.get("status", "successful"))


def open_chargeback(account: Account, path: list[str], body: Any) -> Any:
    return merchant.open_chargeback(account, _record(account, "charges", path[0]), body)


def escalate_chargeback(account: Account, path: list[str], body: Any) -> Any:
    return merchant.escalate_chargeback(account, _record(account, "chargebacks", path[0]), body)


def close_chargeback(status: str) -> Say:
    return lambda account, path, body: merchant.close_chargeback(
        account, _record(account, "chargebacks", path[0]), status)


def finish_transfer(status: str) -> Say:
    return lambda account, path, body: merchant.finish_transfer(
        account, _record(account, "transfers", path[0]), status, body)


def pend(account: Account, path: list[str], body: Any) -> Any:
    return merchant.pend_transfer(account, _record(account, "transfers", path[0]))


def reverse(account: Account, path: list[str], body: Any) -> Any:
    return merchant.reverse_transfer(account, _record(account, "transfers", path[0]))


def finish_refund(status: str) -> Say:
    return lambda account, path, body: merchant.finish_refund(account, _record(account, "refunds", path[0]), status)


def resend(what: str, table: str, name: str) -> Say:
    def say(account: Account, path: list[str], body: Any) -> Any:
        deliver.emit(account, what, name, _record(account, table, path[0]))
        return {}
    return say


def plan(account: Account, path: list[str], body: Any) -> Any:
    return [faults.plan(account, fault) for fault in (body if isinstance(body, list) else [body])]


def forget_faults(account: Account, path: list[str], body: Any) -> Any:
    for key in list(account.table("faults")):
        account.remove("faults", key)
    return []


async def advance(account: Account, path: list[str], body: Any) -> Any:
    return {"now": await account.advance(body["advance"], min(float(body.get("patience", 5)), WAIT_MOST))}


async def quiet(account: Account, path: list[str], body: Any) -> Any:
    return {"quiet": await account.quiet(min(float(body.get("seconds", 10)), WAIT_MOST))}


def rows(table: str) -> Say:
    return lambda account, path, body: list(account.table(table).values())


# Method and pieces of the path after /control/accounts/NAME; * is a key.
SAYINGS: dict[tuple[str, ...], Say] = {
    ("GET",): lambda account, path, body: settings(account),
    ("POST", "links", "*", "pay"): pay,
    ("POST", "charges"): stray_charge,
    ("POST", "charges", "*", "settle"): settle,
    ("POST", "charges", "*", "resend"): resend("charge", "charges", "charge.completed"),
    ("POST", "charges", "*", "chargebacks"): open_chargeback,
    ("POST", "chargebacks", "*", "escalate"): escalate_chargeback,
    ("POST", "chargebacks", "*", "won"): close_chargeback("won"),
    ("POST", "chargebacks", "*", "lost"): close_chargeback("lost"),
    ("POST", "transfers", "*", "pend"): pend,
    ("POST", "transfers", "*", "complete"): finish_transfer("successful"),
    ("POST", "transfers", "*", "fail"): finish_transfer("failed"),
    ("POST", "transfers", "*", "reverse"): reverse,
    ("POST", "transfers", "*", "resend"): resend("transfer", "transfers", "transfer.disburse"),
    ("POST", "refunds", "*", "complete"): finish_refund("completed"),
    ("POST", "refunds", "*", "fail"): finish_refund("failed"),
    ("POST", "refunds", "*", "resend"): resend("refund", "refunds", "refund.completed"),
    ("POST", "faults"): plan,
    ("DELETE", "faults"): forget_faults,
    ("POST", "clock"): advance,
    ("POST", "quiet"): quiet,
    ("GET", "book"): lambda account, path, body: book.report(account),
    ("GET", "webhooks"): rows("deliveries"),
    **{("GET", table): rows(table) for table in (
        "links", "charges", "refunds", "transfers", "chargebacks", "faults", "requests", "violations")},
}


async def say(account: Account, request: http1.Request, pieces: list[str]) -> http1.Reply:
    """One thing said to an account that is there."""
    try:
        body = wire.parse(request.body) if request.body else {}
        pieces = [urllib.parse.unquote(piece) for piece in pieces]
        done = _saying(request.method, pieces)(account, pieces[1:2], body)
        if isinstance(done, Awaitable):
            done = await done
    except Refused as refused:
        return api.reply(refused.status, {"error": refused.message})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return api.reply(400, {"error": f"{type(error).__name__}: {error}"})
    account.journal.commit()
    return api.reply(200, done)


def _saying(method: str, pieces: list[str]) -> Say:
    named = [piece if number != 1 else "*" for number, piece in enumerate(pieces)]
    found = SAYINGS.get((method, *named)) or SAYINGS.get((method, *pieces))
    if found is None:
        raise Refused(404, f"nothing to say: {method} {'/'.join(pieces)}")
    return found
