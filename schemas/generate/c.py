# SPDX-License-Identifier: Apache-2.0
"""Writes what the C programs know of the schemas: messages.h (structs and enums) and messages.c (tables only).

Run by the build: c.py SOURCE_FOLDER OUTPUT_FOLDER. Also writes openapi.json, asyncapi.json and a dependency
file, so that a changed, added or removed schema runs it again.
"""

import json
import sys
from pathlib import Path

import load
import openapi

TOP = """/* SPDX-License-Identifier: Apache-2.0
 * Generated from schemas/ by schemas/generate/c.py: change the schema, not this file. */
"""
KINDS = {"string": "FIELD_STRING", "id": "FIELD_ID", "integer": "FIELD_INTEGER", "boolean": "FIELD_BOOLEAN",
         "time": "FIELD_TIME", "choice": "FIELD_CHOICE", "object": "FIELD_OBJECT", "array": "FIELD_ARRAY"}


def text(value):
    """A C string literal; what comes here is ASCII, or UTF-8 in titles."""
    return json.dumps(value, ensure_ascii=False).replace("?", "\\?")


def many(count, what):
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


# messages.h

def declaration(f):
    """The member as C: type, name and, for strings and arrays, how many."""
    value = f.item if f.kind == "array" else f
    times = f"[{f.most}]" if f.kind == "array" else ""
    if value.kind == "string":
        return f"char {f.c_name}{times}[{value.size()[0]}]"
    if value.kind == "object":
        return f"struct {value.object.c_name} {f.c_name}{times}"
    base = {"id": "struct id", "integer": "int64_t", "time": "int64_t", "boolean": "bool", "choice": "int32_t"}
    return f"{base[value.kind]} {f.c_name}{times}"


def remark(f):
    value = f.item if f.kind == "array" else f
    if value.kind == "choice":
        return f" /* enum {value.enum.name} */"
    return " /* milliseconds since 1970 */" if value.kind == "time" else ""


def write_enum(enum, out):
    upper = enum.name.upper()
    words = [f"{upper}_NONE"] + [f"{upper}_{value.upper()}" for value in enum.values]
    out.append(f"enum {enum.name} {{")
    out += [f"    {word}," for word in words]
    out += ["};", f"extern const struct choice {enum.name}_choices[];", ""]


def write_struct(struct, out):
    out.append(f"/* {struct.path}: {struct.title} */" if struct.title else f"/* {struct.path} */")
    out.append(f"struct {struct.c_name} {{")
    for f in struct.fields:
        if not f.required:
            out.append(f"    bool has_{f.c_name};")
        out.append(f"    {declaration(f)};{remark(f)}")
        if f.kind == "array":
            out.append(f"    uint16_t {f.c_name}_count;")
    out += ["};", f"extern const struct schema {struct.c_name}_schema;", ""]


def header(model):
    out = [TOP + "#ifndef COLIS_SCHEMAS_MESSAGES_H", "#define COLIS_SCHEMAS_MESSAGES_H", "",
           '#include "schemas/codec.h"', '#include "schemas/tables.h"', ""]
    for enum in model.enums:
        write_enum(enum, out)
    for struct in model.structs:
        write_struct(struct, out)
    return "\n".join(out + ["#endif", ""])


# messages.c

def refusals(f):
    """What the codec answers when a value is under or over its bounds, or is no such word."""
    if f.kind == "integer":
        return {"below": f"must be at least {f.least}", "above": f"must be at most {f.most}"}
    if f.kind == "choice":
        return {"expected": "must be one of " + ", ".join(f.enum.values)}
    if f.kind == "string":
        says = load.FORMATS[f.format].says
        return {"below": says or "must have at least " + many(f.least, "character"),
                "above": says or "must have at most " + many(f.most, "character")}
    if f.kind == "array":
        return {"below": "must have at least " + many(f.least, "item"),
                "above": "must have at most " + many(f.most, "item")}
    return {}


def field_row(struct, f):
    """The designated initialisers of one struct field; offsets are the compiler's to know."""
    member = f"struct {struct.c_name}, {f.c_name}"
    value = f.item if f.kind == "array" else f
    size = f"sizeof(((struct {struct.c_name} *)0)->{f.c_name}" + ("[0])" if f.kind == "array" else ")")
    row = [("name", text(f.name)), ("name_size", len(f.name.encode())), ("kind", KINDS[f.kind])]
    if f.kind == "string":
        row.append(("format", load.FORMATS[f.format].constant))
    row += [("required", "true")] if f.required else []
    row += [("is_private", "true")] if f.private else []
    row.append(("offset", f"offsetof({member})"))
    row.append(("has_offset", "UINT16_MAX" if f.required else f"offsetof(struct {struct.c_name}, has_{f.c_name})"))
    row.append(("size", size))
    if f.kind == "array":
        row.append(("item_kind", KINDS[f.item.kind]))
        row.append(("count_offset", f"offsetof({member}_count)"))
        row.append(("item", f"&{struct.c_name}_{f.c_name}_item"))
    if f.kind in ("string", "integer", "array"):
        row += [("min", f.least), ("max", f.most)]
    if value.kind == "object":
        row.append(("object", f"&{value.object.c_name}_schema"))
    if value.kind == "choice":
        row.append(("choices", f"{value.enum.name}_choices"))
    row += [(key, text(value)) for key, value in refusals(f).items()]
    return ", ".join(f".{key} = {value}" for key, value in row)


