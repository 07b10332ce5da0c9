"""Faults under steady load, seeded: each row kills or stops something at random instants, then the ledger is read.

Called by infra/faults and by test_faults.py. The instants come from the seed; what a fault hits at that instant is
the system's own matter, so a seed repeats a schedule, not every interleaving.
"""
import argparse
import os
import pathlib
import random
import secrets
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

from harness import places  # noqa: E402
from harness.bus import ALL, Bus  # noqa: E402
from harness.clock import passes  # noqa: E402
from harness.provider import double, merchant  # noqa: E402
from harness.until import pause, until  # noqa: E402
from ledger import SUMS, Ledger, await_rest  # noqa: E402
from load import Load  # noqa: E402

# A mail cut by a kill is taken up again after the claim's time; its default is for mail servers that are far away.
QUICK = {"notifier": {"COLIS_SMTP_TIMEOUT_MS": "3000", "COLIS_NOTIFIER_CLAIM_MS": "4000"},
         "payments": {"COLIS_FLUTTERWAVE_TIMEOUT_MS": "1000", "COLIS_PAYMENTS_CLAIM_MS": "4000"},
         "ingress": {"COLIS_CODE_RATE": "1000"}}  # travellers of this load hand over all the time
PROGRAMS = (*ALL, "payments")
LOGS = places.TOP / "var" / "test" / "faults"


class Keeper(threading.Thread):
    """Restarts every program of a bus that died, as runit does in infra/run."""

    def __init__(self, bus):
        super().__init__(daemon=True)
        self.bus, self.ending = bus, threading.Event()
        self.restarts, self.lock = 0, threading.Lock()

    def run(self):
        while not self.ending.wait(0.02):
            for program in list(self.bus.programs.values()):
                with self.lock:
                    if not self.ending.is_set() and program.process and program.process.poll() is not None:
                        self.restarts += 1
                        program.start()

    def end(self):
        self.ending.set()
        self.join()


class Town(Bus):
    """A bus with every program and a payment provider of its own, which can be killed at nobody else's cost."""

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

    def close(self, drop=True):
        try:
            super().close(drop)
        finally:
            self.double.kill()


class Round:
    """One bus under load while faults happen to it."""

    def __init__(self, row, seed, kills, say):
        self.row, self.seed, self.kills, self.say = row, seed, kills, say
        self.random = random.Random(f"{seed}/{row}")
        folder = LOGS / f"{row}-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        self.bus = Town(folder)

    def run(self):
        """The ledger after it all."""
        try:
            with self.bus:
                keeper = Keeper(self.bus)
                keeper.start()
                try:
                    ledger = self._load_and_check()
                finally:
                    keeper.end()
        except BaseException:
            self.say(f"{self.row}: logs are in {self.bus.folder.relative_to(places.TOP)}")
            raise
        if not ledger.findings:
            shutil.rmtree(self.bus.folder, ignore_errors=True)
        return ledger

    def _load_and_check(self):
        load = Load(self.bus, self.seed).begin()
        try:
            until(lambda: load.count > 60 and load.lives > 6, 60, "load")
            FAULTS[self.row](self)
            self.settle(load)
        finally:
            wishes = load.end()
        self.calm()
        self.day_passes()
        await_rest(self.bus)
        return Ledger(self.bus, wishes, load.addresses()).check()

    def settle(self, load):
        """After the last fault commands are taken again, and some time under load passes."""
        reached = load.count + 40
        until(lambda: load.count >= reached, 60, "commands are taken again after the last fault", every=0.05)

    def calm(self):
        for program in self.bus.programs.values():
            until(program.ready, 60, f"{program.name} ready after the faults; log: {program.log}", every=0.05)

    def day_passes(self):
        """All that waits comes due: pages expire, holds end, deliveries are confirmed, webhooks come again."""
        passes(self.bus, hours=26)
        self.bus.provider.advance(2 * 3600)

    def moment(self, least=0.1, most=1.5):
        pause(self.random.uniform(least, most))

    # --- what a row does ---

    def program_kill(self, name, times=1):
        for number in range(self.kills * times):
            self.moment()
            program = self.bus.programs[name]
            until(lambda: program.alive, 10, f"{name} alive")
            self.say(f"  kill -9 {name} {number + 1}/{self.kills * times}")
            os.kill(program.pid, signal.SIGKILL)
            pause(0.05)
            if self.random.random() < 0.7:  # else: while it still comes up
                until(program.ready, 60, f"{name} ready again", every=0.02)

    def server_kill(self, name):
        for number in range(self.kills):
            self.moment(0.3, 2.0)
            pid = places.service_pid(name)
            self.say(f"  kill -9 {name} {number + 1}/{self.kills}")
            os.kill(pid, signal.SIGKILL)
            until(lambda: service_new(name, pid) and places.server_ready(name), 60, f"{name} back", every=0.05)

    def broker_freeze(self):
        """The broker stops for longer than a delivery may take: what it finds in its sockets it stores later."""
        for _ in range(self.kills):
            self.moment(0.3, 2.0)
            seconds = self.random.uniform(1, 8)
            self.say(f"  SIGSTOP kafka for {seconds:.1f} s")
            freeze(places.service_pid("kafka"), seconds)

    def provider_kill(self):
        """The payment provider dies; it keeps what it did."""
        for number in range(self.kills):
            self.moment()
            self.say(f"  kill -9 the provider {number + 1}/{self.kills}")
            self.bus.double.kill()
            self.moment(0.1, 2)
            self.bus.double.start()

    def rebalance(self):
        """A second and a third projector come, die, stop for a while and leave."""
        self.bus.add("projector", 2).await_ready()
        for number in range(self.kills):
            victim = self.bus.programs[self.random.choice(("projector", "projector-2"))]
            what = self.random.choice(("kill", "freeze", "term"))
            self.say(f"  {what} of one of two projectors {number + 1}/{self.kills}")
            if what == "kill":
                os.kill(victim.pid, signal.SIGKILL)
            elif what == "term":
                os.kill(victim.pid, signal.SIGTERM)
            else:
                freeze(victim.pid, self.random.uniform(7, 9))  # past the session's six seconds
            self.moment(0.5, 3)

    def relay_freeze(self):
        """A relay stopped until another holds its lock, then let go: it must not publish what the other did."""
        self.bus.add("relay", 2).await_ready()
        for number in range(self.kills):
            self.moment()
            holder = self.relay_holder()
            self.say(f"  SIGSTOP {holder} until its lock is taken {number + 1}/{self.kills}")
            pid = self.bus.programs[holder].pid
            os.kill(pid, signal.SIGSTOP)
            try:
                until(lambda: self.relay_holder() not in (None, holder), 40, "the other relay holds the lock",
                      every=0.05)
                self.moment(0.2, 1)
            finally:
                os.kill(pid, signal.SIGCONT)

    def relay_holder(self):
        """Label of the relay whose PostgreSQL session holds the advisory lock; sockets tell whose session it is."""
        ports = self.bus.rows("select a.client_port from pg_locks l join pg_stat_activity a using (pid) "
                              "where l.locktype = 'advisory' and l.granted and a.datname = current_database()")
        for label, program in self.bus.programs.items():
            if label.startswith("relay") and program.alive and sockets(program.pid) & {port for port, in ports}:
                return label
        return None

    def everything(self):
        """Any program, any instant, several at once."""
        for number in range(self.kills * 2):
            self.moment(0.1, 1)
            for name in self.random.sample(PROGRAMS, self.random.randint(1, 3)):
                program = self.bus.programs[name]
                if program.alive:
                    self.say(f"  kill -9 {name} {number + 1}/{self.kills * 2}")
                    os.kill(program.pid, signal.SIGKILL)


