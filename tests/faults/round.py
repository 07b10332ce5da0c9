"""The town that faults happen to, who restarts its programs, and what a row works with."""
import os
import pathlib
import random
import signal
import threading
import time
import uuid

import psycopg
from harness import places
from harness.bus import ALL, Bus
from harness.person import Person
from harness.provider import double, merchant
from harness.until import pause, until

# A mail cut by a kill is taken up again after the claim's time; its default is for mail servers that are far away.
QUICK = {"notifier": {"COLIS_SMTP_TIMEOUT_MS": "3000", "COLIS_NOTIFIER_CLAIM_MS": "4000"},
         "payments": {"COLIS_FLUTTERWAVE_TIMEOUT_MS": "1000", "COLIS_PAYMENTS_CLAIM_MS": "4000"},
         "ingress": {"COLIS_CODE_RATE": "1000"}}  # travellers of this load hand over all the time
PROGRAMS = (*ALL, "payments")


class Keeper(threading.Thread):
    """Restarts every program of a bus that died, as runit does in infra/run."""

    def __init__(self, bus):
        super().__init__(daemon=True)
        self.bus, self.ending = bus, threading.Event()
        self.restarts, self.lock = 0, threading.Lock()

    def run(self):
        while not self.ending.wait(0.02):
            for label in list(self.bus.programs):
                with self.lock:
                    program = self.bus.programs.get(label)
                    if not self.ending.is_set() and program and program.process and not program.alive:
                        self.restarts += 1
                        program.start()

    def release(self, label):
        """The program, the caller's from now on: it is not started again."""
        with self.lock:
            return self.bus.programs.pop(label)

    def signal(self, label, number):
        """Sends it once the program is alive, and before anybody else finds it dead; the pid it went to."""
        def sent():
            with self.lock:
                program = self.bus.programs[label]
                if not program.alive:
                    return None
                program.signal(number)
                return program.pid
        return until(sent, 10, f"{label} alive")

    def end(self):
        self.ending.set()
        self.join()


class Customer(Person):
    """Asks again, with the same key, while a command is not taken or nobody knows: its copies are one command."""

    def send(self, path, body, key=None):
        key = key or str(uuid.uuid4())

        def taken():
            reply = self.post(path, body, key)
            assert reply.status_code in (202, 503, 504), f"{path}: {reply.status_code} {reply.text[:500]}"
            return reply.json() if reply.status_code == 202 else None
        return until(taken, 30, f"{path} taken")


class Town(Bus):
    """A bus with every program and a payment provider of its own, which can be killed at nobody else's cost."""

    PATIENT = {}  # what a fault does to clients is judged with the settings people get

    def __init__(self, folder):
        super().__init__(folder, PROGRAMS, QUICK)
        self.double = double().Process(self.folder)

    @property
    def provider(self):
        if self._provider is None:
            self._provider = merchant(self.url("webhooks"), self.double.url, transfer_seconds=1,
                                      webhook_version="mixed", v3_shape="mixed")
        return self._provider

    def settings(self, name, instance=1):
        told = super().settings(name, instance)
        return told | {"COLIS_FLUTTERWAVE_URL": self.double.url} if name == "payments" else told

    def open(self):
        self.double.start()
        return super().open()

    def add(self, name, instance=1, **settings):
        """Servers that another row has just killed, or that are busy with its leavings, may take their time."""
        program = super().add(name, instance, **settings)
        program.ready_deadline = 60
        return program

    def person(self, **claims):
        return Customer(self.url("ingress"), self.url("query"), **claims)

    def rows(self, query, *values):
        """Asked again where the server ended the session: faults do that."""
        try:
            return super().rows(query, *values)
        except psycopg.OperationalError:
            self._database.close()
            return super().rows(query, *values)

    def close(self, drop=True):
        try:
            super().close(drop)
        finally:
            self.double.kill()


class Round:
    """What a row works with: the town, the load, its own seeded chance, and where it says what it did."""

    is_long = False  # faults last as long as the matrix asks for

    def __init__(self, row, seed, count, say):
        self.row, self.seed, self.count, self.say = row, seed, count, say
        self.random = random.Random(f"{seed}/{row.name}")
        self.injected, self.recoveries, self.findings = 0, [], []
        self.killed = {}  # pid by name
        self.bus = self.load = self.keeper = None  # set by the stage
        self.seconds, self.kept = 0.0, {}  # kept: what run() leaves for judge()

    def moment(self, least=0.1, most=1.5):
        """A random instant later."""
        pause(self.random.uniform(least, most))

    def faults(self, times=1):
        """The number of each fault, from 1: count of them, times as many for what is seldom at it."""
        for number in range(1, self.count * times + 1):
            self.injected += 1
            yield number

    def note(self, what, number, times=1):
        """Says which fault it is."""
        self.say(f"  {what} {number}/{self.count * times}")

    def recovered(self, seconds):
        """How long a fault was felt: from its instant (or its end, where it lasts) until what it hit works again."""
        self.recoveries.append(seconds)

    def resumed(self, since, shown=False):
        """Waits until a command asked from now on is decided (and shown in the history); notes the time since."""
        self.load.prober.decided(shown)
        self.recovered(time.monotonic() - since)

    def find(self, kind, text, counts="broken"):
        """A finding of the row's own; counts: lost, doubled, misordered or broken."""
        self.findings.append((kind, text, counts))

    def kill(self, name):
        """kill -9 of a program, by its label; the Keeper starts it again. When it happened."""
        self.killed[name] = self.keeper.signal(name, signal.SIGKILL)
        return time.monotonic()

    def ready_again(self, name, since):
        """Waits until it is ready, as another process than the one that was killed, and notes how long that took."""
        program = self.bus.programs[name]
        until(lambda: program.pid != self.killed.get(name) and program.ready(), 60, f"{name} ready again", every=0.02)
        self.recovered(time.monotonic() - since)

    def settle(self):
        """After the last fault commands are taken again, every program is ready, and some time under load passes."""
        reached = self.load.count + 40
        until(lambda: self.load.count >= reached, 60, "commands are taken again after the last fault", every=0.05)
        for program in self.bus.programs.values():
            until(program.ready, 60, f"{program.name} ready after the faults; log: {program.log}", every=0.05)


def freeze(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    pause(seconds)
    os.kill(pid, signal.SIGCONT)


def service_new(name, old):
    """Whether a server of infra/run runs as another process than it did."""
    try:
        return places.service_pid(name) != old
    except (OSError, ValueError):
        return False


def sockets(pid):
    """Local ports of the process's TCP sockets."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    lines = pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes}
