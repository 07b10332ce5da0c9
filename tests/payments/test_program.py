"""The program itself: what it is told, what it shows, how it ends."""
import subprocess

import pytest
from harness import places
from harness.bus import Bus
from harness.program import Program
from harness.until import ANSWER, until


def test_it_says_what_it_is_told_and_no_secret(tmp_path):
    help = subprocess.run([places.binary("payments"), "--help"], capture_output=True, text=True, check=True).stdout
    for setting in ("--payments-claim-ms", "--payments-ahead-ms", "--flutterwave-url", "COLIS_FLUTTERWAVE_SECRET"):
        assert setting in help
    assert "--flutterwave-secret" not in help


@pytest.mark.parametrize("name, value", [
    ("flutterwave_url", "http://api.example.org"), ("flutterwave_url", ""), ("flutterwave_secret", ""),
    ("flutterwave_secret", "short"), ("flutterwave_redirect_url", ""), ("flutterwave_timeout_ms", "40000")])
def test_what_is_unsafe_refuses_to_start(tmp_path, name, value):
    told = Bus(tmp_path).settings("payments") | {
        "COLIS_FLUTTERWAVE_URL": "http://127.0.0.1:1", "COLIS_FLUTTERWAVE_SECRET": "FLWSECK-nobody",
        "COLIS_FLUTTERWAVE_REDIRECT_URL": "http://127.0.0.1/paid", "COLIS_" + name.upper(): value}
    payments = Program("payments", told, tmp_path / "refused.log").start()
    assert payments.process.wait(ANSWER) != 0
    assert name in payments.last_lines(1) and "FLWSECK-nobody" not in payments.last_lines(50)


def test_it_counts_what_it_does_and_ends_in_the_middle_of_it(market):
    market.merchant.fault("create_link", "silence", seconds=3600)
    deal = market.deal()
    deal.ask_to_pay()
    market.told(lambda: market.requests("create_link"), what="the call")
    market.bus.payments.stop()
    market.bus.add("payments").await_ready()
    market.hurried(lambda: deal.state()["attempts"][-1]["state"] == "failed", what="asked about, and given up")
    deal.paid()
    payments = market.bus.payments
    for family in ("colis_payments_turns_total", "colis_payments_tasks_total"):
        until(lambda family=family: payments.metric(family) > 0, 20, family)
    until(lambda: payments.metric("colis_payments_dead_total") == 0, 20, "nothing dead")
