"""The provider's own double-entry book of one account: what it holds for the merchant, from what it did itself.

Accounts of the book: merchant (held for the merchant), outside (customers and beneficiaries), income (fees). The rows
of a journal sum to zero in its currency; a positive row of merchant is more for the merchant.
"""
from decimal import Decimal
from typing import Any

from . import money
from .account import Account, Record

Rows = list[tuple[str, Decimal]]


def post(account: Account, kind: str, about: Any, currency: str, rows: Rows) -> None:
    """Enters one journal."""
    assert sum(amount for _, amount in rows) == 0, f"{kind} {about} does not balance"
    key = account.next_id()
    account.put("journals", key, {"kind": kind, "about": about, "currency": currency, "at": account.clock.now(),
                                  "rows": [[name, amount] for name, amount in rows if amount]})


def moved(amount: Decimal, fee: Decimal) -> Rows:
    """An amount for the merchant (negative: from it) and a fee taken from what it has."""
    return [("outside", -amount), ("merchant", amount - fee), ("income", fee)]


def balances(account: Account, currency: str) -> dict[str, Decimal]:
    found = {"merchant": Decimal(0), "outside": Decimal(0), "income": Decimal(0)}
    for journal in account.table("journals").values():
        for name, amount in journal["rows"] if journal["currency"] == currency else []:
            found[name] += amount
    return found


def reserved(account: Account, currency: str) -> Decimal:
    """Ordered by the merchant and not yet done: payouts with their fees, refunds."""
    payouts = [transfer["amount"] + transfer["fee"] for transfer in account.table("transfers").values()
               if transfer["currency"] == currency and transfer["status"] in ("NEW", "PENDING")]
    refunds = [refund["amount"] for refund in account.table("refunds").values()
               if refund["currency"] == currency and refund["status"] == "pending"]
    return Decimal(sum(payouts) + sum(refunds))


def available(account: Account, currency: str) -> Decimal:
    return balances(account, currency)["merchant"] - reserved(account, currency)


def report(account: Account) -> Record:
    """Every currency's balance and everything that led to it."""
    tables = ("charges", "refunds", "transfers", "chargebacks")
    used = {record["currency"] for table in tables for record in account.table(table).values()}
    return {"currencies": {currency: _currency(account, currency, tables) for currency in sorted(used)},
            "journals": [{"id": int(key), **journal} for key, journal in account.table("journals").items()]}


def _currency(account: Account, currency: str, tables: tuple[str, ...]) -> Record:
    sums = balances(account, currency)
    listed = {table: [record for record in account.table(table).values() if record["currency"] == currency]
              for table in tables}
    return {"balance": sums["merchant"], "balance_minor": money.minor(sums["merchant"], currency),
            "reserved": reserved(account, currency), "balanced": not sum(sums.values()), "accounts": sums, **listed}
