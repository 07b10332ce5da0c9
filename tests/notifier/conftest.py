"""Fixtures of the notifier's tests: facts are written to the topics by the tests, mails go to a server of theirs."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "flow"), str(pathlib.Path(__file__).parent)]

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from mailserver import MailServer  # noqa: E402

LOGS = places.TOP / "var" / "test" / "notifier"


def open_post(name, server):
    """A bus whose notifier, ready, sends to the server; quick to try again."""
    try:
        places.servers()
    except RuntimeError as error:
        pytest.skip(str(error))
    told = {"COLIS_SMTP_URL": server.url, "COLIS_NOTIFIER_RETRY_MS": "50", "COLIS_NOTIFIER_CLAIM_MS": "6000",
            "COLIS_SMTP_TIMEOUT_MS": "5000"}
    return Bus(LOGS / name, programs=("notifier",), settings={"notifier": told}).open()


@pytest.fixture(scope="module")
def shared_server():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def shared_post(shared_server):
    bus = open_post("shared", shared_server)
    yield bus
    bus.abandon()


@pytest.fixture
def mail_server(shared_server):
    """The module's server, as if it were new."""
    shared_server.reset()
    return shared_server


@pytest.fixture
def post(shared_post, mail_server):
    """The module's bus with nothing to tell anybody, its notifier up."""
    shared_post.rows("truncate bus.notification")
    if not shared_post.notifier.alive:
        shared_post.notifier.start()
    shared_post.notifier.await_ready()
    return shared_post


@pytest.fixture
def own_post(request, mail_server):
    """A bus for one test alone, which leaves it changed."""
    bus = open_post(request.node.name[:60], mail_server)
    yield bus
    bus.abandon()
