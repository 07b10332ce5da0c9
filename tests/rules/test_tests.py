"""How tests are written: their names are sentences, none waits by the clock."""
import re

import source

SLEEP = re.compile(r"\b(u?sleep|nanosleep|clock_nanosleep|time\.sleep|asyncio\.sleep|Event\(\)\.wait)\s*\(")
POLLS = "tests/flow/harness/until.py"  # the one place that waits a moment between two looks


def c_tests():
    pattern = re.compile(r"\bSTART_TEST\s*\(\s*(\w+)\s*\)")
    return [(path, number, match.group(1)) for path in source.files(".c", rooms=("tests",))
            for number, line in enumerate(source.code(path).split("\n"), 1) for match in pattern.finditer(line)]


def python_tests():
    pattern = re.compile(r"^\s*(?:async )?def (test_\w+)\(")
    return [(path, number, match.group(1).removeprefix("test_")) for path in source.files(".py", rooms=("tests",))
            for number, line in enumerate(source.lines(path), 1) for match in [pattern.match(line)] if match]


def test_the_name_of_every_test_is_a_sentence():
    found = [f"{path}:{number} {name}" for path, number, name in c_tests() + python_tests()
             if len(name.split("_")) < 3 or name != name.lower() and not re.search(r"[a-z]", name)]
    assert not found, source.told(found)


def test_no_two_tests_of_a_file_have_the_same_name():
    names = [(path, name) for path, _, name in c_tests() + python_tests()]
    found = sorted({f"{path} {name}" for path, name in names if names.count((path, name)) > 1})
    assert not found, source.told(found)


def test_no_test_waits_by_the_clock():
    paths = [path for path in source.files(".c", ".py", ".sh", rooms=("tests",))
             if path != POLLS and not path.startswith("tests/rules/")]
    texts = {path: source.code(path) if path.endswith(".c") else source.text(path) for path in paths}
    found = [f"{path}:{number} {match.group()}" for path in paths
             for number, line in enumerate(texts[path].split("\n"), 1) for match in SLEEP.finditer(line)]
    assert not found, source.told(found)


def test_every_python_module_says_what_it_is():
    found = [path for path in source.files(".py", rooms=("tests", "infra", "schemas"))
             if not re.match(r'(#![^\n]*\n)?(#|""")', source.text(path)) and source.text(path).strip()]
    assert not found, source.told(found)
