"""Fail points (shared/base/fail.h): each is died at by tests/faults, and no released program has one."""
import re

import pytest
import source

POINT = re.compile(r'\bFAIL_POINT(_OF)?\("([a-z-]+)"')
ROW = source.TOP / "tests" / "faults" / "rows_points.py"
BUILT = source.TOP / "build" / "plain"


def points():
    """[(name, whether it is one of many)] of every point in the sources."""
    paths = [path for path in source.files(".c") if source.room(path) != "tests"]
    return [(match.group(2), bool(match.group(1))) for path in paths for match in POINT.finditer(source.text(path))]


def test_every_fail_point_is_died_at():
    row = ROW.read_text()
    missing = [name for name, is_many in points()
               if not re.search(f'"{re.escape(name)}' + (r'-\w+"' if is_many else '"'), row)]
    assert points() and not missing, source.told(missing)


def test_no_released_program_has_a_fail_point():
    programs = [(path.parent, path.name) for side in ("producers", "consumers")
                for path in sorted((BUILT / side).glob("*/colis-*")) if path.is_file()]
    if not programs:
        pytest.skip("build/plain has no programs yet")
    word = b"COLIS_FAIL_POINT"
    assert not [name for folder, name in programs if word in (folder / name).read_bytes()]
    twins = [BUILT / "tests" / "faults" / name for _, name in programs if name != "colis-query"]
    assert all(word in twin.read_bytes() for twin in twins), "a program of tests/faults has no fail points"
