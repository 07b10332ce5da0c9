# SPDX-License-Identifier: Apache-2.0
"""Reads the JSON files of this room and checks that they stay inside our deliberate subset of JSON Schema.

What it hands to c.py and openapi.py is a Model: every enum and struct in the order they need each other,
the messages, the routes and the topics. Whatever the subset does not know ends the build with the file's name.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

INTEGER_MAX = 2**53 - 1
ARRAY_MAX = 64
MEMBERS_MAX = 64  # the codec notes the members it has seen in one 64-bit word
STRUCT_MAX = {"types": 8192, "commands": 8192, "facts": 8192, "states": 16384, "foreign": 65535}
NEST_MAX = 8  # struct in struct: what the codec may recurse
FOLDERS = ("types", "commands", "facts", "states", "foreign")

ROOT_KEYS = {"title", "type", "additionalProperties", "required", "properties", "enum", "x-topic"}
MEMBER_KEYS = {
    "$ref": {"$ref"},
    "object": {"type", "additionalProperties", "required", "properties"},
    "string": {"type", "format", "minLength", "maxLength"},
    "enum": {"type", "enum"},
    "integer": {"type", "minimum", "maximum"},
    "boolean": {"type"},
    "array": {"type", "items", "minItems", "maxItems"},
}
ANY_MEMBER = {"title", "x-private"}


@dataclass(frozen=True)
class Format:
    constant: str
    longest: int  # characters; 0: the schema must say maxLength
    width: int  # bytes a character may take
    says: str = ""  # what a wrong length is answered with; empty: how many characters there may be


FORMATS = {
    None: Format("FORMAT_NONE", 0, 4),
    "text": Format("FORMAT_TEXT", 0, 4),
    "line": Format("FORMAT_LINE", 0, 4),
    "email": Format("FORMAT_EMAIL", 254, 1),
    "phone": Format("FORMAT_PHONE", 16, 1, "must be a phone number: + and 8 to 15 digits"),
    "country": Format("FORMAT_COUNTRY", 2, 1, "must be a country: two capital letters"),
    "currency": Format("FORMAT_CURRENCY", 3, 1, "must be a currency: three capital letters"),
    "language": Format("FORMAT_LANGUAGE", 2, 1, "must be a language: two small letters"),
    "zone": Format("FORMAT_ZONE", 40, 1),
    "hex": Format("FORMAT_HEX", 0, 1),
    "base64url": Format("FORMAT_BASE64URL", 0, 1),
    "ascii": Format("FORMAT_ASCII", 0, 1),
    "decimal": Format("FORMAT_DECIMAL", 0, 1),
}


class SchemaError(Exception):
    """The build ends with this text."""


@dataclass
class Enum:
    name: str
    values: list
    title: str


@dataclass
class Field:
    name: str
    c_name: str
    kind: str = ""  # string id integer boolean time choice object array
    format: str = None
    required: bool = False
    private: bool = False
    least: int = 0
    most: int = 0
    enum: Enum = None
    object: "Struct" = None
    item: "Field" = None

    def size(self):
        """Bytes and alignment of one such value, on an ABI that aligns integers to their size."""
        if self.kind == "string":
            return self.most * FORMATS[self.format].width + 1, 1
        if self.kind == "object":
            return self.object.size, self.object.align
        return {"id": (37, 1), "integer": (8, 8), "time": (8, 8), "boolean": (1, 1), "choice": (4, 4)}[self.kind]


@dataclass
class Struct:
    name: str  # as the world knows it: the file's name
    c_name: str
    folder: str
    path: str
    title: str
    fields: list = field(default_factory=list)
    open: bool = False
    topic: str = None
    size: int = 0
    align: int = 1
    nest: int = 1

    def has_private(self):
        return any(f.private or (inner := f.object or (f.item and f.item.object)) and inner.has_private()
                   for f in self.fields)


@dataclass
class Model:
    enums: list = field(default_factory=list)
    structs: list = field(default_factory=list)
    messages: list = field(default_factory=list)  # sorted by type
    routes: list = field(default_factory=list)
    topics: list = field(default_factory=list)
    documents: dict = field(default_factory=dict)  # "types/place" -> the parsed file
    inputs: list = field(default_factory=list)

    def whole(self):
        """What may stand alone as a document: not the types, nor objects written in place."""
        return [s for s in self.structs if s.folder != "types" and "#" not in s.path]


@dataclass
class Message:
    type: str
    family: str
    version: int
    aggregate: str
    kind: str  # command, fact
    topic: str
    struct: Struct


def refuse_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise SchemaError("a member stands twice")
    return members


def read_json(path):
    try:
        return json.loads(path.read_text("utf-8"), object_pairs_hook=refuse_duplicates)
    except (ValueError, SchemaError) as error:
        raise SchemaError(f"{path.name}: {error}") from None


def c_name_of(name, foreign):
    """Our own members are C names already; a provider's are bent into one."""
    if not foreign:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise SchemaError(f"member {name!r} is not lower case with underscores")
        return name
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", snake).strip("_")


