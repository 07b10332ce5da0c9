"""One real journey through the running bus, from the outside: a profile, a parcel, its verdict, and then every
place where the parcel must be found. Prints what happened and when; the exit code says whether all of it did.

The servers' addresses are the variables `infra/run env` prints; absent, they are taken from there.
"""
import email
import email.policy
import os
import pathlib
import shlex
import subprocess
import sys
import time
import urllib.parse
import uuid

import confluent_kafka
import psycopg
import pymongo
import requests

INFRA = pathlib.Path(__file__).resolve().parent
DEADLINE = 20  # seconds for any one step
NAMESPACE = os.environ.get("COLIS_NAMESPACE", "colis")


class Broken(Exception):
    """What did not happen, in one line."""


class Watch:
    """Prints each step with the milliseconds since the request that began it."""

    def __init__(self):
        self.began = time.monotonic()

    def restart(self):
        self.began = time.monotonic()

    def step(self, name, text):
        print(f"  {(time.monotonic() - self.began) * 1000:7.1f} ms  {name:<9} {text}", flush=True)


def settings_load():
    for word in shlex.split(subprocess.run([INFRA / "run", "env"], check=True, capture_output=True, text=True).stdout):
        name, _, value = word.partition("=")
        os.environ.setdefault(name, value)


def until(what, look):
    """What look() returns once it is not None; Broken after the deadline."""
    end = time.monotonic() + DEADLINE
    while (found := look()) is None:
        if time.monotonic() > end:
            raise Broken(f"{what}: nothing after {DEADLINE} s")
        time.sleep(0.005)
    return found


# --- the front end's side ---

def client_open(user):
    token = subprocess.run([INFRA / "token", "--user", user], check=True, capture_output=True, text=True).stdout.strip()
    client = requests.Session()
    client.trust_env = False
    client.headers["Authorization"] = "Bearer " + token
    return client


def patient(what, ask, done, not_yet=()):
    """The reply whose status is done. Not taken (503) and unknown (504) are asked again, as any client would."""
    def look():
        reply = ask()
        if reply.status_code == done:
            return reply
        if reply.status_code not in (503, 504, *not_yet):
            raise Broken(f"{what}: {reply.status_code} {reply.text[:300]}")
        return None
    return until(what, look)


def command_send(client, path, body):
    """The 202's body; each command carries its own idempotency key, the same one in every try."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    url = os.environ["COLIS_INGRESS_URL"] + path
    return patient(f"POST {path}", lambda: client.post(url, json=body, timeout=DEADLINE, headers=key), 202).json()


def command_verdict(client, accepted):
    url = accepted["status_url"] + "&wait=10"
    verdict = patient("verdict", lambda: client.get(url, timeout=DEADLINE + 10), 200, not_yet=(202,)).json()
    if verdict["state"] != "accepted":
        raise Broken(f"the verdict is {verdict}")
    return verdict


def resource_read(client, path):
    url = os.environ["COLIS_QUERY_URL"] + path
    return patient(f"GET {path}", lambda: client.get(url, timeout=DEADLINE), 200, not_yet=(404,)).json()


# --- the places where it must be ---

def topic_open(topic):
    """A reader that stands at the topic's end as it is now."""
    reader = confluent_kafka.Consumer({
        "bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"], "group.id": "journey", "enable.auto.commit": False,
        "isolation.level": "read_committed", "fetch.wait.max.ms": 20, "log_level": 0})
    described = reader.list_topics(topic, timeout=DEADLINE).topics[topic]
    if described.error:
        raise Broken(f"topic {topic}: {described.error.str()}")
    ends = [confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_END) for p in described.partitions]
    for end in ends:
        end.offset = reader.get_watermark_offsets(end, timeout=DEADLINE)[1]
    reader.assign(ends)
    return reader


