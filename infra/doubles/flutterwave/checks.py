"""Whether a request is what the provider documents. A violation is refused with 4xx and kept; a member or a query name
the provider does not know is kept, and let through as the provider lets it through."""
import urllib.parse
from collections.abc import Callable
from typing import Any

from . import http1, money, wire

Check = Callable[[Any], bool]
CUSTOMER = {"email", "name", "phone_number", "phonenumber"}
Shape = dict[str, tuple[Check, bool]]  # member: what it must be, whether it must be there


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def words(value: Any) -> bool:
    return isinstance(value, str)


def email(value: Any) -> bool:
    return isinstance(value, str) and 0 < value.find("@") < len(value) - 1


def url(value: Any) -> bool:
    return isinstance(value, str) and urllib.parse.urlsplit(value).scheme in ("http", "https") \
        and bool(urllib.parse.urlsplit(value).netloc)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def extra(value: Any) -> bool:
    return isinstance(value, (dict, list)) or value is None


def figure(value: Any) -> bool:
    try:
        return money.number(value) > 0
    except money.NotMoney:
        return False


def currency(value: Any) -> bool:
    return value in money.EXPONENT if isinstance(value, str) else False


def customer(value: Any) -> bool:
    return isinstance(value, dict) and email(value.get("email")) and \
        all(words(value[name]) for name in CUSTOMER - {"email"} if name in value)


def body(request: http1.Request, shape: Shape) -> tuple[Any, list[str], list[str]]:
    """The body, what is wrong with it, and members nobody knows."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return None, ["Content-Type is not application/json"], []
    try:
        value = wire.parse(request.body)
    except wire.Malformed as error:
        return None, [f"the body is no JSON: {error}"], []
    if not isinstance(value, dict):
        return value, ["the body is no object"], []
    return value, wrong(value, shape), strange(value, shape)


def strange(value: dict[str, Any], shape: Shape) -> list[str]:
    person = value.get("customer")
    inner = sorted(set(person) - CUSTOMER) if isinstance(person, dict) else []
    return [f"unknown member {name}" for name in value if name not in shape] + \
        [f"unknown member customer.{name}" for name in inner]


def form(request: http1.Request, shape: Shape) -> tuple[dict[str, str], list[str], list[str]]:
    """The same for a form."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}, ["Content-Type is not application/x-www-form-urlencoded"], []
    value = form_of(request)
    return value, wrong(value, shape), [f"unknown member {name}" for name in value if name not in shape]


def form_of(request: http1.Request) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def wrong(value: dict[str, Any], shape: Shape) -> list[str]:
    absent = [f"{name} is missing" for name, (_, must) in shape.items() if must and name not in value]
    bad = [f"{name} is not what it must be: {wire.dump(value[name])[:80]}"
           for name, (check, _) in shape.items() if name in value and not check(value[name])]
    return absent + bad + ([] if absent or bad else digits(value))


def digits(value: dict[str, Any]) -> list[str]:
    """An amount with its currency beside it must be one of that currency."""
    try:
        if "amount" in value and "currency" in value:
            money.amount(value["amount"], value["currency"])
        return []
    except money.NotMoney as error:
        return [str(error)]


def query(request: http1.Request, known: Shape) -> tuple[dict[str, str], list[str], list[str]]:
    """The same for the query; a request without a body must have none."""
    value = dict(request.query)
    unknown = [f"unknown query {name}" for name in value if name not in known]
    bad = wrong(value, known)
    if request.method == "GET" and request.body:
        bad.append("a GET with a body")
    if len(value) != len(request.query):
        bad.append("a query name twice")
    return value, bad, unknown
