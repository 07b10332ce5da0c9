"""The codec and PyPI jsonschema read every example and 10,000 seeded documents alike: verdict, places, bytes."""
import collections
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import agree  # noqa: E402
from documents import Documents  # noqa: E402

EXAMPLES = agree.SCHEMAS / "examples"
SEED = int(os.environ.get("COLIS_SEED", "1"))
COUNT = int(os.environ.get("COLIS_DOCUMENTS", "10000"))
TYPES = sorted(agree.schema_types())


@pytest.fixture(scope="module")
def judge():
    made = agree.Judge()
    yield made
    made.close()


def examples(kind, type):
    return sorted((EXAMPLES / kind / type).glob("*.json"))


@pytest.mark.parametrize("type", TYPES)
def test_both_read_every_valid_example_alike(judge, type):
    for path in examples("valid", type):
        answer = judge.ask(type, path.read_bytes())
        assert answer["verdict"] == "valid", f"{path.name}: {answer}"
        assert not (told := agree.difference(type, path.read_bytes(), answer)), f"{path.name}: {told}"


@pytest.mark.parametrize("type", TYPES)
def test_both_refuse_every_invalid_example_alike(judge, type):
    for path in examples("invalid", type):
        answer = judge.ask(type, path.read_bytes())
        assert answer["verdict"] in ("invalid", "not-json"), f"{path.name}: {answer}"
        assert not (told := agree.difference(type, path.read_bytes(), answer)), f"{path.name}: {told}"


def test_every_type_of_ours_has_examples_of_both_kinds():
    bare = [type for type in TYPES if agree.schema_types()[type] != "foreign"
            and not (examples("valid", type) and examples("invalid", type))]
    assert not bare


def test_both_agree_on_seeded_documents_near_the_bounds(judge):
    documents = Documents(random.Random(SEED))
    seen = collections.Counter()
    for number in range(COUNT):
        type = TYPES[number % len(TYPES)]
        data = documents.document(agree.schema(type))
        answer = judge.ask(type, data)
        told = agree.difference(type, data, answer)
        assert not told, f"COLIS_SEED={SEED}, document {number}, {type}: {told}\n{data!r}"
        seen[answer["verdict"]] += 1
    assert min(seen["valid"], seen["invalid"], seen["not-json"]) > COUNT / 20, f"one-sided: {seen}"


def test_a_captured_message_must_be_canonical(judge):
    value = b'{"state":"known","n":1}'
    agree.check_message("profile.updated.v1", value)
    for wrong in (b'{"n":1,"state":"known"}', b'{"state":"known", "n":1}', b'{"state":"known","n":0}', b"{}", b""):
        with pytest.raises(AssertionError):
            agree.check_message("profile.updated.v1", wrong)
    with pytest.raises(AssertionError):
        agree.check_message("profile.updated.v9", value)


def test_a_captured_message_is_held_to_its_headers():
    headers = {"ce_specversion": "1.0", "ce_id": "5b904a52-4f0b-8d3c-9a61-2b7f5d9e0c14", "ce_source": "/projector",
               "ce_type": "profile.updated.v1", "ce_subject": "profile/11111111-2222-4333-8444-555555555555",
               "ce_time": "2026-11-22T10:00:00Z", "ce_sequence": "0000000001", "content-type": "application/json"}
    agree.check_message(headers, b'{"state":"known","n":1}')
    for name, value in (("ce_sequence", "1"), ("ce_id", "x"), ("ce_time", "now"), ("content-type", "text/plain")):
        with pytest.raises(AssertionError):
            agree.check_message({**headers, name: value}, b'{"state":"known","n":1}')
    with pytest.raises(AssertionError):
        del headers["ce_id"]
        agree.check_message(headers, b'{"state":"known","n":1}')
