"""The hosted page: what the customer's browser sees behind a link, and the payment it makes."""
import html
import urllib.parse

from . import http1, merchant, wire
from .account import Account, Record, Refused

PAGE = """<!doctype html><meta charset="utf-8"><title>Pay</title>
<h1>{amount} {currency}</h1><p>{email}, {tx_ref}</p>
<form method="post"><button name="status" value="successful">Pay</button>
<button name="status" value="failed">Fail</button><button name="status" value="pending">Pay later</button></form>
"""


def link_of(account: Account, key: str) -> Record | None:
    return next((link for link in account.table("links").values() if str(link["id"]) == key), None)


def expired(account: Account, link: Record) -> bool:
    return link["minutes"] is not None and account.clock.now() > link["created"] + link["minutes"] * 60_000


def visit(account: Account, key: str, request: http1.Request) -> http1.Reply:
    """GET shows the page; POST pays (form: status, amount, currency) and goes back to the merchant."""
    link = link_of(account, key)
    if link is None or expired(account, link):
        return http1.Reply(404 if link is None else 410, b"<h1>This link is not valid</h1>", type="text/html")
    if request.method == "GET":
        return http1.Reply(200, _page(link).encode(), type="text/html; charset=utf-8")
    form = dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace")))
    try:
        given: Record = {name: form[name] for name in ("status", "amount", "currency") if name in form}
        charge = merchant.pay(account, link, given)
    except (Refused, ValueError) as error:
        return http1.Reply(400, html.escape(str(error)).encode(), type="text/html; charset=utf-8")
    account.journal.commit()
    return http1.Reply(303, b"", {"Location": _back(link, charge)}, "text/html")


def _page(link: Record) -> str:
    shown = {name: html.escape(str(value)) for name, value in link.items()}
    return PAGE.format(amount=wire.plain(link["amount"]), currency=shown["currency"], tx_ref=shown["tx_ref"],
                       email=html.escape(link["customer"]["email"]))


def _back(link: Record, charge: Record) -> str:
    """The redirect carries a hint in its query, which proves nothing."""
    hint = {"status": charge["status"], "tx_ref": link["tx_ref"], "transaction_id": charge["id"]}
    url: str = link["redirect_url"]
    return url + ("&" if "?" in url else "?") + urllib.parse.urlencode(hint)
