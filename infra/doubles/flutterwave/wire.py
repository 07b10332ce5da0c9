"""JSON as it stands on the wire: amounts stay exact decimals both ways, doubled members are refused."""
import json
from decimal import Decimal
from typing import Any

LARGEST = 30  # digits before or after the point; beyond that a number is an attack, not an amount


class Malformed(ValueError):
    """What is not JSON, or not JSON one may rely on."""


def parse(data: bytes | str) -> Any:
    """A value whose numbers are int or Decimal, never float."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        return json.loads(text, parse_float=_decimal, parse_constant=_refuse, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > LARGEST or len(value.as_tuple().digits) > LARGEST:
        raise Malformed(f"number out of range: {text[:40]}")
    return value


def _refuse(text: str) -> Any:
    raise Malformed(f"no number: {text}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a member twice")
    return found


def dump(value: Any) -> str:
    """Compact JSON; a Decimal is written as its shortest plain text."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{dump(each)}" for name, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dump(each) for each in value) + "]"
    if isinstance(value, float):
        raise TypeError("a float on the wire")
    return json.dumps(value, ensure_ascii=False)


def plain(value: Decimal | int) -> str:
    """2500, 12.5: no exponent, no zeros behind."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
