"""Steady load with a memory: people who send commands at a pace, and every reply they ever got."""
import random
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests
from harness.person import PARCEL, command_id, parcel_of
from harness.until import pause


@dataclass
class Wish:
    """One command with its key, and every reply to it in order: a status, "lost" or "refused" (no connection)."""
    person: str
    id: str
    path: str
    replies: list = field(default_factory=list)
    taken: dict | None = None  # the newest 202's body
    seen: dict | None = None   # a verdict the person was shown

    @property
    def is_taken(self):
        return 202 in self.replies

    @property
    def is_surely_not(self):
        """Every reply says it never entered."""
        return all(reply in (503, 429, "refused") for reply in self.replies)


class Sender(threading.Thread):
    """One person: a profile, then parcels, some of them cancelled; retries most of what was not taken."""

    def __init__(self, bus, seed, gap, stop):
        super().__init__(daemon=True)
        self.person, self.random, self.gap, self.stop_event = bus.person(), random.Random(seed), gap, stop
        self.wishes, self.cancellable, self.error = [], [], None
        self.person.session.headers["Connection"] = "keep-alive"

    def run(self):
        try:
            self.wish("/v1/me/profile", {"name": "Awa Ndiaye", "email": self.person.mail_address, "language": "fr"},
                      persist=True)
            while not self.stop_event.is_set():
                began = time.monotonic()
                self.work()
                pause(self.gap * self.random.uniform(0.5, 1.5) - (time.monotonic() - began))
        except Exception as error:  # shown by Load.end: a defect of the test, or of a reply
            self.error = error

    def work(self):
        if self.cancellable and self.random.random() < 0.3:
            parcel = self.cancellable.pop(0)
            self.wish(f"/v1/parcels/{parcel}/cancel", {"reason": "changed_mind"})
            return
        wish = self.wish("/v1/parcels", PARCEL | {"weight_g": self.random.randint(1, 100_000)})
        if wish.taken:
            self.cancellable.append(parcel_of(wish.taken))
            if self.random.random() < 0.3:
                self.look(wish)

    def wish(self, path, body, persist=False):
        key = str(uuid.UUID(int=self.random.getrandbits(128)))
        wish = Wish(self.person.id, command_id(self.person.id, key), path)
        self.wishes.append(wish)
        for _ in range(400 if persist else self.random.choice((1, 3, 100))):
            self.attempt(wish, path, body, key)
            if wish.taken or self.stop_event.is_set() and not persist:
                break
            pause(self.random.uniform(0.02, 0.2))
        return wish

    def attempt(self, wish, path, body, key):
        try:
            reply = self.person.post(path, body, key)
        except requests.ConnectionError as error:
            wish.replies.append("refused" if "refused" in str(error) else "lost")
            return
        except requests.RequestException:
            wish.replies.append("lost")
            return
        wish.replies.append(reply.status_code)
        assert reply.status_code in (202, 503, 504, 429), f"{path}: {reply.status_code} {reply.text[:300]}"
        if reply.status_code == 202:
            wish.taken = reply.json()
            assert wish.taken["id"] == wish.id, f"{wish.taken['id']} is not {wish.id}"

    def look(self, wish):
        """Reads the verdict, and keeps it: what was shown once must stay true."""
        try:
            reply = self.person.get(wish.taken["status_url"], params={"wait": "1"})
        except requests.RequestException:
            return
        if reply.status_code == 200:
            wish.seen = reply.json()
        else:
            assert reply.status_code in (202, 503), f"verdict: {reply.status_code} {reply.text[:300]}"


class Load:
    """As many senders as asked for, together at about rate commands a second."""

    def __init__(self, bus, seed, people=12, rate=60):
        self.stop = threading.Event()
        self.senders = [Sender(bus, f"{seed}/{number}", people / rate, self.stop) for number in range(people)]

    def begin(self):
        for sender in self.senders:
            sender.start()
        return self

    def end(self):
        """Every wish of everybody, in the order each person made them."""
        self.stop.set()
        for sender in self.senders:
            sender.join(120)
            assert not sender.is_alive(), "a sender still waits for a reply"
            if sender.error:
                raise AssertionError(f"a sender of the load: {sender.error!r}") from sender.error
        return [wish for sender in self.senders for wish in sender.wishes]

    def addresses(self):
        return {sender.person.id: sender.person.mail_address for sender in self.senders}

    @property
    def count(self):
        return sum(wish.is_taken for sender in self.senders for wish in list(sender.wishes))
