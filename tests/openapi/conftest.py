"""A bus of its own where one booking has been through its whole life, and people of each role who ask about it."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "flow")]

import sweep  # noqa: E402
from harness.bus import MARKET, Bus  # noqa: E402
from harness.journey import Journey  # noqa: E402

PLENTY = {"COLIS_RATE_PER_SECOND": "100000", "COLIS_RATE_BURST": "100000"}
# Where photos go is only signed for here: nobody is asked.
STORE = {"COLIS_S3_URL": "https://store.example", "COLIS_S3_REGION": "somewhere", "COLIS_S3_ACCESS_KEY": "no key",
         "COLIS_S3_SECRET_KEY": "no secret", "COLIS_PHOTO_RATE": "100000"}


@pytest.fixture(scope="session")
def command():
    return sweep.installed()


@pytest.fixture(scope="session")
def bus(tmp_path_factory):
    settings = {"ingress": PLENTY | {"COLIS_CODE_RATE": "100000"}, "query": PLENTY | STORE}
    with Bus(tmp_path_factory.mktemp("openapi"), MARKET, settings) as made:
        yield made


class Life:
    """One booking, completed; what is there to be read and by whom."""

    def __init__(self, bus):
        self.journey = Journey(bus, "completed")
        self.people = {"person": self.journey.sender, "staff": self.journey.staff, "lead": self.journey.lead,
                       "recipient": self.journey.recipient()}
        taken = self.journey.sender.register()
        self.journey.sender.verdict(taken)
        value = "select id from state.{} where booking = %s"
        self.ids = {"parcels": self.journey.parcel, "trips": self.journey.trip, "bookings": self.journey.booking,
                    "payments": str(bus.value(value.format("payment"), self.journey.booking)),
                    "reviews": str(bus.value(value.format("review"), self.journey.booking)),
                    "people": self.journey.traveller.id, "commands": taken["id"]}

    def token(self, role):
        return self.people[role].session.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture(scope="session")
def life(bus):
    return Life(bus)
