"""The second opinion on messages: PyPI jsonschema, with format checkers written from the standards, beside the codec.

check_message(type, value) is for whoever captured a message: it raises AssertionError unless both readers take it
and both would write it with these very bytes. The codec is asked by a pipe (colis-codec-judge).
"""
import atexit
import functools
import json
import os
import pathlib
import re
import subprocess
import unicodedata
from datetime import datetime, timezone

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = TOP / "schemas"
DEEPEST = 32  # SCAN_DEPTH
POINTER = 160  # CODEC_POINTER
FOLDERS = ("commands", "facts", "states", "foreign")


def judge_path():
    build = pathlib.Path(os.environ.get("COLIS_BUILD", TOP / "build" / "plain"))
    return pathlib.Path(os.environ.get("COLIS_CODEC_JUDGE", build / "tests" / "schemas" / "colis-codec-judge"))


# Reading, without the codec

class NotJson(Exception):
    """Python's reader, or a rule of ours beside it, refuses the bytes."""


class Object(dict):
    """A JSON object that remembers which of its names stood twice."""
    twice = frozenset()


class NotWhole:
    """A number with a fraction, an exponent, or a minus before zero: no integer for us."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return "a number that is not whole"


def _object(pairs):
    made = Object(pairs)
    names = [name for name, _ in pairs]
    made.twice = frozenset(name for name in names if names.count(name) > 1) if len(made) < len(names) else frozenset()
    return made


def _integer(text):
    if text == "-0":
        return NotWhole(text)
    return int(text) if len(text) < 40 else (-1 if text[0] == "-" else 1) * 10**40


def _constant(text):
    raise NotJson(f"{text} is not JSON")


def _deeper(value, depth=0):
    """How deep containers nest; a lone surrogate anywhere is refused."""
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise NotJson("half a character")
        return depth
    if isinstance(value, dict):
        return max([_deeper(name, depth + 1) for name in value] + [_deeper(item, depth + 1) for item in value.values()],
                   default=depth + 1)
    if isinstance(value, list):
        return max([_deeper(item, depth + 1) for item in value], default=depth + 1)
    return depth


def read_json(data):
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer,
                           parse_float=NotWhole, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    if _deeper(value) > DEEPEST:
        raise NotJson("too deep")
    return value


# Formats, from the standards and from design.md

def _date_time(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z", text):
        return None
    try:
        whole, _, fraction = text[:-1].partition(".")
        moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return (moment, int((fraction + "000")[:3])) if moment.year >= 1970 and whole[17:] < "60" else None


def _email(text):
    local, at, domain = text.rpartition("@")
    atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    labels = domain.split(".")
    return bool(at and len(text) <= 254 and len(local) <= 64 and re.fullmatch(rf"{atom}(\.{atom})*", local)
                and len(labels) > 1 and re.search("[A-Za-z]", labels[-1])
                and all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in labels))


def _no_control(text, allowed=""):
    return all(letter in allowed or unicodedata.category(letter) != "Cc" for letter in text)


def _matches(pattern):
    return lambda text: re.fullmatch(pattern, text) is not None


FORMATS = {
    "uuid": _matches(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "date-time": lambda text: _date_time(text) is not None,
    "email": _email,
    "phone": _matches(r"\+[1-9][0-9]{7,14}"),
    "country": _matches("[A-Z]{2}"),
    "currency": _matches("[A-Z]{3}"),
    "language": _matches("[a-z]{2}"),
    "zone": _matches(r"UTC|[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){1,2}"),
    "hex": _matches("[0-9A-Fa-f]*"),
    "base64url": _matches("[A-Za-z0-9_-]*"),
    "ascii": _matches("[!-~]*"),
    "decimal": _matches(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"),
    "line": _no_control,
    "text": lambda text: _no_control(text, "\n\t"),
}


@functools.cache
def _checker():
    checker = jsonschema.FormatChecker(formats=())
    for name, function in FORMATS.items():
        checker.checks(name)(lambda value, function=function: not isinstance(value, str) or function(value))
    return checker


# Schemas

@functools.cache
def _registry():
    files = [path for folder in FOLDERS + ("types",) for path in (SCHEMAS / folder).glob("*.json")]
    resources = [(f"colis:/{path.parent.name}/{path.name}", DRAFT202012.create_resource(json.loads(path.read_text())))
                 for path in files]
    return Registry().with_resources(resources)


@functools.cache
def schema_types():
    """type -> folder, of everything that may stand alone."""
    return {path.name[:-5]: folder for folder in FOLDERS for path in sorted((SCHEMAS / folder).glob("*.json"))}


@functools.cache
def schema(type):
    """The file of a type, its references resolved in place."""
    return resolved(f"colis:/{schema_types()[type]}/{type}.json")


def resolved(uri):
    found = _registry().resolver().lookup(uri)

    def walk(node):
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            base = uri.rsplit("/", 1)[0]
            target = base.rsplit("/", 1)[0] + node["$ref"][2:] if node["$ref"].startswith("../") else \
                f"{base}/{node['$ref']}"
            return {**resolved(target), **{key: value for key, value in node.items() if key != "$ref"}}
        return {key: walk(value) for key, value in node.items()}
    return walk(found.contents)


@functools.cache
def _validator(type):
    types = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
    made = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=types)
    made.check_schema(schema(type))
    return made(schema(type), format_checker=_checker())


def _without_null(node, value):
    """A foreign document as the codec reads it: null members are absent, a decimal is its text."""
    if isinstance(value, dict) and node.get("type") == "object":
        made = Object((name, _without_null(node["properties"].get(name, {}), item)) for name, item in value.items()
                      if item is not None or name not in node["properties"])
        made.twice = value.twice
        return made
    if isinstance(value, list) and node.get("type") == "array":
        return [_without_null(node["items"], item) for item in value]
    if node.get("format") == "decimal" and isinstance(value, (int, NotWhole)) and not isinstance(value, bool):
        return value.text if isinstance(value, NotWhole) else str(value)
    return value


def _stands_twice(node, value):
    """Does a known member stand twice? Inside unknown members nobody looks."""
    if isinstance(value, dict) and node.get("type") == "object":
        known = node["properties"]
        return bool(value.twice & set(known)) or any(_stands_twice(known[name], item) for name, item in value.items()
                                                     if name in known)
    if isinstance(value, list) and node.get("type") == "array":
        return any(_stands_twice(node["items"], item) for item in value[:node["maxItems"]])
    return False


def _pointer(path):
    """RFC 6901, cut between two characters where it would not fit in CODEC_POINTER bytes with its NUL."""
    units = [unit for part in path for unit in
             ["/"] + [{"~": "~0", "/": "~1", "\0": "\ufffd"}.get(letter, letter) for letter in str(part)]]
    written = ""
    for unit in units:
        if len((written + unit).encode()) >= POINTER:
            break
        written += unit
    return written


def _pointers(error):
    """Where the codec would point: at the member that is missing or not known, else at the value."""
    path = list(error.absolute_path)
    if error.validator == "required":
        return {_pointer(path + [name]) for name in error.validator_value if name not in error.instance}
    if error.validator == "additionalProperties":
        return {_pointer(path + [name]) for name in error.instance if name not in error.schema["properties"]}
    return {_pointer(path)}


def _looked_at(node, pointer):
    """The codec does not look at items past maxItems."""
    for part in pointer.split("/")[1:]:
        if node.get("type") == "array":
            if int(part) >= node["maxItems"]:
                return False
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part, {})
    return True


def canonical(node, value):
    """Schema order, no spaces, shortest escapes, times and ids in their one form."""
    if node.get("type") == "object":
        members = [json.dumps(name, ensure_ascii=False) + ":" + canonical(inner, value[name])
                   for name, inner in node["properties"].items() if name in value]
        return "{" + ",".join(members) + "}"
    if node.get("type") == "array":
        return "[" + ",".join(canonical(node["items"], item) for item in value) + "]"
    if node.get("format") == "uuid":
        value = value.lower()
    if node.get("format") == "date-time":
        moment, fraction = _date_time(value)
        value = f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction:03}Z" if fraction else "Z")
        value = value.rjust(len(value) + 4 - value.index("-"), "0")
    return json.dumps(value, ensure_ascii=False)


def opinion(type, data):
    """(verdict, pointers, canonical form) as jsonschema has it."""
    node = schema(type)
    try:
        value = read_json(data)
    except NotJson:
        return "not-json", set(), None
    if _stands_twice(node, value):
        return "not-json", set(), None
    if node["additionalProperties"]:
        value = _without_null(node, value)
    errors = list(_validator(type).iter_errors(value))
    if errors:
        pointers = set().union(*(_pointers(error) for error in errors))
        return "invalid", {pointer for pointer in pointers if _looked_at(node, pointer)}, None
    return "valid", set(), canonical(node, value)


# The codec

class Judge:
    """The codec on a pipe."""

    def __init__(self, path=None):
        path = path or judge_path()
        assert path.exists(), f"{path} is not built"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, type, data):
        self.process.stdin.write(f"{type}\t{data.hex()}\n".encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the judge died of {type} {data!r}"
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@functools.cache
def judge():
    made = Judge()
    atexit.register(made.close)
    return made


def difference(type, data, judge_answer):
    """What the two readers do not agree on, as text; empty when they agree."""
    verdict, pointers, written = opinion(type, data)
    if judge_answer["verdict"] != verdict:
        return f"codec {judge_answer}, jsonschema {verdict} {sorted(pointers)}"
    if verdict == "valid" and judge_answer["canonical"] != written:
        return f"codec writes {judge_answer['canonical']}, we {written}"
    if verdict == "invalid":
        named = {pointer for pointer, _ in judge_answer["errors"]}
        if named != pointers if not judge_answer["more"] else not named <= pointers:
            return f"codec names {sorted(named)}, jsonschema {sorted(pointers)}"
    return ""


HEADERS = {
    "ce_specversion": _matches(r"1\.0"),
    "ce_id": FORMATS["uuid"],
    "ce_source": _matches(r"/[!-~]{1,62}"),
    "ce_type": _matches(r"[a-z_]+\.[a-z_]+\.v[1-9][0-9]?"),
    "ce_subject": _matches(r"[a-z_]{1,23}/[0-9a-f-]{36}"),
    "ce_time": FORMATS["date-time"],
    "ce_dataschema": _matches(r"/schemas/[!-~]+"),
    "ce_partitionkey": _matches("[!-~]{1,79}"),
    "ce_sequence": _matches("[0-9]{10}"),
    "ce_principal": _matches("[!-~]{1,63}"),
    "ce_role": _matches("person|staff|lead|recipient|system|payments|webhook"),
    "ce_causationid": FORMATS["uuid"],
    "ce_fingerprint": _matches("[0-9a-f]{32}"),
    "content-type": _matches("application/json"),
    "traceparent": _matches("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
}


def check_headers(headers):
    """CloudEvents 1.0, Kafka binding, binary mode, with our extensions; facts carry a version and a cause."""
    folder = schema_types().get(headers.get("ce_type"))
    assert folder in ("commands", "facts"), f"type {headers.get('ce_type')!r} is no message"
    needed = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"}
    missing = sorted(needed - set(headers))
    assert not missing, f"headers {missing} are missing"
    for name, value in headers.items():
        assert name not in HEADERS or HEADERS[name](value), f"header {name} is {value!r}"


@functools.lru_cache(maxsize=65536)
def _check_value(type, value):
    assert type in schema_types(), f"type {type!r} is no message"
    verdict, pointers, written = opinion(type, value)
    assert verdict == "valid", f"{type}: jsonschema says {verdict} {sorted(pointers)}: {value!r}"
    told = difference(type, value, judge().ask(type, value))
    assert not told, f"{type}: {told}"
    assert written.encode() == value, f"{type}: not in canonical form: {value!r}"


def check_message(type, value):
    """type is ce_type, or all headers of the record as a mapping, which are then checked too; value its bytes."""
    if not isinstance(type, str):
        check_headers(type)
        type = type["ce_type"]
    _check_value(type, bytes(value))
