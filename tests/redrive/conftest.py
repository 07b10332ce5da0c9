"""Fixtures of redrive's tests: a namespace whose parked rows the tests write themselves."""
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from harness.until import ANSWER  # noqa: E402

LOGS = places.TOP / "var" / "test" / "redrive"


@pytest.fixture(scope="module")
def bus(request):
    try:
        places.servers()
    except RuntimeError as error:
        pytest.skip(str(error))
    made = Bus(LOGS, programs=())
    made.open()
    yield made
    made.abandon()


@pytest.fixture
def empty(bus):
    bus.rows("truncate bus.parked")
    return bus


@pytest.fixture
def redrive(empty):
    def run(*arguments, **environment):
        told = {"PATH": "/usr/bin:/bin"} | empty.settings("redrive") | environment
        return subprocess.run([places.binary("redrive"), *arguments], env=told, capture_output=True, text=True,
                              timeout=ANSWER)
    return run
