"""An ingress of the test's own on librdkafka's mock cluster, which can be frozen at no one's cost."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from harness.mock import Mock  # noqa: E402
from harness.person import Person  # noqa: E402
from harness.program import Program  # noqa: E402

NAMESPACE = "alone"


class Alone:
    """The program, the broker it writes to, and people who use it."""

    def __init__(self, folder, mock, settings):
        environment = places.servers()
        self.mock, self.port = mock, places.free_port()
        self.url = f"http://{places.HOST}:{self.port}"
        told = {"COLIS_NAMESPACE": NAMESPACE, "COLIS_KAFKA_BROKERS": mock.brokers if mock else f"{places.HOST}:1",
                "COLIS_CHECK_TOPICS": "off" if mock else "on", "COLIS_MANAGEMENT_PORT": str(places.free_port()),
                "COLIS_LISTEN_PORT": str(self.port), "COLIS_TOKEN_ISSUER": environment["COLIS_TOKEN_ISSUER"],
                "COLIS_TOKEN_SECRET_FILE": environment["COLIS_TOKEN_SECRET_FILE"],
                "COLIS_SERVER_KEY_FILE": environment["COLIS_SERVER_KEY_FILE"], "COLIS_QUERY_URL": "http://query.test",
                "COLIS_LINK_KEY_FILE": places.secret_file("link_key"), **Bus.PATIENT["ingress"]}
        self.program = Program("ingress", told | settings, folder / "ingress.log")

    def person(self, **claims):
        return Person(self.url, "http://query.test", **claims)


@pytest.fixture(scope="session")
def mock():
    with Mock(f"{NAMESPACE}.commands") as made:
        yield made


@pytest.fixture
def start(tmp_path, mock):
    """start(broker=…, ready=…, **settings): an ingress; it ends in an orderly way with the test."""
    made = []

    def begin(broker=True, ready=True, **settings):
        alone = Alone(tmp_path, mock if broker else None, settings)
        made.append(alone)
        alone.program.start()
        return alone if not ready else (alone.program.await_ready(), alone)[1]
    yield begin
    mock.thaw()
    for alone in made:
        alone.program.stop()
