"""Rows that kill a program at a named instant (shared/base/fail.h): between two writes that cannot be one.

The programs are those of tests/faults/meson.build. Each has a list of points to die at, in an order of the seed; each
life of it dies when it passes its point for the n-th time, n by chance, and the next life has the next point. All
programs do so at once, under the load: what one leaves half done the others meet.
"""
import collections
import os
import random
import signal
import subprocess
import time

from harness import places
from harness.mail import mails
from harness.program import Program
from harness.until import PATIENCE, until
from round import Town
from row import Row

# A point, and how often it is passed at most before the program dies there.
POINTS = {
    "projector": {"projector-decided": 30, "sent-commit": 30, "projector-committed": 30},
    "relay": {"relay-acknowledged": 15, "relay-committed": 15, "sent-relay_move": 15, "relay-settled": 15,
              "relay-due-acknowledged": 3, "sent-relay_sent": 3, "relay-found": 1},
    "history": {"history-appended": 15, "history-placed": 15},
    "notifier": {"notifier-claimed": 12, "notifier-sent": 12, "sent-queue_record": 12, "notifier-recorded": 12,
                 "sent-commit": 10, "notifier-committed": 10},
    "payments": {"payments-claimed-create": 2, "payments-page-made": 2, "payments-acted-create": 2,
                 "payments-claimed-claim": 1, "payments-acted-claim": 1, "payments-claimed-send": 1,
                 "payments-sent-refund": 1, "payments-sent-payout": 1, "payments-acted-send": 1,
                 "payments-acted-watch": 1, "payments-claimed-verify": 2, "payments-acted-verify": 2,
                 "payments-told": 5, "sent-task_claim": 40, "sent-task_record": 5, "sent-commit": 3,
                 "payments-committed": 3},
    "ingress": {"ingress-handed": 30, "ingress-stored": 30},
    "webhooks": {"webhooks-handed": 3, "webhooks-stored": 3},
}
# A point that is passed with something in hand only where another was died at just before.
AFTER = {"relay-found": "relay-committed"}
REDRIVE = {"redrive-found": False, "redrive-marked": True, "sent-rows_mark": None}  # whether the mark is then there
DRAINING = {"projector-released": 1, "projector-drained": 1}
PASSED = 90  # seconds for a point to be passed
# A mail was sent and nobody knows; also where the other thread died.
RESENT = ("notifier-sent", "sent-queue_record", "sent-commit", "notifier-committed")


class Victim(Program):
    """A program with fail points: who starts it again starts it with its next one."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.binary = places.build() / "tests" / "faults" / f"colis-{self.name}"
        self.pending, self.deaths, self.since = collections.deque(), collections.Counter(), 0

    def start(self):
        armed = self.settings.pop("COLIS_FAIL_POINT", None)
        if armed and self.process and self.process.poll() == -signal.SIGKILL:
            self.deaths[armed.partition(":")[0]] += 1
            self.pending.popleft()
        if self.pending:
            self.settings["COLIS_FAIL_POINT"] = "{}:{}".format(*self.pending[0])
        self.since = time.monotonic()
        return super().start()

    def again(self):
        """An orderly end; the Keeper starts it with what is to be done now."""
        self.signal(signal.SIGTERM)
        self.since = time.monotonic()


class PointTown(Town):
    """Every program that has points is of those that have them."""

    def program(self, name, *arguments):
        return Victim(name, *arguments) if name in POINTS else super().program(name, *arguments)


def pending_of(points, count, chance):
    """Each point count times, in an order by chance, with the passing to die at."""
    order = [point for point in points for _ in range(count)]
    chance.shuffle(order)
    named = [one for point in order for one in (AFTER.get(point), point) if one]
    return collections.deque((point, chance.randint(1, points[point])) for point in named)


def points_kill(round, programs=tuple(POINTS)):
    victims = [round.bus.programs[name] for name in programs]
    for victim in victims:
        chance = random.Random(f"{round.seed}/{victim.name}")
        victim.pending.extend(pending_of(POINTS[victim.name], round.count, chance))
        victim.again()
    deaths_await(round, victims)


def deaths_await(round, victims):
    """Until each has died at all of its points; one that is not passed in time is a finding, and left out."""
    def over():
        for victim in victims:
            if victim.pending and time.monotonic() - victim.since > PASSED * PATIENCE:
                point, _ = victim.pending.popleft()
                round.find("unreached", f"{victim.name} did not pass {point} in {PASSED * PATIENCE:.0f} s")
                victim.again()
        return not any(victim.pending for victim in victims)
    try:
        until(over, 60 + PASSED * sum(len(victim.pending) for victim in victims), "deaths at every point", every=0.05)
    finally:
        for victim in victims:
            round.injected += victim.deaths.total()
            round.say(f"  {victim.name} died at " + ", ".join(f"{point} {n}" for point, n in victim.deaths.items()))


def mails_judge(round, _):
    """A mail is sent again only where the notifier died between the mail server's answer and its record of it."""
    notifier = round.bus.programs["notifier"]
    sent = collections.Counter(mail["X-Colis-Notification"] for address in round.load.addresses()
                               for mail in mails(address))
    extra, deaths = sent.total() - len(sent), sum(notifier.deaths[point] for point in RESENT)
    round.say(f"  {extra} mails of {len(sent)} came again; {deaths} deaths may have had one each")
    if extra > deaths:
        round.find("duplicate", f"{extra} mails came again, of {deaths} deaths after a mail", counts="doubled")


