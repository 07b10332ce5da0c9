"""Photos in the real store: what was announced is taken, anything else is refused, and what comes back is the same."""
import base64
import hashlib
import secrets

import pytest
import requests
from harness import places
from harness.program import Program
from harness.until import ANSWER, until

JPEG = b"\xff\xd8\xff\xe0" + bytes(996)


def photo():
    """Bytes nobody has put before."""
    return JPEG[:-16] + secrets.token_bytes(16)


def body_of(data, **changes):
    body = {"digest": hashlib.sha256(data).hexdigest(), "stage": "register", "type": "jpeg", "size": len(data)}
    return body | changes


def announce(person, parcel, data, **changes):
    """The 200's body."""
    reply = person.session.post(f"{person.query}/v1/parcels/{parcel}/photos", json=body_of(data, **changes), timeout=30)
    assert reply.status_code == 200, reply.text
    return reply.json()


def send(told, data=None, headers=None, method=None, url=None):
    """The request we were told to send, or one changed; headers set to None are left out."""
    headers = {name: value for name, value in (told["headers"] | (headers or {})).items() if value is not None}
    return requests.request(method or told["method"], url or told["url"], data=data, headers=headers, timeout=30)


def key_of(parcel, data):
    return f"photos/{parcel}/{hashlib.sha256(data).hexdigest()}"


def checksum(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def test_what_was_announced_is_taken_and_fetched_again(store, owner):
    person, parcel = owner
    data = photo()
    told = announce(person, parcel, data)
    assert told["digest"] == hashlib.sha256(data).hexdigest()
    assert send(told, data).status_code == 200
    head = store.head(key_of(parcel, data))
    assert head["ContentType"] == "image/jpeg" and head["ContentLength"] == len(data)
    assert head["ChecksumSHA256"] == checksum(data)
    reply = person.get(f"/v1/parcels/{parcel}/photos/{told['digest']}")
    assert reply.status_code == 200 and reply.json()["method"] == "GET"
    fetched = send(reply.json())
    assert fetched.status_code == 200 and fetched.content == data and fetched.headers["Content-Type"] == "image/jpeg"


def test_the_same_photo_twice_is_one_object(store, owner):
    person, parcel = owner
    data = photo()
    for _ in range(2):
        assert send(announce(person, parcel, data), data).status_code == 200
    assert store.keys().count(key_of(parcel, data)) == 1


@pytest.mark.parametrize("type", ["jpeg", "png", "webp"])
def test_every_type_is_signed_as_its_media_type(store, owner, type):
    person, parcel = owner
    data = photo()
    told = announce(person, parcel, data, type=type)
    assert send(told, data).status_code == 200
    assert store.head(key_of(parcel, data))["ContentType"] == "image/" + type


def other(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("change", [
    lambda told, data: {"data": other(data)},
    lambda told, data: {"data": other(data), "headers": {"x-amz-checksum-sha256": checksum(other(data))}},
    lambda told, data: {"data": other(data), "headers": {"x-amz-checksum-sha256": None}},
    lambda told, data: {"data": data[:-1]},
    lambda told, data: {"data": data + b"x"},
    lambda told, data: {"data": data, "headers": {"content-type": "image/png"}},
    lambda told, data: {"data": data, "headers": {"content-type": "text/html"}},
    lambda told, data: {"data": data, "headers": {"content-type": None}},
    lambda told, data: {"data": data, "url": told["url"].partition("?")[0]},
    lambda told, data: {"data": data, "url": told["url"].replace("X-Amz-Expires=300", "X-Amz-Expires=3000")},
    lambda told, data: {"data": data, "method": "POST"},
], ids=["another body", "another body and checksum", "no checksum", "a shorter body", "a longer body", "another type",
        "a page", "no type", "no signature", "a longer life", "another method"])
def test_anything_else_is_refused_and_leaves_nothing(store, owner, change):
    person, parcel = owner
    data = photo()
    told = announce(person, parcel, data)
    reply = send(told, **change(told, data))
    assert 400 <= reply.status_code < 500, f"{reply.status_code} {reply.text}"
    assert store.head(key_of(parcel, data)) is None


def test_a_url_is_good_for_its_own_place_alone(store, owner):
    person, parcel = owner
    data = photo()
    told = announce(person, parcel, data)
    elsewhere = told["url"].replace(parcel, "8c1e0000-0000-8000-8000-000000000001")
    assert send(told, data, url=elsewhere).status_code == 403
    assert send(told, data, url=told["url"].replace(store.bucket, "colis-photos")).status_code == 403
    assert send(told, data, method="GET").status_code == 403
    assert send(told, data, method="DELETE").status_code == 403


def test_a_url_that_expired_is_refused(bus, store, owner):
    person, parcel = owner
    brief = bus.add("query", 2, **{"COLIS_PHOTO_EXPIRY_S": "1"}, **store.settings()).await_ready()
    url = f"http://{places.HOST}:{brief.settings['COLIS_LISTEN_PORT']}/v1/parcels/{parcel}/photos"
    data = photo()
    reply = person.session.post(url, json=body_of(data), timeout=30)
    assert reply.status_code == 200 and "X-Amz-Expires=1&" in reply.json()["url"]

    def refused():
        answer = send(reply.json(), data)
        return answer.status_code == 403 and "expired" in answer.text
    until(refused, 10, "the URL's end")


def test_nobody_else_is_told_where_another_s_photos_are(bus, owner):
    _, parcel = owner
    stranger = bus.person()
    data = photo()
    path = f"/v1/parcels/{parcel}/photos"
    assert stranger.session.post(stranger.query + path, json=body_of(data), timeout=30).status_code == 404
    assert stranger.get(path + "/" + hashlib.sha256(data).hexdigest()).status_code == 404
    assert bus.person(role="staff").get(path + "/" + hashlib.sha256(data).hexdigest()).status_code == 200
    anonymous = requests.post(stranger.query + path, json=body_of(data), timeout=30)
    assert anonymous.status_code == 401


def test_announcing_publishes_and_changes_nothing(bus, owner):
    person, parcel = owner
    before = bus.rows("select version from state.parcel where id = %s", parcel), bus.topics.ends("commands")
    announce(person, parcel, photo())
    after = bus.rows("select version from state.parcel where id = %s", parcel), bus.topics.ends("commands")
    assert before == after


@pytest.mark.parametrize("setting, value", [
    ("COLIS_S3_URL", "s3.example.com"), ("COLIS_S3_URL", "https://s3.example.com/"), ("COLIS_S3_SECRET_KEY", ""),
    ("COLIS_S3_ACCESS_KEY", ""), ("COLIS_PHOTO_EXPIRY_S", "604801")])
def test_half_a_store_refuses_to_start(bus, tmp_path, setting, value):
    told = bus.settings("query") | {"COLIS_S3_URL": "https://s3.example.com", "COLIS_S3_ACCESS_KEY": "x",
                                    "COLIS_S3_SECRET_KEY": "y"} | {setting: value}
    program = Program("query", told, tmp_path / "query.log").start()
    assert program.process.wait(ANSWER) != 0
    assert setting.lower().removeprefix("colis_") in program.last_lines()
