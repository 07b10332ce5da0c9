"""The generator: what the loader refuses, that C is made of what it takes, and what the published documents say."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

import jsonschema
import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
GENERATE = TOP / "schemas" / "generate"
sys.path.insert(0, str(GENERATE))

import load  # noqa: E402
import openapi  # noqa: E402

OBJECT = {"title": "x", "type": "object", "additionalProperties": False, "required": []}
FACT = {**OBJECT, "x-topic": "parcel"}
LINE = {"type": "string", "format": "line", "maxLength": 10}


@pytest.fixture
def room(tmp_path):
    """A copy of the room to change."""
    for folder in load.FOLDERS:
        shutil.copytree(TOP / "schemas" / folder, tmp_path / folder)
    for name in ("routes.json", "topics.json"):
        shutil.copy(TOP / "schemas" / name, tmp_path)
    return tmp_path


def put(room, name, document):
    (room / f"{name}.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return room


def command(**properties):
    return {**OBJECT, "properties": properties}


def refused(room, words):
    with pytest.raises(load.SchemaError, match=re.escape(words)):
        load.load(room)


def test_the_room_as_it_is_loads(room):
    model = load.load(room)
    assert [message.type for message in model.messages] == sorted(message.type for message in model.messages)
    assert {message.kind for message in model.messages} == {"command", "fact"}


@pytest.mark.parametrize("member, words", [
    ({**LINE, "pattern": "a"}, "keyword 'pattern'"),
    ({"oneOf": []}, "type None"),
    ({"type": ["string", "null"]}, "type"),
    ({"type": "number"}, "type 'number'"),
    ({"type": "string", "format": "line"}, "needs maxLength"),
    ({"type": "string"}, "needs maxLength"),
    ({"type": "string", "format": "uri", "maxLength": 9}, "format 'uri'"),
    ({"type": "string", "format": "decimal", "maxLength": 9}, "decimal is for foreign"),
    ({"type": "string", "format": "uuid", "maxLength": 36}, "keyword 'maxLength'"),
    ({"type": "string", "format": "phone", "maxLength": 17}, "contradict"),
    ({**LINE, "minLength": 11}, "contradict"),
    ({**LINE, "maxLength": True}, "must be an integer"),
    ({"type": "integer", "minimum": 2, "maximum": 1}, "minimum is over maximum"),
    ({"type": "integer", "maximum": 2**53}, "up to 2^53-1"),
    ({"type": "integer", "exclusiveMinimum": 0}, "keyword 'exclusiveMinimum'"),
    ({"type": "array", "items": LINE}, "needs maxItems"),
    ({"type": "array", "items": LINE, "maxItems": 65}, "needs maxItems, 1 to 64"),
    ({"type": "array", "items": {"type": "array", "items": LINE, "maxItems": 2}, "maxItems": 2}, "neither arrays"),
    ({"type": "string", "enum": ["a", "a"]}, "different strings"),
    ({"type": "string", "enum": ["A"]}, "lower case word"),
    ({"type": "string", "enum": ["none"]}, "lower case word"),
    ({"type": "boolean", "default": True}, "keyword 'default'"),
    ({"$ref": "../types/nowhere.json"}, "types/nowhere.json is not there"),
    ({"$ref": "../facts/parcel.registered.v1.json"}, "ours name files of types/"),
    ({"$ref": "#/definitions/x"}, "ours name files of types/"),
    ({**LINE, "x-private": 1}, "x-private is true or false"),
    ({"type": "string", "format": "text", "maxLength": 2048}, "bytes, over 8192"),
    ({"type": "array", "items": {"$ref": "../types/place.json"}, "maxItems": 64}, "bytes, over 8192"),
])
def test_a_member_outside_the_subset_ends_the_build(room, member, words):
    refused(put(room, "commands/parcel.try.v1", command(x=member)), words)


@pytest.mark.parametrize("document, words", [
    ({**command(x=LINE), "description": "x"}, "keyword 'description'"),
    ({**command(x=LINE), "additionalProperties": True}, "additionalProperties false"),
    ({**command(x=LINE), "required": ["y"]}, "requires 'y'"),
    ({**command(x=LINE), "x-topic": "parcel"}, "only facts have x-topic"),
    (command(), "1 to 64 members"),
    (command(**{f"m{i}": {"type": "boolean"} for i in range(65)}), "1 to 64 members"),
    (command(camelCase=LINE), "lower case with underscores"),
    (command(x=LINE, has_x={"type": "boolean"}), "two members want the C name"),
    ('{"type": "object", "type": "object"}', "a member stands twice"),
    ("{", "parcel.try.v1.json"),
])
def test_a_document_outside_the_subset_ends_the_build(room, document, words):
    refused(put(room, "commands/parcel.try.v1", document), words)


def test_private_members_never_reach_a_fact_or_a_state(room):
    put(room, "facts/parcel.tried.v1", {**FACT, "properties": {"x": {**LINE, "x-private": True}}})
    refused(room, "facts/parcel.tried.v1: holds x-private")
    put(room, "facts/parcel.tried.v1", {**FACT, "properties": {"x": {"$ref": "../types/address.json"}}})
    refused(room, "facts/parcel.tried.v1: holds x-private")
    list_of = {"type": "array", "maxItems": 2, "items": {"$ref": "../types/address.json"}}
    put(room, "facts/parcel.tried.v1", {**FACT, "properties": {"x": list_of}})
    refused(room, "facts/parcel.tried.v1: holds x-private")
    (room / "facts/parcel.tried.v1.json").unlink()
    put(room, "states/trial", command(x={"$ref": "../types/address.json"}))
    refused(room, "states/trial: holds x-private")


def test_a_fact_needs_a_topic_that_exists(room):
    put(room, "facts/parcel.tried.v1", {**OBJECT, "properties": {"x": LINE}})
    refused(room, "topic None")
    put(room, "facts/parcel.tried.v1", {**FACT, "x-topic": "luggage", "properties": {"x": LINE}})
    refused(room, "topic 'luggage'")


def test_a_message_has_a_name_of_three_words(room):
    put(room, "commands/parcel.v1", command(x=LINE))
    refused(room, "called aggregate.verb.vN")


def test_a_type_may_not_hold_itself(room):
    put(room, "types/loop", command(x={"$ref": "loop.json"}))
    refused(room, "types/loop: refers to itself")


def test_structs_nest_only_so_deep(room):
    for depth in range(load.NEST_MAX + 1):
        inner = {"$ref": f"../types/deep{depth - 1}.json"} if depth else LINE
        put(room, f"types/deep{depth}", command(x=inner))
    refused(room, "nests deeper than")


def test_foreign_schemas_are_open_and_keep_to_themselves(room):
    put(room, "foreign/hook", command(x=LINE))
    refused(room, "additionalProperties true")
    put(room, "foreign/hook", {**command(x={"$ref": "../types/money.json"}), "additionalProperties": True})
    refused(room, "foreign ones their neighbours")


@pytest.mark.parametrize("change, words", [
    ({"command": "parcel.registered.v1"}, "is no command"),
    ({"command": "parcel.register.v9"}, "is no command"),
    ({"server": "web"}, "server or method"),
    ({"server": "query"}, "ingress takes commands"),
    ({"subject": "any"}, "subject 'any'"),
    ({"colour": "blue"}, "keyword 'colour'"),
    ({"path": "/v1/me/profile"}, "is there twice"),
    ({"body": "money"}, "a POST to query has a body"),
    ({"bucket": "large"}, "a bucket is code"),
    ({"role": "anyone"}, "what anyone may read"),
    ({"role": "person anyone"}, "what anyone may read"),
])
def test_a_wrong_route_ends_the_build(room, change, words):
    document = json.loads((room / "routes.json").read_text())
    document["routes"][0].update(change)
    refused(put(room, "routes", document), words)


@pytest.mark.parametrize("body", ["language", "parcel.cancel.v1", "nothing"])
def test_the_body_of_a_post_to_query_is_an_object_of_types(room, body):
    document = json.loads((room / "routes.json").read_text())
    document["routes"].append({"method": "POST", "path": "/v1/x", "name": "x.photo", "server": "query", "body": body,
                               "role": "person", "summary": "x"})
    refused(put(room, "routes", document), "is no object of types/")


def test_two_topics_never_share_a_name(room):
    document = json.loads((room / "topics.json").read_text())
    document["topics"][1]["name"] = "commands"
    refused(put(room, "topics", document), "two topics have one name")


EVERYTHING = {
    "line": LINE, "text": {"type": "string", "format": "text", "maxLength": 3},
    "bare": {"type": "string", "maxLength": 3},
    "id": {"type": "string", "format": "uuid"}, "at": {"type": "string", "format": "date-time"},
    "mail": {"type": "string", "format": "email"}, "phone": {"type": "string", "format": "phone"},
    "land": {"type": "string", "format": "country"}, "zone": {"type": "string", "format": "zone"},
    "hex": {"type": "string", "format": "hex", "maxLength": 64}, "flag": {"type": "boolean"},
    "count": {"type": "integer", "minimum": -7}, "kind": {"$ref": "../types/category.json"},
    "own": {"type": "string", "enum": ["one", "two"]}, "money": {"$ref": "../types/money.json"},
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 3},
    "lines": {"type": "array", "items": LINE, "minItems": 1, "maxItems": 2},
    "places": {"type": "array", "items": {"$ref": "../types/place.json"}, "maxItems": 2},
    "kinds": {"type": "array", "items": {"$ref": "../types/category.json"}, "maxItems": 64},
    "inner": {"type": "object", "additionalProperties": False, "required": ["deep"],
              "properties": {"deep": {"type": "object", "additionalProperties": False, "required": [],
                                      "properties": {"x": LINE}}}},
}


def generated(room, target):
    target.mkdir(parents=True)
    return subprocess.run([sys.executable, "-B", GENERATE / "c.py", room, target], capture_output=True, text=True)


def test_every_shape_of_member_becomes_c_of_the_computed_size(room, tmp_path):
    document = {**command(**EVERYTHING), "required": [name for number, name in enumerate(EVERYTHING) if number % 2]}
    put(room, "commands/parcel.try.v1", document)
    target = tmp_path / "out" / "schemas"
    assert generated(room, target).returncode == 0
    sizes = [f'_Static_assert(sizeof(struct {struct.c_name}) == {struct.size}, "{struct.c_name}");'
             for struct in load.load(room).structs]
    (target / "sizes.c").write_text('#include "schemas/messages.h"\n' + "\n".join(sizes))
    for source in ("messages.c", "sizes.c"):
        done = subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                               "-Wno-missing-field-initializers", "-fsyntax-only", f"-I{target.parent}", f"-I{TOP}",
                               target / source], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_same_room_gives_the_same_bytes(room, tmp_path):
    for name in ("one", "other"):
        assert generated(room, tmp_path / name).returncode == 0
    for file in ("messages.h", "messages.c", "openapi.json", "asyncapi.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_a_wrong_room_is_told_in_one_line_and_leaves_nothing(room, tmp_path):
    put(room, "commands/parcel.try.v1", command(x={"type": "number"}))
    done = generated(room, tmp_path / "out")
    assert done.returncode == 1 and not list((tmp_path / "out").iterdir())
    assert done.stderr.splitlines() == ["schemas: commands/parcel.try.v1#x: type 'number' is not in our subset"]


# The published documents

@pytest.fixture(scope="module")
def api():
    return openapi.openapi(load.load(TOP / "schemas"))


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)


def test_every_reference_of_the_documents_is_answered(api):
    for document in (api, openapi.asyncapi(load.load(TOP / "schemas"))):
        found = list(references(document))
        assert found
        for reference in found:
            node = document
            for part in reference.removeprefix("#/").split("/"):
                assert part in node, reference
                node = node[part]


def test_every_route_stands_in_the_openapi_document(api):
    routes = json.loads((TOP / "schemas" / "routes.json").read_text())["routes"]
    for route in routes:
        operation = api["paths"][route["path"]][route["method"].lower()]
        assert operation["operationId"] == route["name"]
        assert route["server"] in operation["servers"][0]["variables"]
        assert ("requestBody" in operation) == (route["method"] == "POST")
        assert "202" in operation["responses"] if "command" in route else "200" in operation["responses"]


def test_the_documents_are_standard_json_schema(api):
    for name, schema in api["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name


def judged_by_clients(api, type, data):
    root = {"$ref": f"#/components/schemas/{type}", "components": api["components"]}
    return jsonschema.Draft202012Validator(root).is_valid(json.loads(data))


def test_a_client_s_validator_takes_every_valid_command(api):
    paths = [path for path in (TOP / "schemas" / "examples" / "valid").glob("*/*.json")
             if (TOP / "schemas" / "commands" / (path.parent.name + ".json")).exists()]
    refused = [path for path in paths if not judged_by_clients(api, path.parent.name, path.read_bytes())]
    assert len(paths) > 50 and not refused


def test_a_client_s_validator_refuses_invalid_commands(api):
    """All but what patterns cannot say: the calendar, e-mail addresses, how a number is spelled."""
    beyond = re.compile(r"fraction$|exponent$|minus_zero$|leap|month_|day_zero|hour_24|before_epoch|email")
    lines = (TOP / "tests" / "schemas" / "refused.expect").read_text().splitlines()[1:]
    names = [line.split()[0] for line in lines if line.split()[1] == "invalid" and not beyond.search(line.split()[0])]
    names = [name for name in names if (TOP / "schemas" / "commands" / (name.split("/")[0] + ".json")).exists()]
    taken = [name for name in names if judged_by_clients(
        api, name.split("/")[0], (TOP / "schemas" / "examples" / "invalid" / (name + ".json")).read_bytes())]
    assert len(names) > 100 and not taken
