"""The whole life of one parcel through the running bus, from the outside: two people and staff, a trip, a parcel, a
booking, its payment at the provider, both handovers, the release of the money. Prints what happened and when, looks
for the parcel in every place where it must be, and ends with the ledger; the exit code says whether all of it did.

The servers' addresses are the variables `infra/run env` prints; absent, they are taken from there.
"""
import datetime
import email
import email.policy
import os
import pathlib
import re
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
PARIS, DAKAR = {"country": "FR", "city": "Paris"}, {"country": "SN", "city": "Dakar"}


class Broken(Exception):
    """What did not happen, in one line."""


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


def at(hours):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class Timeline:
    """One line a thing that happened, with the seconds since the journey began and what it took by itself."""

    def __init__(self):
        self.began = self.last = time.monotonic()

    def tell(self, who, text):
        now = time.monotonic()
        print(f"  {now - self.began:6.2f} s  {(now - self.last) * 1000:6.0f} ms  {who:<10} {text}", flush=True)
        self.last = now


class Person:
    """A front end in somebody's hands."""

    def __init__(self, name, timeline, role=None):
        self.name, self.timeline, self.id = name, timeline, str(uuid.uuid4())
        self.mail = f"{name}.{self.id[:8]}@example.org"
        arguments = ["--user", self.id] + (["--role", role] if role else [])
        token = subprocess.run([INFRA / "token", *arguments], check=True, capture_output=True, text=True).stdout.strip()
        self.client = requests.Session()
        self.client.trust_env = False
        self.client.headers["Authorization"] = "Bearer " + token

    def does(self, text, path, body=None):
        """A command to its verdict; the path of what it is about. One key for every try of it."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        url = os.environ["COLIS_INGRESS_URL"] + path
        accepted = patient(f"POST {path}", lambda: self.client.post(
            url, json=body or {}, timeout=DEADLINE, headers=key), 202).json()
        verdict = patient("verdict", lambda: self.client.get(
            accepted["status_url"] + "&wait=10", timeout=DEADLINE + 10), 200, not_yet=(202,)).json()
        if verdict["state"] != "accepted":
            raise Broken(f"{self.name} {text}: the verdict is {verdict}")
        self.timeline.tell(self.name, text)
        return urllib.parse.urlsplit(accepted["resource"]).path

    def reads(self, path):
        url = os.environ["COLIS_QUERY_URL"] + path
        return patient(f"GET {path}", lambda: self.client.get(url, timeout=DEADLINE), 200, not_yet=(404,)).json()

    def sees(self, path, state):
        """The thing once it is in that state."""
        def look():
            found = self.reads(path)
            return found if found["state"] == state else None
        return until(f"{path} becomes {state}", look)


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
    return until("fact on its topic", look)


def mail_find(address, since, pattern):
    """What pattern matches in a mail to that address that came since."""
    folder = os.path.join(os.environ["COLIS_MAILDIR"], "new")

    def look():
        for file in os.scandir(folder):
            if file.stat().st_mtime < since:
                continue
            mail = email.message_from_bytes(pathlib.Path(file.path).read_bytes(), policy=email.policy.default)
            found = address in str(mail["To"]) and re.search(pattern, mail.get_content())
            if found:
                return found.group(1)
        return None
    return until(f"mail to {address}", look)


def everywhere(parcel, reader, timeline):
    """PostgreSQL, the topic, MongoDB: each has the parcel's first fact."""
    message = topic_find(reader, parcel)
    timeline.tell("topic", f"{message.topic()} partition {message.partition()} offset {message.offset()}: "
                           f"{dict(message.headers())['ce_type'].decode()}")
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + NAMESPACE, autocommit=True) as database:
        row = until("row in state.parcel", lambda: database.execute(
            "SELECT state, version FROM state.parcel WHERE id = %s", [parcel]).fetchone())
    timeline.tell("postgres", f"state.parcel: {row[0]}, version {row[1]}")
    with pymongo.MongoClient(os.environ["COLIS_MONGO_URL"], serverSelectionTimeoutMS=5000) as mongo:
        document = until("document in history", lambda: mongo[NAMESPACE]["history"].find_one(
            {"_id": f"parcel/{parcel}:0000000001"}))
    timeline.tell("mongo", f"history {document['_id']}: {document['type']}")


# --- the life of a parcel ---

def people_known(timeline):
    sender, traveller = Person("sender", timeline), Person("traveller", timeline)
    staff = Person("staff", timeline, role="staff")
    sender.does("says how they are reached", "/v1/me/profile",
                {"name": "Awa Ndiaye", "email": sender.mail, "language": "fr"})
    traveller.does("says how they are reached", "/v1/me/profile",
                   {"name": "Omar Diop", "email": traveller.mail, "language": "en"})
    traveller.does("says where they are paid", "/v1/me/payout-account", {
        "method": "mobile_money", "country": "SN", "provider": "WAVE", "account": "221770000001",
        "holder": "Omar Diop"})
    for person in (sender, traveller):
        staff.does(f"checked the {person.name}'s identity: tier 1", f"/v1/people/{person.id}/tier",
                   {"tier": 1, "reason": "identity_checked"})
    return sender, traveller


