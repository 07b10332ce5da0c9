"""The include law (design section 2): who may see whom, checked on every include line."""
import pathlib
import re

import source

BELOW = {
    "base": {"base"},
    "schemas": {"base", "schemas"},
    "domain": {"base", "schemas", "domain"},
    "links": {"base", "schemas", "links"},
    "http": {"base", "schemas", "http"},
    "run": {"base", "schemas", "domain", "links", "http", "run"},
}
PROGRAM = {"base", "schemas", "domain", "links", "http", "run"}
DOMAIN_BASE = {"shared/base/error.h", "shared/base/buf.h", "shared/base/id.h"}
# One file of rules is keyed; of crypto.h it may call what is values in, values out.
DOMAIN_KEYED = {("shared/domain/code.c", "shared/base/crypto.h")}
DOMAIN_SYSTEM = {"stdbool.h", "stddef.h", "stdint.h", "string.h", "limits.h", "inttypes.h", "assert.h"}
# A foreign library's headers, and the files that may name them: room, and the stem where it is one name only.
FOREIGN = {
    r"librdkafka/": ("links", "kafka"),
    r"libpq-fe\.h|postgres_ext\.h|libpq/|pg_": ("links", "postgres"),
    r"mongoc|bson": ("links", "mongo"),
    r"curl/": ("links", "curl"),
    r"json-c/|json\.h": ("links", "json"),
    r"openssl/": ("base", "crypto"),
    r"llhttp\.h": ("http", None),
}
SYSTEM = re.compile(r"^(std\w+|string|strings|limits|inttypes|assert|ctype|errno|fcntl|float|getopt|math|poll|pthread"
                    r"|sched|signal|time|unistd|uchar|wchar|sys/\w+|netinet/\w+|arpa/inet|netdb|net/if|linux/\w+|malloc"
                    r"|sysexits|locale|dirent|threads|endian)\.h$")


def ours(path):
    return [(number, name) for number, name, is_ours in source.includes(path) if is_ours]


def foreign(path):
    return [(number, name) for number, name, is_ours in source.includes(path)
            if not is_ours and not SYSTEM.match(name)]


def code_files():
    return [path for path in source.c_files() if source.room(path) != "tests"]


def may_see(path, name):
    own, other = source.room(path), source.room(name)
    if own.partition("/")[0] in ("producers", "consumers"):
        return other == own or other in PROGRAM
    return other in BELOW.get(own, set())


def may_use(path, name):
    if name == "uv.h":
        return source.room(path) == "http" or path == "shared/run/loop.c"
    for pattern, (room, stem) in FOREIGN.items():
        if re.match(pattern, name):
            return source.room(path) == room and stem in (None, source.stem(path))
    return False


def test_our_includes_name_a_file_from_the_top():
    built = {"schemas/messages.h"}
    found = [f"{path}:{number} {name}" for path in source.c_files() for number, name in ours(path)
             if name not in built and not (source.TOP / name).is_file()]
    assert not found, source.told(found)


def test_every_include_points_down_the_rooms():
    found = [f"{path}:{number} sees {name}" for path in code_files() for number, name in ours(path)
             if not may_see(path, name)]
    assert not found, source.told(found)


def test_no_program_sees_another():
    found = [f"{path}:{number} sees {name}" for path in code_files() for number, name in ours(path)
             if name.startswith(("producers/", "consumers/")) and source.room(name) != source.room(path)]
    assert not found, source.told(found)


def test_links_never_see_each_other():
    links = [path for path in code_files() if source.room(path) == "links"]
    found = [f"{path}:{number} sees {name}" for path in links for number, name in ours(path)
             if source.room(name) == "links" and source.stem(name) != source.stem(path)]
    assert not found, source.told(found)


def test_kafka_in_and_kafka_out_share_only_kafka():
    found = [f"{path}:{number} sees {name}" for path in code_files() for number, name in ours(path)
             if (pathlib.PurePath(path).stem, pathlib.PurePath(name).stem) in
             {("kafka_in", "kafka_out"), ("kafka_out", "kafka_in"), ("kafka", "kafka_in"), ("kafka", "kafka_out")}]
    assert not found, source.told(found)


def test_the_domain_includes_only_values_and_words():
    domain = [path for path in code_files() if source.room(path) == "domain"]
    found = [f"{path}:{number} {name}" for path in domain for number, name, is_ours in source.includes(path)
             if not (name in DOMAIN_BASE or source.room(name) in ("schemas", "domain") or (path, name) in DOMAIN_KEYED
                     if is_ours else name in DOMAIN_SYSTEM)]
    assert not found, source.told(found)


def test_the_domain_touches_no_clock_heap_file_or_log():
    impure = re.compile(r"(?<![>.])\b(malloc|calloc|realloc|free|memory_\w+|clock_\w+|time|gettimeofday|log_\w+"
                        r"|f?printf|fopen|open|read|write|getenv|rand|random|getrandom"
                        r"|crypto_(?!hmac_prefixed\b|same\b)\w+|id_v7"
                        r"|buf_(append|text|span|reserve|format))\s*\(")
    domain = [path for path in code_files() if source.room(path) == "domain" and path.endswith(".c")]
    found = [f"{path}:{number} {match.group()}" for path in domain
             for number, line in enumerate(source.code(path).split("\n"), 1) for match in impure.finditer(line)]
    assert not found, source.told(found)


def test_a_foreign_library_is_named_by_the_files_of_one_name():
    found = [f"{path}:{number} <{name}>" for path in code_files() for number, name in foreign(path)
             if not may_use(path, name)]
    assert not found, source.told(found)


def test_no_room_is_called_a_dumping_place():
    banned = {"util", "utils", "common", "misc", "helpers", "helper", "manager", "managers", "lib", "core"}
    folders = {path.relative_to(source.TOP) for top in ("shared", "schemas", "producers", "consumers", "tests", "infra")
               for path in (source.TOP / top).rglob("*") if path.is_dir()}
    found = [str(path) for path in folders if path.name in banned]
    assert not found, source.told(found)
