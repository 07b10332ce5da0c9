"""Words that must, and that must not, stand in the sources: licence, purpose, paths, hosts, logs, result checks."""
import re
import subprocess

import source

# int functions of headers whose result is a value (a descriptor, a port, a count, an exit code), not an outcome.
VALUES = re.compile(r"_(descriptor|port|wants|status|types|count|main|partitions|version|size|compare|length)$"
                    r"|_(outcome|of)$|_wire_\w+$|^error_(record|pass|tried)$|^main$")
HOSTS = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\]"
                   r"|(?:\w+@)?(?:[\w-]+\.)*example(\.(com|org|net))?|[\w-]+\.(test|invalid)"
                   r"|www\.w3\.org|json-schema\.org|cloudevents\.io|www\.apache\.org|www\.rfc-editor\.org"
                   r"|spec\.openapis\.org|[$%{<(].*|\W*)$")
MACHINE = re.compile(r"(?<![\w.$}/-])/(work|home|root|Users|mnt|srv)/\w")
LOGS = re.compile(r"\blog_(write|plain|with|seldom|braked|start)\b")


def tracked():
    """Every text file git knows of or will know of (not ignored)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=source.TOP, check=True, capture_output=True, text=True).stdout.split("\n")
    small = [name for name in names if (source.TOP / name).is_file() and (source.TOP / name).stat().st_size < 1 << 20]
    return [name for name in small if b"\0" not in (source.TOP / name).read_bytes()[:4096]]


def found_in(paths, pattern, text=source.text):
    return [f"{path}:{number} {match.group()}" for path in paths
            for number, line in enumerate(text(path).split("\n"), 1) for match in pattern.finditer(line)]


def test_every_c_file_opens_with_its_licence_and_its_purpose():
    found = []
    for path in source.c_files():
        first = source.lines(path)[:2]
        if "SPDX-License-Identifier: Apache-2.0" not in first[0]:
            found.append(f"{path}: no SPDX line")
        elif not re.match(r" \*\s+\w|/\*\s*\w", first[1]):
            found.append(f"{path}: no purpose after the SPDX line")
    assert not found, source.told(found)


def test_no_absolute_path_of_a_machine_is_written_down():
    paths = [name for name in tracked() if not name.startswith("tests/rules/")]
    found = found_in(paths, MACHINE)
    assert not found, source.told(found)


def test_every_host_is_ours_or_an_example():
    found = []
    for name in tracked():
        for number, line in enumerate(source.text(name).split("\n"), 1):
            for match in re.finditer(r"https?://([^/\s\"'<>),:`\]]*)", line):
                if not HOSTS.match(match.group(1)):
                    found.append(f"{name}:{number} {match.group()}")
    assert not found, source.told(found)


def test_base_schemas_and_domain_never_log():
    quiet = [path for path in source.c_files() if source.room(path) in ("base", "schemas", "domain")
             and not path.startswith("shared/base/log.")]
    found = found_in(quiet, LOGS, source.code)
    assert not found, source.told(found)


def test_every_int_function_of_a_header_must_be_checked():
    found = []
    for path in source.files(".h", rooms=("schemas", "shared", "producers", "consumers")):
        for number, line in enumerate(source.code(path).split("\n"), 1):
            match = re.match(r"(?:extern )?int (\w+)\(", line)
            if match and not VALUES.search(match.group(1)):
                found.append(f"{path}:{number} {match.group(1)}")
    assert not found, source.told(found)


def test_no_function_of_ours_takes_a_library_s_prefix():
    borrowed = re.compile(r"^(PQ|pg_|json_|jwt_|uv_|rd_|bson_|mongoc_|curl_|colis_)")
    found = [str(function) for function in source.functions()
             if borrowed.match(function.name) and not function.path.startswith("tests/")]
    assert not found, source.told(found)


def test_exit_is_called_by_no_one_but_the_watch_over_an_orderly_end():
    paths = [path for path in source.c_files() if source.room(path) not in ("tests", "run")]
    found = found_in(paths, re.compile(r"\b_?exit\s*\("), source.code)
    assert not found, source.told(found)


def test_unsafe_calls_of_the_c_library_are_absent():
    unsafe = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|ato[ilf]|alloca|setjmp|longjmp|s?rand|system"
                        r"|popen)\s*\(")
    paths = [path for path in source.c_files() if source.room(path) != "tests"]
    found = found_in(paths, unsafe, source.code)
    assert not found, source.told(found)


def test_no_note_to_oneself_is_left():
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = found_in([name for name in tracked() if not name.startswith("tests/rules/")], later)
    assert not found, source.told(found)