def agreed(sender, traveller, recipient, timeline):
    """announce, register, request, accept: the paths of the booking and the parcel, and the trip's."""
    reader = topic_open(f"{NAMESPACE}.parcel")
    trip = traveller.does("announces a trip from Paris to Dakar", "/v1/trips", {
        "origin": PARIS, "destination": DAKAR, "departs": at(4), "arrives": at(10), "drop_off_until": at(3),
        "capacity_g": 10000, "price_per_kg": 5000, "currency": "XOF"})
    parcel = sender.does("registers a parcel", "/v1/parcels", {
        "recipient": {"name": "Moussa Ndiaye", "phone": "+221770000000", "email": recipient}, "origin": PARIS,
        "destination": DAKAR, "weight_g": 1950, "category": "clothes", "value": {"amount": 40000, "currency": "XOF"},
        "declaration": {"agreed": True, "text_version": 1}})
    everywhere(parcel.rpartition("/")[2], reader, timeline)
    booking = sender.does("asks for the booking", "/v1/bookings",
                          {"trip": trip.rpartition("/")[2], "parcel": parcel.rpartition("/")[2]})
    traveller.does("accepts", booking + "/accept")
    return trip, parcel, booking


def paid(sender, booking, timeline):
    sender.does("asks for a page to pay on", booking + "/pay")
    link = until("page to pay on", lambda: sender.reads(booking + "/payment").get("link"))
    timeline.tell("provider", "made the page")
    reply = requests.post(link, data={"status": "successful"}, allow_redirects=False, timeout=DEADLINE)
    if reply.status_code != 303:
        raise Broken(f"the provider's page: {reply.status_code}")
    timeline.tell("sender", "paid on it")
    sender.sees(booking, "paid")
    timeline.tell("bus", "heard of it, asked the provider, holds the money")


def carried(people, journey, recipient, since, timeline):
    """collect, depart, deliver: with the codes that prove both handovers."""
    sender, traveller = people
    trip, parcel, booking = journey
    traveller.does("attaches a photo of the seal", parcel + "/attach-photo",
                   {"digest": uuid.uuid4().hex * 2, "stage": "seal", "type": "jpeg"})
    codes = {code["purpose"]: code["code"] for code in sender.reads(booking + "/codes")["items"]}
    traveller.does(f"collects with the sender's code {codes['pickup']}", booking + "/collect",
                   {"code": codes["pickup"], "opened_and_checked": True, "weighed_g": 1960})
    traveller.does("departs", trip + "/depart")
    sender.sees(parcel, "in_transit")
    timeline.tell("bus", "the parcel is in transit")
    code = mail_find(recipient, since, r"\b(\d{6})\b")
    timeline.tell("recipient", f"got the delivery code {code} by mail")
    traveller.does("delivers with it", booking + "/deliver", {"code": code})


def released(sender, booking, timeline):
    sender.does("confirms: all is well", booking + "/confirm")
    payment = until("payout ordered", lambda: sender.reads(booking + "/payment").get("split"))
    timeline.tell("bus", f"released {payment['to_traveller']} to the traveller (sent when the hold of a new account "
                         f"ends), {payment['to_fees']} fees")
    print("history   " + " -> ".join(until("history of the booking", lambda: whole(sender, booking))))


def whole(sender, booking):
    """What happened, once history has the end of it: it follows a moment later."""
    happened = [item["type"].split(".")[1] for item in sender.reads(booking + "/history?limit=100")["items"]]
    return happened if "completed" in happened else None


def ledger_show(sender, booking):
    ledger = sender.reads(booking + "/ledger")
    print("ledger    + debit, - credit")
    for number, journal in enumerate(ledger["journals"], 1):
        lines = ", ".join(f"{entry['account']} {entry['amount']:+d}" for entry in journal["entries"])
        print(f"  {number:>3}  {lines}")
        if sum(entry["amount"] for entry in journal["entries"]) != 0:
            raise Broken(f"journal {journal['id']} does not sum to zero")
    balances = ", ".join(f"{entry['account']} {entry['amount']:+d} {entry['currency']}"
                         for entry in ledger["balances"] if entry["amount"])
    print(f"  now  {balances}")
    if sum(entry["amount"] for entry in ledger["balances"]) != 0 or not ledger["journals"]:
        raise Broken("the ledger does not sum to zero")


def journey():
    timeline, since = Timeline(), time.time() - 1
    recipient = f"moussa.{uuid.uuid4().hex[:8]}@example.org"
    sender, traveller = people_known(timeline)
    parts = agreed(sender, traveller, recipient, timeline)
    booking = parts[2]
    paid(sender, booking, timeline)
    carried((sender, traveller), parts, recipient, since, timeline)
    released(sender, booking, timeline)
    ledger_show(sender, booking)


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
    print(f"journey: announced to released, {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
