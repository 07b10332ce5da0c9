"""Fixtures of the notifier's tests: facts are written to the topics by the tests, mails go to a server of theirs."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "flow"), str(pathlib.Path(__file__).parent)]

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from mailserver import MailServer  # noqa: E402

LOGS = places.TOP / "var" / "test" / "notifier"


@pytest.fixture
def mail_server():
    with MailServer() as server:
        yield server


@pytest.fixture
def post(request, mail_server):
    """A bus whose notifier, ready, sends to mail_server; quick to try again."""
    try:
        places.servers()
    except RuntimeError as error:
        pytest.skip(str(error))
    told = {"COLIS_SMTP_URL": mail_server.url, "COLIS_NOTIFIER_RETRY_MS": "50", "COLIS_NOTIFIER_CLAIM_MS": "3000",
            "COLIS_SMTP_TIMEOUT_MS": "2000"}
    bus = Bus(LOGS / request.node.name[:60], programs=("notifier",), settings={"notifier": told})
    bus.open()
    yield bus
    bus.abandon()
