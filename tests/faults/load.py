"""Steady load with a memory: senders of parcels nobody carries, and couples who live whole lives (lives.py)."""
import threading

import requests
from caller import Caller
from harness.clock import passes
from harness.person import PARCEL, parcel_of
from harness.until import until
from lives import Couple


class Sender(Caller):
    """One person: a profile, then parcels, some of them cancelled."""

    def __init__(self, bus, seed, gap, stop):
        super().__init__(seed, gap, stop)
        self.person, self.cancellable = bus.person(), []
        self.person.session.headers["Connection"] = "keep-alive"

    def addresses(self):
        return [self.person.mail_address]

    def begin(self):
        self.wish(self.person, "/v1/me/profile",
                  {"name": "Awa Ndiaye", "email": self.person.mail_address, "language": "fr"}, persist=True)

    def work(self):
        if self.cancellable and self.random.random() < 0.3:
            parcel = self.cancellable.pop(0)
            self.wish(self.person, f"/v1/parcels/{parcel}/cancel", {"reason": "changed_mind"})
            return
        wish = self.wish(self.person, "/v1/parcels", PARCEL | {"weight_g": self.random.randint(1, 40_000)})
        if wish.taken:
            self.cancellable.append(parcel_of(wish.taken))
            if self.random.random() < 0.3:
                self.look(wish, self.person)


class Prober(Caller):
    """Asks only when told to, whether commands are decided again."""

    def __init__(self, bus, seed, stop):
        super().__init__(seed, 0, stop)
        self.person = bus.person()

    def run(self):
        """Nothing by itself."""

    def addresses(self):
        return [self.person.mail_address]

    def decided(self, shown=False, deadline=120):
        """Until a command asked now is decided, and shown: in the history, too."""
        wish = until(self.taken, deadline, "a command is taken again", every=0.05)

        def look():
            self.look(wish, self.person)
            return wish.seen
        until(look, deadline, "a command is decided again", every=0.02)
        if shown:
            until(lambda: self.is_shown(parcel_of(wish.taken)), deadline, "the history has it", every=0.02)

    def taken(self):
        wish = self.wish(self.person, "/v1/parcels", PARCEL)
        return wish if wish.taken else None

    def is_shown(self, parcel):
        try:
            reply = self.person.get(f"/v1/parcels/{parcel}/history")
        except requests.RequestException:
            return False
        return reply.status_code == 200 and bool(reply.json()["items"])


class Load:
    """Senders at about rate commands a second together, and couples, each at its own pace."""

    def __init__(self, bus, seed, people=6, rate=18, couples=6):
        self.bus, self.stop = bus, threading.Event()
        self.senders = [Sender(bus, f"{seed}/{number}", people / rate, self.stop) for number in range(people)]
        self.couples = [Couple(bus, f"{seed}/couple/{number}", self.stop) for number in range(couples)]
        self.prober = Prober(bus, f"{seed}/prober", self.stop)
        self.others = []  # addresses of people that a row made for itself

    @property
    def callers(self):
        return [*self.senders, *self.couples, self.prober]

    def begin(self):
        """The couples are known, and a day older, before anything happens: nobody's first payout has to wait."""
        for couple in self.couples:
            couple.meet()
        passes(self.bus, hours=25)
        for caller in self.callers:
            caller.start()
        return self

    def end(self):
        """Every wish of everybody, in the order each person made them."""
        self.stop.set()
        for caller in self.callers:
            caller.join(120)
            assert not caller.is_alive(), "one of the load still waits for a reply"
            if caller.error:
                raise AssertionError(f"one of the load: {caller.error!r}") from caller.error
        return [wish for caller in self.callers for wish in caller.wishes]

    def addresses(self):
        """Every address there may be mail for."""
        return [address for caller in self.callers for address in caller.addresses()] + self.others

    @property
    def count(self):
        return sum(wish.is_taken for caller in self.callers for wish in list(caller.wishes))

    @property
    def lives(self):
        return sum(couple.lives for couple in self.couples)
