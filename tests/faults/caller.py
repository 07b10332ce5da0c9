"""Who sends commands and remembers every reply: what all of the load stands on."""
import random
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests
from harness.person import command_id, token_of
from harness.until import pause

TOKEN_S = 1800  # half of how long a token holds


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


class Over(Exception):
    """The load ends: whatever was being done stays as it is."""


class Caller(threading.Thread):
    """Who sends commands, one after the other, retries most of what was not taken, and remembers all of it."""

    def __init__(self, seed, gap, stop):
        super().__init__(daemon=True)
        self.random, self.gap, self.stop_event = random.Random(seed), gap, stop
        self.wishes, self.error = [], None
        self.signed = {}  # when each person's token was, by id

    def begin(self):
        """Before the first piece of work."""

    def run(self):
        try:
            self.begin()
            while not self.stop_event.is_set():
                began = time.monotonic()
                self.work()
                pause(self.gap * self.random.uniform(0.5, 1.5) - (time.monotonic() - began))
        except Over:
            pass
        except Exception as error:  # shown by Load.end: a defect of the test, or of a reply
            self.error = error

    def wish(self, person, path, body, persist=False):
        self.sign_again(person)
        key = str(uuid.UUID(int=self.random.getrandbits(128)))
        wish = Wish(person.id, command_id(person.id, key), path)
        self.wishes.append(wish)
        for _ in range(400 if persist else self.random.choice((1, 3, 100))):
            self.attempt(wish, person, body, key)
            if wish.taken or self.stop_event.is_set() and not persist:
                break
            pause(self.random.uniform(0.02, 0.2))
        return wish

    def sign_again(self, person):
        """A long round outlives a token."""
        if time.monotonic() - self.signed.setdefault(person.id, time.monotonic()) > TOKEN_S:
            person.session.headers["Authorization"] = "Bearer " + token_of(person.id)
            self.signed[person.id] = time.monotonic()

    @staticmethod
    def attempt(wish, person, body, key):
        try:
            reply = person.post(wish.path, body, key)
        except requests.ConnectionError as error:
            wish.replies.append("refused" if "refused" in str(error) else "lost")
            return
        except requests.RequestException:
            wish.replies.append("lost")
            return
        wish.replies.append(reply.status_code)
        assert reply.status_code in (202, 503, 504, 429), f"{wish.path}: {reply.status_code} {reply.text[:300]}"
        if reply.status_code == 202:
            wish.taken = reply.json()
            assert wish.taken["id"] == wish.id, f"{wish.taken['id']} is not {wish.id}"

    @staticmethod
    def look(wish, person):
        """Reads the verdict, and keeps it: what was shown once must stay true."""
        try:
            reply = person.get(wish.taken["status_url"], params={"wait": "1"})
        except requests.RequestException:
            return
        if reply.status_code == 200:
            wish.seen = reply.json()
        else:
            assert reply.status_code in (202, 503), f"verdict: {reply.status_code} {reply.text[:300]}"