def service_new(name, old):
    try:
        return places.service_pid(name) != old
    except (OSError, ValueError):
        return False


def freeze(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    pause(seconds)
    os.kill(pid, signal.SIGCONT)


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


PROGRAM_ROWS = ("ingress", "projector", "relay", "history", "notifier", "query", "payments", "webhooks")
SERVER_ROWS = ("kafka", "postgres", "mongo", "smtp", "frozen-kafka")


def killing(how, name):
    return lambda round: how(round, name)


FAULTS = {name: killing(Round.program_kill, name) for name in PROGRAM_ROWS}
FAULTS |= {"rebalance": Round.rebalance, "frozen-relay": Round.relay_freeze, "everything": Round.everything,
           "provider": Round.provider_kill}
FAULTS |= {name: killing(Round.server_kill, name) for name in SERVER_ROWS}
FAULTS["frozen-kafka"] = Round.broker_freeze
# What moves money is seldom at it: it is hit more often.
FAULTS["payments"] = lambda round: round.program_kill("payments", 3)


def row_run(row, seed, kills, say=print):
    """Runs one row; prints its findings; the ledger."""
    began = time.monotonic()
    say(f"{row}: seed {seed}, {kills} faults")
    ledger = Round(row, seed, kills, say).run()
    for kind, text in ledger.findings[:20]:
        say(f"  {kind}: {text}")
    sums = ledger.counts()
    say(f"{row}: {ledger.summary()}, {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{name} {count}" for name, count in sums.items()))
    return ledger


def arguments_read():
    parser = argparse.ArgumentParser(prog="infra/faults", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31), help="repeats a schedule")
    parser.add_argument("--kills", type=int, default=3, help="faults a row (default: 3)")
    parser.add_argument("--minutes", type=float, default=0, help="goes round, with the next seed, for so long")
    parser.add_argument("--only", choices=FAULTS, action="append", metavar="ROW",
                        help=f"may be given again: {' '.join(FAULTS)}")
    return parser.parse_args()


def main():
    arguments = arguments_read()
    rows, seed = arguments.only or list(FAULTS), arguments.seed
    print(f"seed {seed}", flush=True)
    end = time.monotonic() + arguments.minutes * 60
    sums, broken = dict.fromkeys(SUMS, 0), 0
    while True:
        for row in rows:
            try:
                for name, count in row_run(row, seed, arguments.kills, say).counts().items():
                    sums[name] += count
            except (AssertionError, RuntimeError, OSError) as error:
                broken += 1
                say(f"{row}: did not come to its end: {error}"[:2000])
        seed += 1
        if time.monotonic() > end:
            break
    if broken:
        say(f"{broken} rows did not come to their end")
    say(", ".join(f"{name} {count}" for name, count in sums.items()))
    return 1 if broken or any(sums.values()) else 0


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
