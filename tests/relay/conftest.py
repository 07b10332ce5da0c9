"""Fixtures of the relay's tests: a namespace and relays of their own; rows are written by the tests."""
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "flow"), str(TESTS / "faults"), str(pathlib.Path(__file__).parent)]

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402

LOGS = places.TOP / "var" / "test" / "relay"


@pytest.fixture
def relays(request):
    """A bus without programs: tests add("relay") as many as they need."""
    try:
        places.servers()
    except RuntimeError as error:
        pytest.skip(str(error))
    bus = Bus(LOGS / request.node.name[:60], programs=())
    bus.open()
    yield bus
    bus.abandon()
