"""The calls of v4, under /v4, and its token server, under /idp. Links and payouts are made by v3: how v4 makes them
could not be confirmed; both generations see the same things."""
import secrets
from typing import Any

from . import checks, http1, merchant, shapes4, wire
from .account import Account, Record, Refused
from .api import Asked, Call, Version
from .v3 import listed

TOKEN_PATH = "/idp/realms/flutterwave/protocol/openid-connect/token"
TOKEN_SECONDS = 600
TOKEN: checks.Shape = {"client_id": (checks.text, True), "client_secret": (checks.text, True),
                       "grant_type": (lambda value: value == "client_credentials", True)}
REFUND: checks.Shape = {"amount": (checks.figure, True), "reason": (checks.text, True),
                        "charge_id": (checks.text, True), "meta": (checks.extra, False)}
PAGED: checks.Shape = {name: (checks.text, False) for name in ("from", "to", "page", "size", "status")}
BY_REFERENCE: checks.Shape = {**PAGED, "reference": (checks.text, False)}
BY_CHARGE: checks.Shape = {**PAGED, "charge_id": (checks.text, False)}


def found(account: Account, table: str, key: str, prefix: str) -> Record:
    record = account.table(table).get(key.removeprefix(prefix)) if key.startswith(prefix) else None
    if record is None:
        raise Refused(404, f"{key:.40} was not found")
    return record


def charge(account: Account, asked: Asked) -> Any:
    record = found(account, "charges", asked.path["id"], "chg_")
    return shapes4.success("Charge fetched", shapes4.asked_charge(account, record))


def charges(account: Account, asked: Asked) -> Any:
    records = listed(account, "charges", _query(asked), {"reference": "tx_ref"})
    return shapes4.page("Charges fetched", [shapes4.asked_charge(account, record) for record in records])


def transfer(account: Account, asked: Asked) -> Any:
    return shapes4.success("Transfer fetched",
                           shapes4.transfer(account, found(account, "transfers", asked.path["id"], "trf_")))


def transfers(account: Account, asked: Asked) -> Any:
    records = listed(account, "transfers", asked.query, {"reference": "reference"})
    return shapes4.page("Transfers fetched", [shapes4.transfer(account, record) for record in records])


def refund(account: Account, asked: Asked) -> Any:
    return shapes4.success("Refund fetched",
                           shapes4.refund(account, found(account, "refunds", asked.path["id"], "rfd_")))


def refunds(account: Account, asked: Asked) -> Any:
    query = {**asked.query}
    if "charge_id" in query:
        query["charge_id"] = query["charge_id"].removeprefix("chg_")
    records = listed(account, "refunds", query, {"charge_id": "tx_id"})
    return shapes4.page("Refunds fetched", [shapes4.refund(account, record) for record in records])


def chargeback(account: Account, asked: Asked) -> Any:
    return shapes4.success("Chargeback fetched",
                           shapes4.chargeback(account, found(account, "chargebacks", asked.path["id"], "chb_")))


def create_refund(account: Account, asked: Asked) -> Any:
    """With X-Idempotency-Key, the first answer is given for ever."""
    key = asked.headers.get("x-idempotency-key")
    kept = account.table("idempotency").get(key or "")
    if kept:
        return http1.Reply(kept["status"], kept["body"].encode(), {"X-Idempotency-Cache-Hit": "true"})
    if key is not None and not 12 <= len(key) <= 255:
        raise Refused(400, "X-Idempotency-Key has 12 to 255 characters")
    record = merchant.refund(account, found(account, "charges", asked.body["charge_id"], "chg_"), asked.body["amount"],
                             asked.body["reason"])
    body = shapes4.success("Refund Initiated", shapes4.refund(account, record))
    if key:
        account.put("idempotency", key, {"status": 201, "body": wire.dump(body)})
    return body


def token(account: Account, asked: Asked) -> Any:
    """An access token for client credentials, which lives ten minutes of the account's clock."""
    if asked.body["client_secret"] != f"FLWSECK-{account.name}":
        raise Refused(401, "Invalid client or Invalid client credentials")
    key = f"{account.name}.{secrets.token_hex(16)}"
    account.put("tokens", key, {"ends": account.clock.now() + TOKEN_SECONDS * 1000})
    return {"access_token": key, "expires_in": TOKEN_SECONDS, "refresh_expires_in": 0, "token_type": "Bearer",
            "not-before-policy": 0, "scope": "profile email"}


def _query(asked: Asked) -> dict[str, str]:
    return {name: "successful" if value == "succeeded" else value for name, value in asked.query.items()}


V4 = Version(error=shapes4.error, calls=[
    Call("POST", TOKEN_PATH, "token", token, form=TOKEN),
    Call("GET", "/v4/charges/{id}", "verify", charge),
    Call("GET", "/v4/charges", "verify", charges, query=BY_REFERENCE),
    Call("GET", "/v4/transfers/{id}", "transfer_read", transfer),
    Call("GET", "/v4/transfers", "transfer_read", transfers, query=BY_REFERENCE),
    Call("POST", "/v4/refunds", "refund", create_refund, REFUND, status=201),
    Call("GET", "/v4/refunds/{id}", "refund_read", refund),
    Call("GET", "/v4/refunds", "refund_read", refunds, query=BY_CHARGE),
    Call("GET", "/v4/chargebacks/{id}", "chargeback_read", chargeback)])


def token_is_good(account: Account, token: str) -> bool:
    kept = account.table("tokens").get(token)
    return kept is not None and bool(kept["ends"] > account.clock.now())

