"""The webhooks on a real broker, in a namespace of their own, and on a mock cluster that can be frozen."""
import base64
import hashlib
import hmac
import json
import pathlib
import sys

import pytest
import requests

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "flow"), str(TESTS / "schemas")]

import agree  # noqa: E402
from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from harness.mock import Mock  # noqa: E402
from harness.program import Program  # noqa: E402
from harness.until import until  # noqa: E402

SECRET = "a-secret-that-is-none"
OLD_SECRET = "the-one-before-that-one"
NAMESPACE = "alone"


def raw(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def signed(body, secret=SECRET):
    """The headers a v4 account sends."""
    tag = hmac.new(secret.encode(), raw(body), hashlib.sha256).digest()
    return {"flutterwave-signature": base64.b64encode(tag).decode()}


def hashed(secret=SECRET):
    """The header a v3 account sends."""
    return {"verif-hash": secret}


class Hooks:
    """The program, and a provider that posts to it."""

    def __init__(self, program):
        self.program = program
        self.port = int(program.settings["COLIS_LISTEN_PORT"])
        self.url = f"http://{places.HOST}:{self.port}/webhooks/flutterwave"

    def post(self, body, headers=None, **more):
        headers = {"Content-Type": "application/json"} | (signed(body) if headers is None else headers)
        return requests.post(self.url, data=raw(body), headers=headers, timeout=30, **more)

    def refused(self, why):
        return self._series("colis_webhooks_refused_total", "why", why)

    def reports(self, kind):
        return self._series("colis_webhooks_reports_total", "kind", kind)

    def _series(self, family, label, value):
        wanted = f'{family}{{{label}="{value}"}} '
        _, text = until(lambda: (told := self.program.probe("/metrics"))[0] == 200 and told, 20, "figures")
        lines = [line for line in text.splitlines() if line.startswith(wanted)]
        return int(lines[0].removeprefix(wanted)) if lines else 0


def told(**settings):
    return {"COLIS_MANAGEMENT_PORT": str(places.free_port()), "COLIS_LISTEN_PORT": str(places.free_port()),
            "COLIS_FLUTTERWAVE_SECRETS": f"{SECRET} {OLD_SECRET}", **Bus.PATIENT["webhooks"], **settings}


@pytest.fixture(scope="session")
def bus(tmp_path_factory):
    """A namespace with its topics, and no program."""
    with Bus(tmp_path_factory.mktemp("webhooks"), programs=()) as made:
        yield made


@pytest.fixture(scope="session")
def hooks(bus):
    """The program on the real broker, for tests that only post."""
    settings = told(COLIS_NAMESPACE=bus.namespace, COLIS_KAFKA_BROKERS=places.servers()["COLIS_KAFKA_BROKERS"])
    program = Program("webhooks", settings, bus.folder / "webhooks.log").start()
    yield Hooks(program.await_ready())
    program.stop()


@pytest.fixture
def stored(bus):
    """stored(reply): the records on the topic of the report a reply names, each checked as a message."""
    def look(reply):
        subject = f"report/{reply.json()['report']}"
        found = [message for message in bus.topics.read("commands") if message.subject == subject]
        for message in found:
            agree.check_message(message.headers, message.value)
        return found
    return look


@pytest.fixture(scope="session")
def mock():
    with Mock(f"{NAMESPACE}.commands") as made:
        yield made


@pytest.fixture
def start(tmp_path, mock):
    """start(ready=…, **settings): a program of the test's own on the mock cluster; it ends in an orderly way."""
    made = []

    def begin(ready=True, **settings):
        alone = told(COLIS_NAMESPACE=NAMESPACE, COLIS_KAFKA_BROKERS=mock.brokers, COLIS_CHECK_TOPICS="off")
        program = Program("webhooks", alone | settings, tmp_path / "webhooks.log").start()
        made.append(program)
        return Hooks(program.await_ready() if ready else program)
    yield begin
    mock.thaw()
    for program in made:
        program.stop()