def item_row(struct, f):
    """An array's items as a field of their own, at offset 0 of each item."""
    item, value = f.item, [("name", text(f.name)), ("kind", KINDS[f.item.kind]), ("required", "true")]
    value += [("format", load.FORMATS[item.format].constant)] if item.kind == "string" else []
    value += [("has_offset", "UINT16_MAX"), ("size", f"sizeof(((struct {struct.c_name} *)0)->{f.c_name}[0])")]
    if item.kind in ("string", "integer"):
        value += [("min", item.least), ("max", item.most)]
    if item.kind == "object":
        value.append(("object", f"&{item.object.c_name}_schema"))
    if item.kind == "choice":
        value.append(("choices", f"{item.enum.name}_choices"))
    value += [(key, text(says)) for key, says in refusals(item).items()]
    return ", ".join(f".{key} = {says}" for key, says in value)


def write_table(struct, out):
    for f in struct.fields:
        if f.kind == "array":
            out += [f"static const struct field {struct.c_name}_{f.c_name}_item = {{{item_row(struct, f)}}};"]
    out.append(f"static const struct field {struct.c_name}_fields[] = {{")
    out += [f"    {{{field_row(struct, f)}}}," for f in struct.fields]
    out += ["};",
            f"const struct schema {struct.c_name}_schema = {{.name = {text(struct.name)}, .fields = "
            f"{struct.c_name}_fields, .count = {len(struct.fields)}, .size = sizeof(struct {struct.c_name}), "
            f".open = {str(struct.open).lower()}}};",
            f"_Static_assert(sizeof(struct {struct.c_name}) <= {load.STRUCT_MAX[struct.folder]}, "
            f"\"{struct.c_name} is too large\");", ""]


def write_schemas(model, out):
    names = [f"    &{struct.c_name}_schema," for struct in model.whole()]
    out += ["const struct schema *const schema_rows[] = {"] + names + ["    NULL};", ""]


def write_messages(model, out):
    out.append("const struct message_row message_rows[] = {")
    for m in model.messages:
        out.append(f"    {{.type = {text(m.type)}, .family = {text(m.family)}, .aggregate = {text(m.aggregate)}, "
                   f".topic = {text(m.topic)}, .kind = MESSAGE_{m.kind.upper()}, .version = {m.version}, "
                   f".schema = &{m.struct.c_name}_schema}},")
    out += ["    {0}};", f"const size_t message_count = {len(model.messages)};", ""]


def write_routes(model, out):
    index = {m.type: i for i, m in enumerate(model.messages)}
    out.append("const struct route_row route_rows[] = {")
    for row in model.routes:
        command = row.get("command")
        parts = [("method", text(row["method"])), ("path", text(row["path"])), ("name", text(row["name"])),
                 ("server", "ROUTE_" + row["server"].upper())]
        if command:
            parts.append(("command", f"&message_rows[{index[command]}]"))
            parts.append(("subject", "ROUTE_SUBJECT_" + row["subject"].upper()))
        if "bucket" in row:
            parts.append(("bucket", "ROUTE_BUCKET_" + row["bucket"].upper()))
        if "body" in row:
            parts.append(("body", f"&{row['body']}_schema"))
        aggregate = model.messages[index[command]].aggregate if command else row["name"].split(".")[0]
        parts.append(("aggregate", text(row.get("aggregate", aggregate))))
        parts.append(("resource", text(row.get("resource", row["path"]))))
        parts.append(("role", text(row["role"])))
        out.append("    {" + ", ".join(f".{key} = {value}" for key, value in parts) + "},")
    out += ["    {0}};", ""]


def write_topics(model, out):
    out.append("const struct topic_row topic_rows[] = {")
    for row in model.topics:
        out.append(f"    {{.name = {text(row['name'])}, .partitions = {row['partitions']}, "
                   f".retention_ms = INT64_C({row['retention_ms']}), .cleanup = {text(row['cleanup'])}}},")
    out += ["    {0}};", ""]


def write_bytes(name, data, out):
    """As numbers: a string literal may not be longer than 4095 bytes in C11."""
    out.append(f"const char {name}[] = {{")
    for at in range(0, len(data), 32):
        out.append("    " + ", ".join(str(byte) for byte in data[at:at + 32]) + ",")
    out += ["    0};", f"const size_t {name}_size = sizeof({name}) - 1;", ""]


def tables(model, document):
    out = [TOP + '#include "schemas/messages.h"', "", "#include <stddef.h>", "", '#include "schemas/walk.h"', ""]
    for enum in model.enums:
        out.append(f"const struct choice {enum.name}_choices[] = {{")
        out += [f"    {{{text(value)}}}," for value in enum.values] + ["    {0}};", ""]
    for struct in model.structs:
        write_table(struct, out)
    write_schemas(model, out)
    write_messages(model, out)
    write_routes(model, out)
    write_topics(model, out)
    write_bytes("openapi_json", document, out)
    return "\n".join(out)


def depend_file(model, source, target):
    """Folders are named too: a file that comes or goes changes its folder's time."""
    names = [source / folder for folder in load.FOLDERS] + model.inputs
    names += sorted((source / "generate").glob("*.py"))
    return f"{target}: " + " ".join(str(name).replace(" ", "\\ ") for name in names) + "\n"


def main(source, target):
    source, target = Path(source), Path(target)
    try:
        model = load.load(source)
        document = json.dumps(openapi.openapi(model), separators=(",", ":"))
        asyncapi = json.dumps(openapi.asyncapi(model), indent=1)
    except load.SchemaError as error:
        return f"schemas: {error}"
    (target / "messages.h").write_text(header(model), "utf-8")
    (target / "messages.c").write_text(tables(model, document.encode("ascii")), "utf-8")
    (target / "openapi.json").write_text(document, "utf-8")
    (target / "asyncapi.json").write_text(asyncapi, "utf-8")
    (target / "messages.d").write_text(depend_file(model, source, target / "messages.h"), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
