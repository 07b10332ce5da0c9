"""Replies of both servers held to the document they themselves answer at GET /openapi.json.

check_reply(document, method, path, status, media_type, body) raises AssertionError where a reply is not described,
or is not as described; path is the request's own, query and all. test_replies.py shows what it sees.
"""
import json
import re

import jsonschema


def operation_of(document, method, path):
    path = path.partition("?")[0]
    for template, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", template), path) and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not in the document")


def resolved(document, node):
    while "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def check_reply(document, method, path, status, media_type, body):
    described = operation_of(document, method, path)["responses"]
    assert str(status) in described, f"{method} {path}: {status} is not described"
    content = resolved(document, described[str(status)]).get("content", {})
    if not content:
        assert not body, f"{method} {path}: {status} has a body"
        return
    media_type = media_type.partition(";")[0]
    assert media_type in content, f"{method} {path}: {status} is {media_type}, described is {sorted(content)}"
    schema = {**content[media_type]["schema"], "components": document["components"]}
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(body)), key=lambda error: error.path)
    assert not errors, f"{method} {path}: {status}: {errors[0].json_path}: {errors[0].message}"
