"""A stage: one town under one load, the rows that break it one after the other, and one judgement at its end.

In the short version rows of a group share a stage, as a town's coming up and its judgement cost more than most faults;
a finding then names the group, and each of its rows can be run alone with the same seed: its schedule is the same.
"""
import shutil
import threading
import time

from harness import places
from harness.clock import passes
from harness.until import until
from ledger import Ledger, await_rest
from load import Load
from offsets import Offsets
from round import Keeper, Town

LOGS = places.TOP / "var" / "test" / "faults"
MEMORY = 160  # MiB a program of ours may take, whatever happens (the plain build's)


class Memory(threading.Thread):
    """Looks at the resident memory of every program, and keeps the most of each."""

    def __init__(self, bus):
        super().__init__(daemon=True)
        self.bus, self.ending, self.most = bus, threading.Event(), {}

    def run(self):
        while not self.ending.wait(0.25):
            for label, program in list(self.bus.programs.items()):
                self.most[label] = max(self.most.get(label, 0), _resident(program))

    def end(self):
        self.ending.set()
        self.join()

    def findings(self):
        bound = MEMORY if places.build().name == "plain" else float("inf")
        return [("memory", f"{label} took {most:.0f} MiB of {MEMORY}", "broken")
                for label, most in self.most.items() if most > bound]

    def __str__(self):
        return ", ".join(f"{label} {most:.0f}" for label, most in sorted(self.most.items()))


def _resident(program):
    """MiB; 0 where it is not running."""
    try:
        with open(f"/proc/{program.pid}/statm") as statm:
            return int(statm.read().split()[1]) * 4096 / (1 << 20)
    except (OSError, AttributeError, IndexError):
        return 0


class Stage:
    """run() once; rounds then hold what each row did, ledger what was found."""

    def __init__(self, rounds, say):
        self.rounds, self.say, self.ledger, self.times = rounds, say, None, []
        row, seed = rounds[0].row, rounds[0].seed
        self.seed, self.name = seed, row.name if len(rounds) == 1 else row.party
        folder = LOGS / f"{self.name}-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        self.bus = (row.town or Town)(folder)
        self.offsets = Offsets(self.bus)

    def run(self):
        """The ledger after it all, and what the rows themselves found."""
        self.mark = time.monotonic()
        try:
            with self.bus:
                self.offsets.watch()
                keeper, self.memory = Keeper(self.bus), Memory(self.bus)
                keeper.start(), self.memory.start()
                self.past("open")
                try:
                    self.ledger = self._load_and_judge(keeper)
                finally:
                    keeper.end(), self.memory.end()
        except BaseException:
            self.say(f"{self.name}: logs are in {self.bus.folder.relative_to(places.TOP)}")
            raise
        self.past("close")
        if not self.ledger.findings:
            shutil.rmtree(self.bus.folder, ignore_errors=True)
        return self.ledger

    def past(self, what):
        """Notes how long it took."""
        now = time.monotonic()
        self.times.append((what, now - self.mark))
        self.mark = now

    def _load_and_judge(self, keeper):
        load = Load(self.bus, self.seed).begin()
        try:
            until(lambda: load.count > 60 and load.lives > 6, 60, "load")
            self.past("load")
            for round in self.rounds:
                round.bus, round.load, round.keeper = self.bus, load, keeper
                self._row(round)
        finally:
            wishes = load.end()
        self.past("end")
        self.day_passes()
        until(lambda: self._stands_still(keeper, 90 + load.count // 20), 600, "the bus standing still")
        self.past("rest")
        ledger = self._judge(wishes, load)
        self.past("judge")
        return ledger

    def _row(self, round):
        began = time.monotonic()
        round.say(f"{round.row.name}: {round.row.what}, {round.count} times")
        try:
            round.row.run(round)
            round.settle()
        except (AssertionError, OSError, RuntimeError) as error:
            raise AssertionError(f"{round.row.name}: {error}") from error
        round.seconds = time.monotonic() - began
        self.past(round.row.name)

    def day_passes(self):
        """All that waits comes due: pages expire, holds end, deliveries are confirmed, webhooks come again."""
        passes(self.bus, hours=26)
        self.bus.provider.advance(2 * 3600)

    def _stands_still(self, keeper, deadline):
        """At rest, and its relays ended: no timer fires while the judge reads. False where one fired just before."""
        before = self.bus.topics.ends("commands")
        await_rest(self.bus, deadline)
        names = [label for label, program in self.bus.programs.items() if program.name == "relay"]
        relays = {label: keeper.release(label) for label in names}
        for relay in relays.values():
            relay.stop()
        if self.bus.topics.ends("commands") == before:
            return True
        for label, relay in relays.items():
            self.bus.programs[label] = relay.start()
        return False

    def _judge(self, wishes, load):
        ledger = Ledger(self.bus, wishes, load.addresses()).check()
        self.offsets.check(ledger)
        for round in self.rounds:
            if round.row.judge:
                round.row.judge(round, ledger)
        own = [finding for round in self.rounds for finding in round.findings]
        for kind, text, counts in own + self.memory.findings():
            ledger.find(kind, text, counts)
        return ledger

    def summary(self):
        told = ", ".join(f"{what} {seconds:.1f}" for what, seconds in self.times)
        return (f"{self.name}: {self.ledger.summary()}\n{self.name}: seconds: {told}\n"
                f"{self.name}: most MiB: {self.memory}")
