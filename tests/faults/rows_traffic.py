"""Rows of hostile or careless traffic that is let in: what nobody can read, copies, and clocks that are wrong."""
import concurrent.futures
import json
import pathlib
import subprocess
import time
import uuid

import requests
from harness import places
from harness.bus import SERVING
from harness.clock import wrong_clock
from harness.person import PARCEL, parcel_of
from harness.poison import CURSE, CURSED, LIFT, POISON, headers_of
from harness.until import until
from round import Town
from row import Row

COPIES, AT_ONCE = 100, 20
CLOCKS = ("projector", "relay", "history", "notifier", "payments", "webhooks")  # the others check tokens by theirs
PATIENCE = {"HEADER_MS": "2000", "BODY_MS": "3000", "WRITE_MS": "3000", "IDLE_MS": "30000"}


class Market(Town):
    """Where clients may be slow for little, and much poison alone stops no reader."""

    def settings(self, name, instance=1):
        told = super().settings(name, instance)
        if name == "projector":
            told["COLIS_READER_REJECT_RATE"] = "1000000"
        return told | {f"COLIS_HTTP_{what}": time for what, time in PATIENCE.items()} if name in SERVING else told


# --- what nobody can read ---

def poison(round):
    """One of each kind in a burst, under the keys of people who go on asking."""
    written = round.kept["poison"] = []
    for number in round.faults():
        round.note(f"{len(POISON)} records nobody can decide", number)
        person = round.random.choice(round.load.senders).person.id
        records = [(person.encode(), headers_of(person, **changes), value) for changes, value in POISON.values()]
        round.random.shuffle(records)
        written += round.bus.topics.write("commands", records)
        round.moment(0, 0.5)


def poison_judge(round, _):
    dead = set(round.bus.rows('select partition, "offset" from bus.parked where kind = \'dead\' and reason <> \'\''))
    for place in round.kept["poison"]:
        if place not in dead:
            round.find("poison", f"what stood at {place} was not put aside with its reason", "lost")
    notices = round.bus.topics.read("dead.projector", check=False)
    if len(notices) < len(dead):
        round.find("poison", f"{len(notices)} notices of {len(dead)} dead commands", "lost")


def curse(round):
    """A command that only the database refuses: its key waits behind it, until operators release it."""
    for number in round.faults():
        round.note("a command that cannot be stored, released after it can", number)
        person = round.bus.person()
        round.bus.rows(CURSE)
        try:
            first = person.register(weight_g=CURSED)
            place = until(lambda: _parked(round, first), 30, "it is parked")
            rest = [person.cancel(parcel_of(first)), person.register()]
            until(lambda: all(_parked(round, one) for one in rest), 30, "those behind it wait")
            round.load.prober.decided()  # nobody else does
        finally:
            round.bus.rows(LIFT)
        released = subprocess.run([places.binary("redrive"), "release", place], text=True, capture_output=True,
                                  env=round.bus.settings("redrive") | {"PATH": "/usr/bin:/bin"}, timeout=30)
        assert released.returncode == 0, released.stdout + released.stderr
        decided = [person.verdict(one) for one in (first, *rest)]
        if [verdict["state"] for verdict in decided] != ["accepted"] * 3:
            round.find("redrive", f"decided out of order: {decided}", "misordered")


def _parked(round, taken):
    rows = round.bus.rows('select partition, "offset" from bus.parked where id = %s order by 2', taken["id"])
    return rows and f"{rows[0][0]}:{rows[0][1]}"


# --- copies ---

