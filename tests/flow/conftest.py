"""Fixtures of the flow tests: one bus for whoever does no harm, own ones for the rest."""
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import places  # noqa: E402
from harness.bus import MARKET, Bus  # noqa: E402

LOGS = places.TOP / "var" / "test" / "bus"


@pytest.fixture(scope="session")
def bus(request):
    """The shared bus: every program, nothing broken on purpose."""
    with Bus(LOGS / "shared") as made:
        yield made
        if not request.session.testsfailed:
            shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def market(request):
    """One bus for the journeys of bookings, with an account at the provider: who uses it makes people of their own."""
    with Bus(LOGS / "market", MARKET) as made:
        yield made
        if not request.session.testsfailed:
            shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def make_bus(request):
    """make_bus(programs=…, settings=…): a bus of the test's own, whose end is checked with the test's."""
    made = []

    def make(*programs, settings=None, **more):
        folder = LOGS / request.node.name[:60] / str(len(made))
        shutil.rmtree(folder, ignore_errors=True)
        bus = Bus(folder, settings=settings, **({"programs": programs} if programs else {}), **more)
        made.append(bus)
        return bus.__enter__()
    yield make
    failed = request.session.testsfailed != request.session.stash.get(FAILED, 0)
    for bus in made:
        bus.abandon() if failed else bus.close()


FAILED = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    item.session.stash[FAILED] = item.session.testsfailed
    return (yield)


@pytest.fixture
def person(bus):
    return bus.person()


@pytest.fixture
def other(bus):
    return bus.person()