# --- what operators do ---

CURSE = """
    create function state.curse() returns trigger language plpgsql as
        $$ begin if new.sender = '{person}' then raise exception 'cursed parcel'; end if; return new; end $$;
    create trigger curse before insert or update on state.parcel for each row execute function state.curse()"""
LIFT = "drop trigger curse on state.parcel; drop function state.curse()"


def redrive(bus, *arguments, point=None):
    """colis-redrive with fail points; its exit code."""
    told = bus.settings("redrive") | {"PATH": os.environ["PATH"]}
    if point:
        told["COLIS_FAIL_POINT"] = f"{point}:1"
    return subprocess.run([places.build() / "tests" / "faults" / "colis-redrive", *arguments], env=told,
                          capture_output=True, timeout=30).returncode


def redrive_kill(round):
    """Commands are parked; colis-redrive dies while it releases them, and the projector while it drains them."""
    bus, projector = round.bus, round.bus.programs["projector"]
    for number in round.faults():
        for point, marked in REDRIVE.items():
            person = bus.person()
            parked = parked_make(bus, person)
            dying = round.random.choice(list(DRAINING))
            round.note(f"kill -9 of redrive at {point}, of the projector at {dying}", number)
            projector.pending.append((dying, DRAINING[dying]))
            projector.again()
            until(lambda: "COLIS_FAIL_POINT" in projector.settings and projector.ready(), 60, "armed", every=0.02)
            code = redrive(bus, "release", person.id, point=point)
            if code != -signal.SIGKILL:
                round.find("unreached", f"redrive did not pass {point}: {code}")
            drained_judge(round, person, parked, marked)
        until(lambda: not projector.pending, PASSED, "the projector died", every=0.05)


def parked_make(bus, person):
    """A command that cannot be stored, and one behind it."""
    bus.rows(CURSE.format(person=person.id))
    parked = [person.register(), person.register()]
    for taken in parked:
        until(lambda: bus.value("select kind from bus.parked where id = %s", taken["id"]), 30, "parked", every=0.05)
    bus.rows(LIFT)
    return parked


def drained_judge(round, person, parked, marked):
    """What was marked is decided, in its order; what was not stays, and is released once more."""
    def stays():
        return round.bus.value("select count(distinct id) from bus.parked where key = %s", person.id)
    if marked is False and stays() != len(parked):
        round.find("aborted-read", f"commands of {person.id} were released, though redrive died before", "doubled")
    if not marked and stays():
        redrive(round.bus, "release", person.id)
    verdicts = [person.verdict(taken, 60) for taken in parked]
    if [verdict["state"] for verdict in verdicts] != ["accepted", "accepted"]:
        round.find("lost-write", f"released commands of {person.id} became {verdicts}", "lost")
    elif verdicts[0]["decided_at"] > verdicts[1]["decided_at"]:
        round.find("nonmonotonic-send", f"released commands of {person.id} were decided in another order", "misordered")


ROWS = (Row("points", 2, "kill -9 between each pair of writes that cannot be one, by name", points_kill, short=2,
            long=100, town=PointTown, judge=mails_judge),
        Row("points-redrive", 2, "kill -9 of redrive and of the projector while parked commands are released",
            redrive_kill, short=1, long=100, town=PointTown))
