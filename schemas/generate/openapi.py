# SPDX-License-Identifier: Apache-2.0
"""The documents for people and their tools: OpenAPI 3.1 of both servers, AsyncAPI 3.0 of the topics.

Both are made of the same model as the C tables, so they cannot say anything else. Our named formats are also
written as patterns, which every JSON Schema validator reads.
"""

import copy
import re

from load import SchemaError

VERSION = "0.1.0"
LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
JSON, PROBLEM = "application/json", "application/problem+json"
UUID = r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
PATTERNS = {
    "uuid": UUID,
    "date-time": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z$",
    "phone": r"^\+[1-9][0-9]{7,14}$",
    "country": "^[A-Z]{2}$",
    "currency": "^[A-Z]{3}$",
    "language": "^[a-z]{2}$",
    "zone": r"^(UTC|[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){1,2})$",
    "hex": "^[0-9A-Fa-f]*$",
    "base64url": "^[A-Za-z0-9_-]*$",
    "ascii": "^[!-~]*$",
    "line": r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "text": r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$",
}
PORTS = {"ingress": "8080", "query": "8081"}
PARAMETERS = {
    "id": {"in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
    "digest": {"in": "path", "required": True, "description": "The photo's SHA-256, in hexadecimal digits.",
               "schema": {"type": "string", "minLength": 64, "maxLength": 64, "pattern": "^[0-9A-Fa-f]{64}$"}},
    "receipt": {"in": "query", "description": "The receipt of a 202, as its status_url carries it: tells a command "
                "that is not decided yet from one that never was. One that is none of ours is as good as none.",
                "schema": {"type": "string", "maxLength": 299}},
    "wait": {"in": "query", "description": "How many seconds to wait for the verdict before answering.",
             "schema": {"type": "integer", "minimum": 0, "maximum": 30}},
    "limit": {"in": "query", "description": "How many items a page has at most.",
              "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    "next": {"in": "query", "description": "The next of the page before, as it was.",
             "schema": {"type": "string", "maxLength": 256}},
    "after": {"in": "query", "description": "A command of yours: its verdict is waited for, then read what it did.",
              "schema": {"type": "string", "format": "uuid"}},
}
KEY = {"name": "Idempotency-Key", "in": "header", "required": False,
       "description": "The same key is the same command: repeat a request after a 503 or 504 with it.",
       "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}}
PROBLEMS = {
    "400": "Not a request we can read, or its body is not JSON", "401": "No valid access token",
    "403": "The caller's role may not do this", "404": "There is no such thing, or it is not yours",
    "406": "Only application/json is answered", "413": "The body is too large",
    "415": "The body is not application/json", "422": "Members of the body, or parameters, are wrong: each is named",
    "429": "Too many requests: Retry-After says when", "503": "Surely not taken: try again after Retry-After",
    "504": "Not known whether it was taken: repeat it with the same Idempotency-Key",
}
FOR_COMMANDS = ("400", "401", "403", "406", "413", "415", "422", "429", "503", "504")
FOR_READS = ("400", "401", "403", "404", "406", "429", "503")
FOR_ANYONE = ("400", "406")
FOR_BODIES = ("413", "415", "422")
DEGREES = r"^-?[0-9]{1,3}(\.[0-9]{1,7})?$"
SAID = {  # what the members of a search mean; at each end either its city or its point is given
    "origin_country": "With origin_city: where trips leave from.",
    "origin_city": "Whatever the case of ASCII letters. Instead of it: near_lat, near_lon and radius_km.",
    "near_lat": "Instead of origin_city: decimal degrees, -80 to 80, rounded to hundredths.",
    "near_lon": "Decimal degrees, -180 to 180, rounded to hundredths.",
    "radius_km": "How far from there a trip may leave, along the great circle.",
    "destination_country": "With destination_city: where trips go.",
    "destination_city": "Instead of it: destination_near_lat, destination_near_lon and destination_radius_km.",
    "destination_near_lat": "As near_lat.",
    "destination_near_lon": "As near_lon.",
    "destination_radius_km": "As radius_km.",
    "from": "Departs then at the earliest; never sooner than a request may still be made.",
    "until": "Departs then at the latest.",
    "min_grams": "At least so much space is left; 1 where it is not said.",
    "max_price": "Of a kilogram, at most, in minor units of currency, which it needs.",
    "currency": "Priced in this currency.",
}


def text(format_name=None, **more):
    return {"type": "string", **({"format": format_name} if format_name else {}), **more}


def closed(properties, required=None):
    return {"type": "object", "properties": properties, "required": required or list(properties)}


def published(schema):
    """A file of ours as a component: references point into the document, formats have their pattern too."""
    if isinstance(schema, list):
        return [published(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: published(value) for key, value in schema.items()}
    if isinstance(schema.get("$ref"), str):
        made["$ref"] = "#/components/schemas/" + schema["$ref"].split("/")[-1][:-5]
    if schema.get("type") == "string" and schema.get("format") in PATTERNS:
        made["pattern"] = PATTERNS[schema["format"]]
    return made


COUNTED = {  # what a read adds to the row
    "trip": {"left_g": {"type": "integer", "minimum": 0, "description": "Space that can still be asked for."},
             "announced": {"type": "object", "description": "To its traveller and staff: what was said in private."}},
    "booking": {"total": {"type": "integer", "minimum": 0, "description": "Carriage and fee: what the sender pays."}},
    "payment": {"link": {"type": "string", "format": "uri",
                         "description": "To its sender, while it is due: the page to pay on."}},
}


def view(model, name):
    """What its owner reads of an aggregate: the projector's row, and over it what the commands that say it carry."""
    made = published(copy.deepcopy(model.documents["states/" + name]))
    for row in model.routes:
        if row.get("subject") in ("new", "caller") and row["command"].split(".")[0] == name:
            made["properties"] |= published(model.documents["commands/" + row["command"]]["properties"])
    made["properties"] |= COUNTED.get(name, {})
    del made["additionalProperties"]
    made["required"] = ["id", "version", "state"]
    made["description"] = "What was never said is absent; so is, for others than its owner, what is x-private."
    return made


def components(model):
    schemas = {key.split("/")[1]: published(document) for key, document in model.documents.items()
               if key.split("/")[0] in ("types", "commands")}
    states = [key.split("/")[1] for key in model.documents if key.startswith("states/")]
    schemas |= {name: view(model, name) for name in states}
    schemas["problem"] = closed(
        {"type": text(), "title": text(), "status": {"type": "integer"}, "detail": text(),
         "errors": {"type": "array", "items": closed({"pointer": text(), "detail": text()})}},
        ["type", "title", "status"])
    schemas["accepted"] = closed({"id": text("uuid"), "status_url": text("uri-reference"),
                                  "resource": text("uri-reference")})
    schemas["verdict"] = closed(
        {"id": text("uuid"), "state": text(enum=["accepted", "refused", "pending", "parked"]), "reason": text(),
         "facts": {"type": "array", "items": text("uuid")}, "resource": text("uri-reference"),
         "decided_at": text("date-time")}, ["id", "state"])
    schemas["happened"] = {**closed(
        {"fact": text("uuid"), "seq": {"type": "integer"}, "at": text("date-time"), "type": text(),
         "data": {"type": "object"}}, ["seq", "at", "type"]), "description": "A fact, as history keeps it."}
    schemas["handover_code"] = closed(
        {"purpose": text(enum=["pickup", "return"]), "issue": {"type": "integer", "minimum": 1},
         "tries_left": {"type": "integer", "minimum": 0}, "code": text(pattern="^[0-9]{6}$"), "qr": text()})
    schemas["jwks"] = {**closed({"keys": {"type": "array", "items": closed(
        {"kty": text(const="OKP"), "crv": text(const="Ed25519"), "x": text("base64url"), "kid": text(),
         "use": text(const="sig"), "alg": text(const="EdDSA")})}}),
        "description": "The public keys that QR codes are checked with (RFC 7517, RFC 8037)."}
    schemas["presigned"] = {**closed(
        {"url": text("uri"), "method": text(enum=["PUT", "GET"]),
         "headers": {"type": "object", "additionalProperties": text()}, "expires_at": text("date-time"),
         "digest": text("hex", pattern="^[0-9a-f]{64}$")}),
        "description": "A request to the object store, to be sent exactly so before it expires, without our token."}
    times = {name: text("date-time", pattern=PATTERNS["date-time"])
             for name in ("departs", "arrives", "collected_at", "delivered_at", "evidence_by")}
    schemas["tracking"] = {**closed(
        {"booking": text("uuid"), "state": refer("schemas", "booking_status"), "changed_at": text("date-time"),
         "origin": refer("schemas", "place"), "destination": refer("schemas", "place"), **times,
         "parcel": closed(
             {"state": refer("schemas", "parcel_status"), "changed_at": text("date-time"),
              "arrived_at": text("date-time"), "delivered_at": text("date-time"),
              "outcome": refer("schemas", "parcel_outcome"),
              "photos": {"type": "array", "items": refer("schemas", "photo_stage")}},
             ["state", "changed_at", "photos"])},
        ["booking", "state", "changed_at", "origin", "destination", "departs", "arrives"]),
        "description": "What a recipient sees, with the link they were sent as bearer token."}
    moved = closed({"account": refer("schemas", "account"), "currency": text(), "amount": {"type": "integer"}})
    schemas["ledger"] = {**closed(
        {"booking": text("uuid"), "payment": text("uuid"), "balances": {"type": "array", "items": moved},
         "journals": {"type": "array", "items": closed(
             {"id": text("uuid"), "at": text("date-time"), "entries": {"type": "array", "items": moved}})}}),
        "description": "Every movement of a booking's money, + debit, - credit, in minor units. A journal sums to 0."}
    return {"schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "parameters": {name: {"name": name, **parameter} for name, parameter in PARAMETERS.items()} |
            {"key": KEY},
            "responses": {code: problem_response(code) for code in PROBLEMS}}


def refer(kind, name):
    return {"$ref": f"#/components/{kind}/{name}"}


def problem_response(code):
    made = {"description": PROBLEMS[code], "content": {PROBLEM: {"schema": refer("schemas", "problem")}}}
    if code in ("429", "503"):
        made["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return made


def answer(description, schema, **headers):
    made = {"description": description, "content": {JSON: {"schema": schema}}}
    if headers:
        made["headers"] = {name.replace("_", "-"): {"schema": schema} for name, schema in headers.items()}
    return made


def server(row):
    """Each server has its own address; a gateway in front of both makes them one."""
    return {"url": "{scheme}://{" + row["server"] + "}", "variables": {
        "scheme": {"default": "http", "enum": ["http", "https"]},
        row["server"]: {"default": "127.0.0.1:" + PORTS[row["server"]]}}}


def command_operation(row, model):
    struct = next(message.struct for message in model.messages if message.type == row["command"])
    needed = any(field.required for field in struct.fields)
    problems = sorted(FOR_COMMANDS + (("404",) if "{id}" in row["path"] else ()))
    return {
        "parameters": [refer("parameters", "key")],
        "requestBody": {"required": needed, "content": {JSON: {"schema": refer("schemas", row["command"])}}},
        "responses": {"202": answer("Written down; its verdict is at status_url", refer("schemas", "accepted"),
                                    Location=text("uri-reference"))} |
        {code: refer("responses", code) for code in problems},
    }


def page_of(schema):
    return closed({"items": {"type": "array", "items": schema}, "next": text()}, ["items"])


def parameters_of(row, model):
    """References to the parameters every route shares; the name of a type stands for its members."""
    made = []
    for name in row.get("parameters", []):
        document = model.documents.get("types/" + name)
        for member, schema in (document or {"properties": {}})["properties"].items():
            shape = published(schema)
            if member.endswith(("_lat", "_lon")):
                shape["pattern"] = DEGREES
            made.append({"name": member, "in": "query", "description": SAID[member], "schema": shape})
        if not document:
            made.append(refer("parameters", name))
    return made


def read_operation(row, model):
    aggregate, verb = row["name"].split(".")
    answers = {
        "list": lambda: answer("A page; next is absent on the last", page_of(refer("schemas", aggregate))),
        "read": lambda: answer("As it is now", refer("schemas", aggregate)),
        "search": lambda: answer("A page; next is absent on the last", page_of(refer("schemas", aggregate))),
        "mine": lambda: answer("A page; next is absent on the last", page_of(refer("schemas", aggregate))),
        "payment": lambda: answer("As it is now", refer("schemas", "payment")),
        "tracking": lambda: answer("As it is now", refer("schemas", "tracking")),
        "ledger": lambda: answer("As it is now", refer("schemas", "ledger")),
        "person": lambda: answer("As it is now", refer("schemas", "profile")),
        "history": lambda: answer("A page; next is absent on the last", page_of(refer("schemas", "happened"))),
        "verdict": lambda: answer("Decided", refer("schemas", "verdict")),
        "codes": lambda: answer("What the sender shows at the door, while it is good",
                                page_of(refer("schemas", "handover_code"))),
        "keys": lambda: answer("Key set", refer("schemas", "jwks")),
        "photo": lambda: answer("Where the photo is fetched", refer("schemas", "presigned")),
        "photo_upload": lambda: answer("Where the photo is put; then attach it", refer("schemas", "presigned")),
    }
    if verb not in answers:
        raise SchemaError(f"routes.json: {row['name']}: what it answers is not known to openapi.py")
    problems = FOR_ANYONE if row["role"] == "anyone" else FOR_READS
    replies = {"200": answers[verb]()} | {code: refer("responses", code) for code in problems}
    if verb in ("read", "payment", "ledger", "person", "tracking"):
        replies["200"]["headers"] = {"ETag": {"schema": text()}}
        replies["304"] = {"description": "As If-None-Match has it"}
    if verb == "verdict":
        replies["202"] = answer("Not decided yet, or parked", refer("schemas", "verdict"),
                                Retry_After={"type": "integer"})
        replies["422"] = refer("responses", "422")
    if verb == "search":
        replies["422"] = refer("responses", "422")
    made = {"parameters": parameters_of(row, model)}
    if "body" in row:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": refer("schemas", row["body"])}}}
        replies |= {code: refer("responses", code) for code in FOR_BODIES}
    return made | {"responses": dict(sorted(replies.items()))}


def openapi(model):
    paths = {}
    for row in model.routes:
        operation = {"operationId": row["name"], "summary": row["summary"], "tags": [row["name"].split(".")[0]],
                     "servers": [server(row)], "x-roles": row["role"].split()}
        operation |= command_operation(row, model) if "command" in row else read_operation(row, model)
        if row["role"] == "anyone":
            operation["security"] = []
        path = paths.setdefault(row["path"], {})
        if "{" in row["path"]:
            path["parameters"] = [refer("parameters", name) for name in re.findall(r"{(\w+)}", row["path"])]
        path[row["method"].lower()] = operation
    for path in paths.values():
        path["servers"] = list({operation["servers"][0]["url"]: operation["servers"][0]
                                for method, operation in path.items() if method in ("get", "post")}.values())
    return {"openapi": "3.1.0",
            "info": {"title": "colisbus", "version": VERSION, "license": LICENSE,
                     "description": "Parcels carried by travellers. A POST is a command: 202 says it is written "
                                    "down for good, its verdict follows at status_url. One that answers 200 asked "
                                    "something and changed nothing."},
            "servers": [server(row) for row in ({"server": "ingress"}, {"server": "query"})],
            "security": [{"bearer": []}], "paths": paths, "components": components(model)}


HEADERS = {
    "ce_specversion": text(const="1.0"), "ce_id": text("uuid"), "ce_type": text(), "ce_source": text(),
    "ce_subject": text(), "ce_time": text("date-time"), "ce_dataschema": text(), "ce_partitionkey": text(),
    "ce_sequence": text(pattern="^[0-9]{10,16}$"), "ce_principal": text(), "ce_role": text(),
    "ce_causationid": text("uuid"), "ce_fingerprint": text(pattern="^[0-9a-f]{32}$"),
    "content-type": text(const=JSON), "traceparent": text(),
}
HEADERS_REQUIRED = ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject"]


def channel(row, model):
    kept = "for ever" if row["retention_ms"] < 0 else f"{row['retention_ms'] // 86400000} days"
    found = [m for m in model.messages if m.topic == row["name"]]
    return {"address": "{namespace}." + row["name"],
            "parameters": {"namespace": {"default": "colis"}},
            "description": f"Key: {row['key']}. Kept {kept}. Written by {', '.join(row['written_by'])}; "
                           f"read by {', '.join(row['read_by'])}.",
            "messages": {m.type: refer("messages", m.type) for m in found},
            "bindings": {"kafka": {"partitions": row["partitions"],
                                   "topicConfiguration": {"cleanup.policy": [row["cleanup"]],
                                                          "retention.ms": row["retention_ms"]}}}}


def asyncapi(model):
    schemas = {key.split("/")[1]: published(document) for key, document in model.documents.items()
               if key.split("/")[0] in ("types", "commands", "facts")}
    for schema in schemas.values():
        schema.pop("x-topic", None)
    messages = {m.type: {"name": m.type, "title": m.struct.title, "contentType": JSON,
                         "headers": refer("schemas", "headers"), "payload": refer("schemas", m.type)}
                for m in model.messages}
    operations = {}
    for row in model.topics:
        for action, programs in (("send", row["written_by"]), ("receive", row["read_by"])):
            operations |= {f"{program}.{action}.{row['name']}": {
                "action": action, "channel": {"$ref": "#/channels/" + row["name"]}} for program in programs}
    return {"asyncapi": "3.0.0",
            "info": {"title": "colisbus", "version": VERSION, "license": {"name": LICENSE["name"]}},
            "defaultContentType": JSON,
            "channels": {row["name"]: channel(row, model) for row in model.topics}, "operations": operations,
            "components": {"messages": messages, "schemas": schemas |
                           {"headers": closed(HEADERS, HEADERS_REQUIRED)}}}
