"""Handover codes, recipients' links and QR texts: ours (colis-handover-judge) and harness/handover.py, which shares no
code with it, agree on random ones."""
import os
import pathlib
import random
import subprocess
import sys
import uuid

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

from harness import places  # noqa: E402
from harness.handover import PURPOSES, base64url, code, link, principal, qr, scanned  # noqa: E402

SEED = int(os.environ.get("COLIS_SEED", "1"))
COUNT = 1000


class Judge:
    """Our side, one question a line."""

    def __init__(self):
        self.process = subprocess.Popen([places.build() / "tests" / "domain" / "colis-handover-judge"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"no answer to {words}"
        return answer.split()

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def judge():
    made = Judge()
    yield made
    made.close()


@pytest.fixture
def chance():
    return random.Random(SEED)


# Draws

def draw_code(chance):
    return (chance.randbytes(32), uuid.UUID(bytes=chance.randbytes(16)), chance.choice(PURPOSES),
            chance.choice([1, 2, 3, 8, chance.randint(1, 10**8)]))


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key()


def x_of(seed):
    return base64url(public_of(seed).public_bytes_raw())


def test_a_thousand_codes_are_computed_alike(judge, chance):
    for _ in range(COUNT):
        key, booking, purpose, issue = draw_code(chance)
        assert judge.ask("code", key.hex(), booking, purpose, issue) == [code(key, booking, purpose, issue)]


def test_a_thousand_links_are_made_and_followed_alike(judge, chance):
    for _ in range(COUNT):
        key, booking, n = chance.randbytes(32), uuid.UUID(bytes=chance.randbytes(16)), chance.randint(1, 2**32 - 1)
        assert judge.ask("link", key.hex(), booking, n) == [link(key, booking, n), principal(booking, n)]
        assert judge.ask("follow", key.hex(), link(key, booking, n)) == [str(booking), str(n)]


def test_a_thousand_qr_texts_are_signed_and_scanned_alike(judge, chance):
    for _ in range(COUNT):
        seed, booking, purpose, issue = draw_code(chance)
        digits = f"{chance.randrange(10**6):06}"
        text, = judge.ask("qr", seed.hex(), booking, purpose, issue, digits)
        assert text == qr(seed, booking, purpose, issue, digits)
        assert scanned(public_of(seed), text) == (booking, purpose, issue, digits)
        assert judge.ask("scan", x_of(seed), text) == [str(booking), purpose, str(issue), digits]


def test_no_text_with_one_character_changed_is_followed_or_scanned(judge, chance):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for _ in range(COUNT):
        seed, booking, purpose, issue = draw_code(chance)
        for word, key, text in (("follow", seed.hex(), link(seed, booking, 1)),
                                ("scan", x_of(seed), qr(seed, booking, purpose, issue, "123456"))):
            at = chance.randrange(len(text))
            other = text[:at] + chance.choice(letters.replace(text[at], "")) + text[at + 1:]
            assert judge.ask(word, key, other) == ["wrong"], f"{text} -> {other}"


def test_another_issue_is_another_text_to_whoever_checks_offline(chance):
    seed, booking, purpose, issue = draw_code(chance)
    fields = qr(seed, booking, purpose, issue, "123456").split(".")
    fields[3] = str(issue + 1)
    with pytest.raises(InvalidSignature):
        scanned(public_of(seed), ".".join(fields))
    with pytest.raises(InvalidSignature):
        scanned(public_of(bytes(32)), qr(seed, booking, purpose, issue, "123456"))
