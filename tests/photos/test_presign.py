"""Our presigned URLs and botocore's are the same text but for the order of parameters, whatever is signed."""
import datetime
import os
import pathlib
import random
import subprocess
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode
from harness import places

SEED = int(os.environ.get("COLIS_SEED", "1"))
COUNT = 400
LETTERS = "abcXYZ019-._~ !*'()+=&?#%@:,;$\"<>[]{}|\\^`/éßあ🎁\t"
ENDPOINTS = ("http://127.0.0.1:9000", "https://s3.example.com", "https://x.example.com/storage/v1/s3",
             "https://s3.example.com:443", "http://s3.example.com:80/deep", "https://s3.example.com:8443")
HEADERS = {"content-length": lambda dice: str(dice.randrange(1, 10 << 20)),
           "content-type": lambda dice: dice.choice(["image/jpeg", "image/png", "image/webp", "text/plain; a=b"]),
           "x-amz-checksum-sha256": lambda dice: "RPg1RJSlugO6F5Ko0+nFNMR6kYGYD956P0SwbvKufH8=",
           "cache-control": lambda dice: "private, max-age=60", "x-amz-meta-a": lambda dice: "some words"}


class Judge:
    """The C signer on a pipe."""

    def __init__(self):
        path = pathlib.Path(places.build()) / "tests" / "photos" / "colis-presign-judge"
        assert path.exists(), f"{path} is not built"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, wish):
        fields = [wish["method"], wish["endpoint"], wish["bucket"], wish["key"].encode().hex(), wish["access"],
                  wish["secret"], wish["region"], str(wish["at_ms"]), str(wish["expires"]), ""]
        fields += [f"{name}={value}" for name, value in sorted(wish["headers"].items())]
        self.process.stdin.write(("\t".join(fields) + "\n").encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def judge():
    made = Judge()
    yield made
    made.close()


def word(dice, letters, least, most):
    return "".join(dice.choice(letters) for _ in range(dice.randint(least, most)))


def a_wish(dice):
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789"
    headers = {name: value(dice) for name, value in HEADERS.items() if dice.random() < 0.5}
    return {"method": dice.choice(["PUT", "GET"]), "endpoint": dice.choice(ENDPOINTS),
            "bucket": word(dice, "abcdefgh-.0123", 3, 20), "key": word(dice, LETTERS, 1, 40).lstrip("/") or "x",
            "access": word(dice, plain, 16, 24), "secret": word(dice, plain + "/+", 20, 40),
            "region": dice.choice(["us-east-1", "eu-de", "local"]), "headers": headers,
            "expires": dice.randint(1, 604800), "at_ms": dice.randrange(1, 4102444800000)}


def botocore_url(wish, monkeypatch):
    at = datetime.datetime.fromtimestamp(wish["at_ms"] // 1000, datetime.timezone.utc)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: at)
    path = percent_encode(wish["bucket"], "") + "/" + percent_encode(wish["key"], "/")
    request = AWSRequest(method=wish["method"], url=wish["endpoint"] + "/" + path, headers=wish["headers"])
    signer = botocore.auth.S3SigV4QueryAuth(Credentials(wish["access"], wish["secret"]), "s3", wish["region"],
                                            wish["expires"])
    signer.add_auth(request)
    return request.url


def taken_apart(url):
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.path, sorted(parse_qsl(parts.query, strict_parsing=True))


def test_botocore_signs_the_same(judge, monkeypatch):
    dice = random.Random(SEED)
    for number in range(COUNT):
        wish = a_wish(dice)
        ours, theirs = judge.ask(wish), botocore_url(wish, monkeypatch)
        assert taken_apart(ours) == taken_apart(theirs), f"COLIS_SEED={SEED}, wish {number}: {wish}"


def test_a_url_of_ours_needs_no_mending_by_a_client(judge):
    """What requests and curl send is the text we signed: nothing in it that a client would encode again."""
    import requests
    dice = random.Random(SEED)
    for _ in range(COUNT):
        url = judge.ask(a_wish(dice))
        sent = requests.Request("PUT", url).prepare().url
        assert urlsplit(sent).path == urlsplit(url).path and urlsplit(sent).query == urlsplit(url).query
