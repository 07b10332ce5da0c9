"""What a command's status_url says, and to whom (design section 3)."""
import base64

import pytest
from harness.person import PARCEL, parcel_of
from harness.until import until


def receipt_of(taken):
    return taken["status_url"].partition("receipt=")[2]


@pytest.fixture(scope="module")
def undecided(tmp_path_factory):
    """A bus without a projector."""
    from harness.bus import Bus
    with Bus(tmp_path_factory.mktemp("undecided"), programs=("ingress", "query")) as bus:
        yield bus


def test_an_undecided_command_is_202_to_who_holds_its_receipt(undecided):
    person = undecided.person()
    reply = person.get(person.register()["status_url"])
    assert reply.status_code == 202 and int(reply.headers["Retry-After"]) >= 0
    assert reply.json()["state"] == "pending"


def test_waiting_for_an_undecided_command_ends_in_time(undecided):
    person = undecided.person()
    reply = person.get(person.register()["status_url"], params={"wait": "1"})
    assert reply.status_code == 202 and 0.8 < reply.elapsed.total_seconds() < 15


def test_without_a_receipt_an_undecided_command_never_was(undecided):
    person = undecided.person()
    taken = person.register()
    assert person.get(f"/v1/commands/{taken['id']}").status_code == 404


@pytest.mark.parametrize("spoil", [lambda r: r[:-1] + ("A" if r[-1] != "A" else "B"), lambda r: "B" + r[1:],
                                   lambda r: r[:20], lambda r: r + "A", lambda r: "é", lambda r: ""])
def test_a_spoiled_receipt_is_as_good_as_none(undecided, spoil):
    person = undecided.person()
    taken = person.register()
    reply = person.get(f"/v1/commands/{taken['id']}", params={"receipt": spoil(receipt_of(taken))})
    assert reply.status_code in (400, 404)


def test_a_receipt_of_another_command_is_none(undecided):
    person = undecided.person()
    one, two = person.register(), person.register()
    assert person.get(f"/v1/commands/{one['id']}", params={"receipt": receipt_of(two)}).status_code == 404


def test_a_receipt_is_version_time_fingerprint_and_tag(bus, person):
    taken = person.register()
    text = receipt_of(taken)
    receipt = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    command = until(lambda: bus.topics.of("commands", "parcel/" + parcel_of(taken)), 10, "the command")[0]
    assert len(receipt) == 41 and receipt[0] == 1
    assert receipt[9:25].hex() == command.headers["ce_fingerprint"]
    assert abs(int.from_bytes(receipt[1:9]) - command.at_ms) < 60_000


def test_a_decided_command_needs_no_receipt(person):
    taken = person.register()
    person.verdict(taken)
    reply = person.get(f"/v1/commands/{taken['id']}")
    assert reply.status_code == 200 and reply.json()["state"] == "accepted"


def test_another_s_command_is_404_even_with_its_receipt(person, other):
    taken = person.register()
    person.verdict(taken)
    assert other.get(taken["status_url"]).status_code == 404
    assert other.get(f"/v1/commands/{taken['id']}").status_code == 404


def test_another_s_undecided_command_is_404_even_with_its_receipt(undecided):
    taken = undecided.person().register()
    assert undecided.person().get(taken["status_url"]).status_code == 404


def test_a_command_nobody_sent_is_404(person):
    assert person.get("/v1/commands/00000000-0000-8000-8000-000000000000").status_code == 404
    assert person.get("/v1/commands/nonsense").status_code in (400, 404)


def test_a_key_reused_with_another_body_is_422_at_the_verdict(person):
    first = person.register(key="reused")
    second = person.register(key="reused", weight_g=3000)
    assert first["id"] == second["id"] and first["resource"] == second["resource"]
    assert first["status_url"] != second["status_url"]
    assert person.verdict(first)["state"] == "accepted"
    reply = person.get(second["status_url"])
    assert reply.status_code == 422 and reply.headers["Content-Type"].startswith("application/problem+json")
    assert person.get(f"/v1/parcels/{parcel_of(first)}").json()["weight_g"] == 2500


def test_the_same_body_spelled_otherwise_has_the_same_fingerprint(person):
    first = person.register(key="spelled")
    text = '{ "weight_g" : 2500, "category":"cl\\u006fthes", "value":{"currency":"XOF","amount":40000},' \
           '"destination":{"city":"Dakar","country":"SN"},"origin":{"city":"Paris","country":"FR"},' \
           '"declaration":{"text_version":1,"agreed":true}, "recipient":{"phone":"+221770000000","name":"Awa Ndiaye"} }'
    reply = person.post("/v1/parcels", key="spelled", data=text, headers={"Content-Type": "application/json"})
    assert reply.status_code == 202 and reply.json()["id"] == first["id"]
    person.verdict(first)
    assert person.get(reply.json()["status_url"]).status_code == 200


def test_waiting_returns_as_soon_as_it_is_decided(person):
    taken = person.post("/v1/parcels", PARCEL).json()
    reply = person.get(taken["status_url"], params={"wait": "20"})
    assert reply.status_code == 200 and reply.elapsed.total_seconds() < 15


@pytest.mark.parametrize("wait", ["-1", "x", "999", "1.5", ""])
def test_a_malformed_wait_is_400(person, wait):
    assert person.get(person.register()["status_url"], params={"wait": wait}).status_code == 400


def test_a_verdict_is_remembered_by_its_etag_or_not_at_all(person):
    taken = person.register()
    person.verdict(taken)
    reply = person.get(taken["status_url"])
    assert reply.headers.get("Cache-Control")