def topic_find(reader, key):
    def look():
        message = reader.poll(0.05)
        return message if message and not message.error() and message.key() == key.encode() else None
    message = until("fact on its topic", look)
    return message, dict(message.headers() or [])


def row_find(database, parcel):
    return until("row in state.parcel",
                 lambda: database.execute("SELECT state, version FROM state.parcel WHERE id = %s", [parcel]).fetchone())


def document_find(mongo, parcel):
    history = mongo[NAMESPACE]["history"]
    return until("document in history", lambda: history.find_one({"_id": f"parcel/{parcel}:0000000001"}))


def mail_find(address, since):
    """The mail to that address, among those that came since; names are unique, so each file is read once."""
    folder, seen = os.path.join(os.environ["COLIS_MAILDIR"], "new"), set()

    def look():
        for file in os.scandir(folder):
            if file.name in seen:
                continue
            seen.add(file.name)
            if file.stat().st_mtime < since:
                continue
            mail = email.message_from_bytes(pathlib.Path(file.path).read_bytes(), policy=email.policy.default)
            if address in str(mail["To"]):
                return mail
        return None
    return until("mail", look)


def profile_update(client, watch, address):
    watch.restart()
    accepted = command_send(client, "/v1/me/profile", {"name": "Awa Ndiaye", "email": address, "language": "fr"})
    watch.step("profile", f"202, command {accepted['id']}")
    command_verdict(client, accepted)
    watch.step("verdict", "accepted")


def parcel_register(client, watch):
    """The path of a parcel that was accepted."""
    watch.restart()
    accepted = command_send(client, "/v1/parcels", {
        "recipient": {"name": "Moussa Ndiaye", "phone": "+221770000000"}, "origin": {"country": "FR", "city": "Paris"},
        "destination": {"country": "SN", "city": "Dakar"}, "weight_g": 2500, "category": "clothes",
        "value": {"amount": 40000, "currency": "XOF"}, "declaration": {"agreed": True, "text_version": 1}})
    path = urllib.parse.urlsplit(accepted["resource"]).path
    watch.step("parcel", f"202, {path}")
    verdict = command_verdict(client, accepted)
    watch.step("verdict", f"accepted, facts {', '.join(verdict['facts'])}")
    return path


def journey():
    user, watch, began = str(uuid.uuid4()), Watch(), time.time()
    address = f"awa.{user[:8]}@example.org"
    client = client_open(user)
    reader = topic_open(f"{NAMESPACE}.parcel")
    database = psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + NAMESPACE, autocommit=True)
    mongo = pymongo.MongoClient(os.environ["COLIS_MONGO_URL"], serverSelectionTimeoutMS=5000)
    print(f"journey of {user}")
    profile_update(client, watch, address)
    path = parcel_register(client, watch)
    parcel = path.rpartition("/")[2]

    state, version = row_find(database, parcel)
    watch.step("postgres", f"state.parcel: {state}, version {version}")
    watch.step("query", f"GET {path}: {resource_read(client, path).get('state')}")
    message, headers = topic_find(reader, parcel)
    place = f"{message.topic()} partition {message.partition()} offset {message.offset()}"
    watch.step("topic", f"{place}: {headers['ce_type'].decode()}")
    document = document_find(mongo, parcel)
    watch.step("mongo", f"history {document['_id']}: {document['type']}")
    items = resource_read(client, path + "/history")["items"]
    watch.step("query", f"GET {path}/history: {len(items)} item")
    mail = mail_find(address, began - 1)
    watch.step("mail", f"to {mail['To']}: {mail['Subject']}")


def main():
    began = time.monotonic()
    try:
        settings_load()
        journey()
    except (Broken, requests.RequestException, psycopg.Error, pymongo.errors.PyMongoError, KeyError,
            confluent_kafka.KafkaException, subprocess.CalledProcessError) as error:
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(f"journey: failed after {time.monotonic() - began:.1f} s: {text}")
        return 1
    print(f"journey: all found, {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