def check_keys(given, allowed, where):
    for key in given:
        if key not in allowed:
            raise SchemaError(f"{where}: keyword {key!r} is not in our subset")


def whole(member, key, default, where):
    value = member.get(key, default)
    if type(value) is not int or abs(value) > INTEGER_MAX:
        raise SchemaError(f"{where}: {key} must be an integer up to 2^53-1")
    return value


class Loader:
    def __init__(self, root):
        self.root = Path(root)
        self.model = Model()
        self.structs = {}  # "types/place" -> Struct, or None while it is being read
        self.enums = {}
        self.c_names = {}

    # One file of one folder is an enum or a struct; whoever refers to it first has it read.
    def document(self, key):
        if key not in self.model.documents:
            path = self.root / (key + ".json")
            if not path.is_file():
                raise SchemaError(f"{key}.json is not there")
            self.model.documents[key] = read_json(path)
            self.model.inputs.append(path)
        return self.model.documents[key]

    def claim(self, c_name, key):
        if self.c_names.setdefault(c_name, key) != key:
            raise SchemaError(f"{key}: the C name {c_name} is taken by {self.c_names[c_name]}")

    def enum(self, key, name, document):
        if key in self.enums:
            return self.enums[key]
        values = document["enum"]
        if document.get("type") != "string" or not values or len(set(values)) != len(values):
            raise SchemaError(f"{key}: an enum is a list of different strings")
        for value in values:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", value) or value == "none":
                raise SchemaError(f"{key}: {value!r} is not a lower case word, or is none")
        self.claim(name, key)
        self.enums[key] = Enum(name, values, document.get("title", ""))
        self.model.enums.append(self.enums[key])
        return self.enums[key]

    def struct(self, key):
        if key in self.structs:
            if self.structs[key] is None:
                raise SchemaError(f"{key}: refers to itself")
            return self.structs[key]
        self.structs[key] = None
        folder, name = key.split("/")
        document = self.document(key)
        check_keys(document, ROOT_KEYS, key)
        if "x-topic" in document and folder != "facts":
            raise SchemaError(f"{key}: only facts have x-topic")
        stem = name.replace(".", "_")
        c_name = {"states": stem + "_state", "foreign": "foreign_" + stem}.get(folder, stem)
        self.structs[key] = self.build(key, Struct(name, c_name, folder, key, document.get("title", "")), document)
        self.structs[key].topic = document.get("x-topic")
        return self.structs[key]

    def build(self, key, struct, document):
        """Fills struct from document, which is a file's root or an object written in place."""
        struct.open = struct.folder == "foreign"
        if document.get("type") != "object" or document.get("additionalProperties") is not struct.open:
            raise SchemaError(f"{key}: must be an object with additionalProperties {str(struct.open).lower()}")
        properties, required = document.get("properties", {}), document.get("required", [])
        if not properties or len(properties) > MEMBERS_MAX:
            raise SchemaError(f"{key}: must have 1 to {MEMBERS_MAX} members")
        for name in required:
            if name not in properties:
                raise SchemaError(f"{key}: requires {name!r}, which it has not")
        for name, member in properties.items():
            made = self.member(f"{key}#{name}", struct, name, member)
            made.required = name in required
            struct.fields.append(made)
        self.lay_out(key, struct)
        self.claim(struct.c_name, key)
        self.model.structs.append(struct)
        return struct

    def lay_out(self, key, struct):
        at = 0

        def place(size, align, count=1):
            nonlocal at
            at = (at + align - 1) // align * align + size * count
            struct.align = max(struct.align, align)

        taken = set()
        for f in struct.fields:
            names = {f.c_name} | ({f.c_name + "_count"} if f.kind == "array" else set())
            names |= set() if f.required else {"has_" + f.c_name}
            if names & taken:
                raise SchemaError(f"{key}: two members want the C name of {f.name}")
            taken |= names
            if not f.required:
                place(1, 1)
            if f.kind == "array":
                place(*f.item.size(), count=f.most)
                place(2, 2)
            else:
                place(*f.size())
            inner = f.object or (f.item and f.item.object)
            struct.nest = max(struct.nest, 1 + inner.nest if inner else 1)
        struct.size = (at + struct.align - 1) // struct.align * struct.align
        if struct.size > STRUCT_MAX[struct.folder]:
            raise SchemaError(f"{key}: its struct takes {struct.size} bytes, over {STRUCT_MAX[struct.folder]}")
        if struct.nest > NEST_MAX:
            raise SchemaError(f"{key}: nests deeper than {NEST_MAX}")

    def member(self, where, struct, name, member):
        shape = "$ref" if "$ref" in member else "enum" if "enum" in member else member.get("type")
        if not isinstance(shape, str) or shape not in MEMBER_KEYS:
            raise SchemaError(f"{where}: type {shape!r} is not in our subset")
        check_keys(member, MEMBER_KEYS[shape] | ANY_MEMBER, where)
        if not isinstance(member.get("x-private", False), bool):
            raise SchemaError(f"{where}: x-private is true or false")
        made = Field(name, c_name_of(name, struct.folder == "foreign"), private=member.get("x-private", False))
        reader = {"$ref": self.referred, "object": self.in_place, "string": self.string, "enum": self.choice,
                  "integer": self.integer, "boolean": self.boolean, "array": self.array}[shape]
        reader(made, where, struct, member)
        return made

    def referred(self, made, where, struct, member):
        target = member["$ref"]
        ours = re.fullmatch(r"\.\./types/([a-z0-9_]+)\.json", target)
        near = re.fullmatch(r"([a-z0-9_]+)\.json", target)
        key = None
        if ours and struct.folder != "foreign":
            key = "types/" + ours.group(1)
        elif near and struct.folder in ("types", "foreign"):
            key = f"{struct.folder}/{near.group(1)}"
        if key is None:
            raise SchemaError(f"{where}: $ref {target!r}: ours name files of types/, foreign ones their neighbours")
        document = self.document(key)
        if "enum" in document:
            check_keys(document, {"title", "type", "enum"}, key)
            made.kind, made.enum = "choice", self.enum(key, key.split("/")[1], document)
        else:
            made.kind, made.object = "object", self.struct(key)

    def in_place(self, made, where, struct, member):
        inner = Struct(made.name, f"{struct.c_name}_{made.c_name}", struct.folder, where, member.get("title", ""))
        made.kind, made.object = "object", self.build(where, inner, member)

    def choice(self, made, where, struct, member):
        made.kind, made.enum = "choice", self.enum(where, f"{struct.c_name}_{made.c_name}", member)

    def string(self, made, where, struct, member):
        made.format = member.get("format")
        if made.format in ("uuid", "date-time"):
            made.kind = {"uuid": "id", "date-time": "time"}[made.format]
            check_keys(member, {"type", "format"} | ANY_MEMBER, where)
            return
        if made.format not in FORMATS:
            raise SchemaError(f"{where}: format {made.format!r} is not in our subset")
        if made.format == "decimal" and struct.folder != "foreign":
            raise SchemaError(f"{where}: decimal is for foreign schemas")
        made.kind, longest = "string", FORMATS[made.format].longest
        made.least, made.most = whole(member, "minLength", 0, where), whole(member, "maxLength", longest, where)
        if made.most < 1:
            raise SchemaError(f"{where}: a string needs maxLength, or a format that bounds it")
        if not 0 <= made.least <= made.most or (longest and made.most > longest):
            raise SchemaError(f"{where}: its length bounds contradict each other or its format")

    def integer(self, made, where, struct, member):
        made.kind = "integer"
        made.least = whole(member, "minimum", -INTEGER_MAX, where)
        made.most = whole(member, "maximum", INTEGER_MAX, where)
        if made.least > made.most:
            raise SchemaError(f"{where}: minimum is over maximum")

    def boolean(self, made, where, struct, member):
        made.kind = "boolean"

    def array(self, made, where, struct, member):
        made.kind = "array"
        made.least, made.most = whole(member, "minItems", 0, where), whole(member, "maxItems", 0, where)
        if not 0 <= made.least <= made.most or not 1 <= made.most <= ARRAY_MAX:
            raise SchemaError(f"{where}: an array needs maxItems, 1 to {ARRAY_MAX}")
        made.item = self.member(where + "/items", struct, made.name, member.get("items", {}))
        if made.item.kind == "array" or made.item.private:
            raise SchemaError(f"{where}: items are neither arrays nor x-private")

    # The three lists beside the schemas.
    def message(self, folder, name):
        found = re.fullmatch(r"(([a-z][a-z_]*)\.[a-z][a-z_]*)\.v([1-9][0-9]?)", name)
        if not found:
            raise SchemaError(f"{folder}/{name}: a message is called aggregate.verb.vN")
        struct = self.struct(f"{folder}/{name}")
        topic = "commands" if folder == "commands" else struct.topic
        if topic not in {t["name"] for t in self.model.topics}:
            raise SchemaError(f"{folder}/{name}: topic {topic!r} is not in topics.json")
        kind = {"commands": "command", "facts": "fact"}[folder]
        self.model.messages.append(
            Message(name, found.group(1), int(found.group(3)), found.group(2), kind, topic, struct))

    def topics(self):
        path = self.root / "topics.json"
        document = read_json(path)
        self.model.inputs.append(path)
        check_keys(document, {"topics", "dead"}, "topics.json")
        dead = document["dead"]
        rows = document["topics"] + [
            {"name": "dead." + reader, "partitions": dead["partitions"], "retention_ms": dead["retention_ms"],
             "cleanup": dead["cleanup"], "key": "original", "written_by": [reader], "read_by": ["redrive"]}
            for reader in dead["readers"]]
        for row in rows:
            check_keys(row, {"name", "partitions", "retention_ms", "cleanup", "key", "written_by", "read_by"},
                       "topics.json")
            whole(row, "partitions", None, row["name"]), whole(row, "retention_ms", None, row["name"])
        if len({row["name"] for row in rows}) != len(rows):
            raise SchemaError("topics.json: two topics have one name")
        self.model.topics = rows

    def routes(self):
        path = self.root / "routes.json"
        document = read_json(path)
        self.model.inputs.append(path)
        types = {m.type: m for m in self.model.messages}
        seen = set()
        for row in document["routes"]:
            where = f"routes.json: {row.get('name')}"
            check_keys(row, {"method", "path", "name", "server", "command", "subject", "resource", "role",
                             "parameters", "summary", "aggregate", "body", "bucket"}, where)
            if row["server"] not in ("ingress", "query") or row["method"] not in ("GET", "POST"):
                raise SchemaError(f"{where}: server or method is not known")
            if (row["server"] == "ingress") != ("command" in row):
                raise SchemaError(f"{where}: ingress takes commands, query does not")
            if "bucket" in row and (row["bucket"] != "code" or "command" not in row):
                raise SchemaError(f"{where}: a bucket is code, and of a command")
            if "anyone" in row["role"].split() and (row["role"] != "anyone" or "command" in row):
                raise SchemaError(f"{where}: what anyone may read is nothing more, and no command")
            if (row["server"] == "query" and row["method"] == "POST") != ("body" in row):
                raise SchemaError(f"{where}: a POST to query has a body, and nothing else has")
            if "body" in row and f"types/{row['body']}" not in self.structs:
                raise SchemaError(f"{where}: {row['body']!r} is no object of types/")
            if "command" in row:
                message = types.get(row["command"])
                if message is None or message.kind != "command":
                    raise SchemaError(f"{where}: {row['command']!r} is no command")
                if row["subject"] not in ("new", "path", "caller"):
                    raise SchemaError(f"{where}: subject {row['subject']!r} is not known")
            if {(row["method"], row["path"]), row["name"]} & seen:
                raise SchemaError(f"{where}: is there twice")
            seen |= {(row["method"], row["path"]), row["name"]}
        self.model.routes = document["routes"]


def stems(root, folder):
    return sorted(path.name[:-5] for path in (Path(root) / folder).glob("*.json"))


def load(root):
    loader = Loader(root)
    loader.topics()
    for name in stems(root, "types"):
        document = loader.document("types/" + name)
        if "enum" in document:
            check_keys(document, {"title", "type", "enum"}, "types/" + name)
            loader.enum("types/" + name, name, document)
        else:
            loader.struct("types/" + name)
    for folder in ("commands", "facts"):
        for name in stems(root, folder):
            loader.message(folder, name)
    for folder in ("states", "foreign"):
        for name in stems(root, folder):
            loader.struct(f"{folder}/{name}")
    for struct in loader.model.structs:
        if struct.folder in ("facts", "states") and struct.has_private():
            raise SchemaError(f"{struct.path}: holds x-private, which never leaves a command")
    names = [struct.name for struct in loader.model.whole()]
    for name in names:
        if names.count(name) > 1:
            raise SchemaError(f"two schemas are called {name}")
    loader.model.messages.sort(key=lambda message: message.type)
    loader.routes()
    return loader.model
