"""A bus's account at the double of the payment provider (infra/doubles), spoken to as tests/doubles does.

A charge costs 3 %, a payout 50; payouts succeed, and webhooks go to the bus with its secret.
"""
import functools
import pathlib
import sys

from harness import places


@functools.cache
def double():
    sys.path.append(str(places.TOP / "tests" / "doubles"))
    import provider as module
    return module


def merchant(webhooks, url=None, **settings):
    secret = pathlib.Path(places.servers()["COLIS_FLUTTERWAVE_SECRETS_FILE"]).read_text().split()[0]
    usual = {"webhook_url": webhooks + "/webhooks/flutterwave", "secret_hash": secret, "charge_fee_percent": 3,
             "payout_fee": 50, "auto_transfers": "successful"}
    return double().Merchant(url or places.servers()["COLIS_FLUTTERWAVE_URL"], **usual | settings)
