"""A bus with payments in a namespace of its own, an account of its own at the double, people who book."""
import pathlib
import shutil
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(TESTS / "flow"), str(TESTS / "doubles")]

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from market import Market  # noqa: E402
from provider import Merchant  # noqa: E402

PROGRAMS = ("projector", "relay", "query", "ingress", "webhooks", "payments")
LOGS = places.TOP / "var" / "test" / "payments"
# One call, a claim, and so the patience after an unknown outcome: short, in the proportions of the defaults.
QUICK = {"COLIS_FLUTTERWAVE_TIMEOUT_MS": "4000", "COLIS_PAYMENTS_CLAIM_MS": "16000"}


@pytest.fixture
def market(request):
    """The bus and its provider; at the end the provider has nothing to complain about, and the books are equal."""
    folder = LOGS / request.node.name.replace("/", "-")[:60]
    shutil.rmtree(folder, ignore_errors=True)
    url = places.servers()["COLIS_FLUTTERWAVE_URL"]
    secret = pathlib.Path(places.servers()["COLIS_FLUTTERWAVE_SECRETS_FILE"]).read_text().split()[0]
    merchant = Merchant(url, secret_hash=secret, webhook_version="mixed", v3_shape="mixed", seed=7)
    told = {"COLIS_FLUTTERWAVE_URL": url, "COLIS_FLUTTERWAVE_SECRET": "FLWSECK-" + merchant.name,
            "COLIS_FLUTTERWAVE_REDIRECT_URL": "http://127.0.0.1/paid", **QUICK}
    bus = Bus(folder, PROGRAMS, {"payments": told})
    merchant.say("PUT", "", {"webhook_url": bus.url("webhooks") + "/webhooks/flutterwave"})
    before = request.session.testsfailed
    try:
        with bus:
            market = Market(bus, merchant)
            yield market
            if request.session.testsfailed == before:
                market.check()
    finally:
        merchant.forget()
