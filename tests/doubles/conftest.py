"""Fixtures of the doubles' tests: one process of the double for all of them, an account and a receiver for each."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "flow"), str(pathlib.Path(__file__).parent)]

from provider import Merchant, Process, Receiver  # noqa: E402


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    process = Process(tmp_path_factory.mktemp("flutterwave")).start()
    yield process
    process.kill()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def merchant(process):
    merchant = Merchant(process.url)
    yield merchant
    merchant.forget()


@pytest.fixture
def told(process, receiver):
    """A merchant whose webhooks go to the receiver."""
    merchant = Merchant(process.url, webhook_url=receiver.url)
    yield merchant
    receiver.released.set()
    merchant.forget()