def webhook_copies(round):
    """What the provider has told comes again, a hundred times at once and in any order; so does what has no id."""
    secret = pathlib.Path(places.servers()["COLIS_FLUTTERWAVE_SECRETS_FILE"]).read_text().split()[0]

    def post(body):
        return requests.post(round.bus.url("webhooks") + "/webhooks/flutterwave", data=body.encode(), timeout=30,
                             headers={"Content-Type": "application/json", "verif-hash": secret})

    def taken(body):
        """As the provider does: until it is told something else than not now."""
        def look():
            reply = post(body)
            return None if reply.status_code == 503 else [reply]
        return until(look, 30, "a webhook is taken")[0]
    for number in round.faults():
        told = until(round.bus.provider.webhooks, 120, "the provider has told something")
        bodies = [delivery["body"] for delivery in round.random.sample(told, min(5, len(told)))]
        bodies.append(json.dumps({"event": "charge.completed", "data": {"status": "successful", "n": number}}))
        round.note(f"{len(bodies)} webhooks, {COPIES} copies each", number)
        copies = bodies * COPIES
        round.random.shuffle(copies)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(zip(copies, pool.map(post, copies)))
        unheard = [body for body in bodies if not any(reply.ok for copy, reply in replies if copy == body)]
        replies += [(body, taken(body)) for body in unheard]
        for body in bodies:
            told_of = {reply.json()["report"] for copy, reply in replies if copy == body and reply.ok}
            if len(told_of) != 1:
                round.find("report", f"copies of one webhook were {len(told_of)} reports: {told_of}", "doubled")
        odd = {reply.status_code for _, reply in replies} - {200, 503}
        if odd:
            round.find("report", f"copies were answered {odd}")


def one_key(round):
    """One idempotency key a hundred times at once, then with another body, by another person, after a restart."""
    for number in round.faults():
        round.note(f"{COPIES} requests with one key", number)
        user, key = str(uuid.UUID(int=round.random.getrandbits(128), version=4)), f"key-{round.random.random()}"
        people = [round.bus.person(user=user) for _ in range(COPIES)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(pool.map(lambda one: one.post("/v1/parcels", PARCEL, key), people))
        person = people[0]
        taken = [reply.json() for reply in replies if reply.status_code == 202] or [person.register(key)]
        assert person.verdict(taken[0])["state"] == "accepted"
        other = person.register(key, weight_g=1)
        since = round.kill("ingress")
        round.ready_again("ingress", since)
        again = person.register(key)
        stranger = round.bus.person().register(key)
        if {one["id"] for one in [*taken, other, again]} != {taken[0]["id"]} or stranger["id"] == taken[0]["id"]:
            round.find("idempotency", f"one key of one person is not one command: {taken[0]['id']}", "doubled")
        if person.get(other["status_url"]).status_code != 422 or person.verdict(again)["state"] != "accepted":
            round.find("idempotency", f"another body under the key was not told: {other['id']}")
        count = round.bus.value("select count(*) from state.parcel where sender = %s", user)
        if count != 1:
            round.find("idempotency", f"{count} parcels of one key", "doubled" if count else "lost")


# --- time ---

def clocks(round):
    """A program's machine is an hour ahead or behind for a while, then jumps to the right time. Where it is behind,
    what it waits for until a moment ends at once, as the kernel's clock is right: no commit is heard of in time. So
    the relay comes first."""
    for number in round.faults():
        name, hours = round.random.choice(CLOCKS), round.random.choice((-1, 1))
        if number == 1:
            name, hours = "relay", -1
        round.note(f"the clock of {name} is off by {hours:+d} h", number)
        wrong = wrong_clock(round.bus.folder, hours * 3600)
        _restart(round, name, wrong)
        round.moment(1, 3)
        _restart(round, name, {})
        round.resumed(time.monotonic())


def _restart(round, name, environment):
    """An orderly end and a new start, which the Keeper must not take for a death."""
    program = round.keeper.release(name)
    program.stop()
    round.bus.add(name, **environment).await_ready()


ROWS = (Row("poison", 9, "records nobody can decide on the topic of commands", poison, short=3, long=1000, town=Market,
            judge=poison_judge, group="traffic"),
        Row("cursed", 9, "a command only the database refuses: parked with its key, then released", curse, short=2,
            long=100, town=Market, group="traffic"),
        Row("webhook-copies", 10, "webhooks come a hundred times at once, in any order", webhook_copies, short=2,
            long=200, town=Market, group="traffic"),
        Row("one-key", 11, "an idempotency key a hundred times at once, other bodies, other people, a restart", one_key,
            short=2, long=1000, town=Market, group="traffic"),
        Row("clocks", 12, "a program's machine is an hour ahead or behind, and jumps back", clocks, short=3, long=100,
            town=Market, group="traffic"))
