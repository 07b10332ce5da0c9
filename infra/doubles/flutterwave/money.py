"""Amounts in major units, exact, with the ISO 4217 exponent of their currency."""
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

EXPONENT = {currency: digits for digits, currencies in {
    0: "XOF XAF UGX RWF GNF BIF DJF KMF JPY",
    2: "NGN GHS KES TZS ZAR ZMW MWK SLE CDF ETB MAD EGP DZD GMD LRD CVE MRU EUR USD GBP CAD MGA",
    3: "TND LYD",
}.items() for currency in currencies.split()}
NUMERIC = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")


class NotMoney(ValueError):
    """Why a value is no amount of a currency."""


def amount(value: Any, currency: Any) -> Decimal:
    """A JSON number or a numeric text, above zero, with no more digits than the currency has."""
    if currency not in EXPONENT:
        raise NotMoney(f"currency not supported: {currency!r:.20}")
    found = number(value)
    if found <= 0:
        raise NotMoney("amount must be above zero")
    if found != quantized(found, currency):
        raise NotMoney(f"amount has more digits than {currency} has")
    return found


def number(value: Any) -> Decimal:
    """A decimal from a JSON number or a numeric text."""
    if isinstance(value, str) and NUMERIC.fullmatch(value):
        return Decimal(value)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        found = Decimal(value)
        if abs(found) < 10**15:
            return found
    raise NotMoney("amount must be a number or a numeric text")


def quantized(value: Decimal, currency: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-EXPONENT[currency]), ROUND_HALF_UP)


def minor(value: Decimal | int, currency: str) -> Decimal:
    return Decimal(value).scaleb(EXPONENT[currency])
