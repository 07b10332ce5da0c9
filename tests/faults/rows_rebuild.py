"""A row that rebuilds the projection beside the load: rebuilds are killed half-way, and the next one puts all right.

Damage is done to what nobody uses any more, so that no decision stands on it: parcels of the row's own, cancelled, a
trip far ahead, and journals that nobody reads. A reader looks at what is whole the whole time.
"""
import os
import signal
import subprocess
import threading
import time
import uuid

import requests
from harness import places
from harness.journey import at, known, must
from harness.person import PARCEL
from harness.program import KEPT
from harness.until import pause, until
from row import Row

SAME = 0
TABLES = ("state.parcel", "state.trip", "state.profile")


class Reader(threading.Thread):
    """Reads one parcel again and again: a switch must never show its absence, nor let anybody wait for long."""

    def __init__(self, person, parcel):
        super().__init__(daemon=True)
        self.person, self.parcel, self.over = person, parcel, threading.Event()
        self.reads, self.outages, self.longest = 0, [], 0.0

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                status = self.person.get(f"/v1/parcels/{self.parcel}").status_code
            except requests.RequestException as error:
                status = str(error)
            self.longest = max(self.longest, time.monotonic() - began)
            self.reads += 1
            if status != 200:
                self.outages.append(status)
            pause(0.01)

    def end(self):
        self.over.set()
        self.join()


class Quiet:
    """What is damaged: of people who say nothing more."""

    def __init__(self, bus, load):
        self.bus = bus
        self.sender, traveller = known(bus, account=False), known(bus)
        load.others += [self.sender.mail_address, traveller.mail_address]
        parcels = [self.sender.registered() for _ in range(4)]
        for parcel in parcels[:3]:
            must(self.sender, f"/v1/parcels/{parcel}/cancel", {"reason": "changed_mind"})
        *self.parcels, self.whole = parcels
        self.trip = must(traveller, "/v1/trips", {
            "origin": PARCEL["origin"], "destination": PARCEL["destination"], "departs": at(400), "arrives": at(410),
            "drop_off_until": at(390), "capacity_g": 10_000, "price_per_kg": 5000, "currency": "XOF"})
        self.people = [self.sender.id, traveller.id]
        self.before = self.rows()

    def rows(self):
        """Every row of theirs as text, and the timer of the trip."""
        ids = [*self.parcels, self.whole, self.trip, *self.people]
        found = [self.bus.rows(f"select t::text from {table} t where id = any(%s) order by id", ids)
                 for table in TABLES]
        return found + [self.bus.rows("select event::text, due, key, value from bus.outbox where due is not null and "
                                      "aggregate = %s", f"trip/{self.trip}")]

    def damage(self, random):
        """One to five things are put wrong."""
        gone, other, third = self.parcels
        ways = (("delete from state.parcel where id = %s", gone),
                ("update state.parcel set weight_g = weight_g + 1, category = 'food' where id = %s", other),
                ("update state.parcel set version = version + 7, photos = '[1]' where id = %s", third),
                ("update state.trip set reserved_g = 12 where id = %s", self.trip),
                ("delete from bus.outbox_command where aggregate = %s", f"trip/{self.trip}"),
                (f"insert into bus.ledger select '{uuid.UUID(int=random.getrandbits(128))}', line, booking, payment, "
                 "account, currency, amount, at from bus.ledger where journal = (select journal from bus.ledger "
                 "where %s <> '' order by journal limit 1)", "any"))
        for statement, value in random.sample(ways, random.randint(1, 5)):
            self.bus.rows(statement, value)


def started(bus, *flags):
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.Popen([places.binary("projector"), "--rebuild", *flags], env=kept | bus.settings("projector"),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(round, *flags):
    """Seconds that a rebuild took which was let be."""
    began = time.monotonic()
    program = started(round.bus, *flags)
    printed, _ = program.communicate(timeout=300)
    if program.returncode != SAME:
        round.find("inconsistent-projection", f"rebuild {' '.join(flags)}: {program.returncode}: {printed[-1500:]}")
    return time.monotonic() - began


def rebuild(round):
    """Each time: damage, a rebuild killed at a random instant of its life, another let be: all is as it was."""
    quiet = Quiet(round.bus, round.load)
    reader = Reader(quiet.sender, quiet.whole)
    until(lambda: round.bus.value("select count(*) from bus.ledger"), 60, "a journal")
    reader.start()
    usual = finished(round, "--switch")  # the load's people were made older than their facts
    for number in round.faults():
        quiet.damage(round.random)
        round.note("kill -9 of a rebuild, then a whole one,", number)
        program = started(round.bus, "--switch")
        pause(round.random.uniform(0, 1.2 * usual))
        program.send_signal(signal.SIGKILL)
        program.communicate()
        usual = finished(round, "--switch")
        round.recovered(usual)
        if quiet.rows() != quiet.before:
            round.find("inconsistent-projection", f"fault {number}: rows are not as they were: {quiet.rows()}")
    finished(round)
    reader.end()
    round.say(f"  {reader.reads} reads meanwhile, the longest {reader.longest * 1000:.0f} ms")
    for outage in reader.outages[:3]:
        round.find("read-outage", f"GET of a whole parcel beside a rebuild: {outage}")


ROWS = (Row("rebuild", 19, "rebuild of the projection beside the load, killed half-way, and again", rebuild, short=3,
            long=100),)
