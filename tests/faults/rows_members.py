"""Rows where readers of one group, or holders of one lock, come, stop and go."""
import os
import signal
import time

from harness.until import pause, until
from round import PROGRAMS, freeze, sockets
from row import Row

STORM = 8  # projectors at most: as many as the topic of commands has partitions for
PAST_SESSION = 7, 9  # seconds: longer than the six after which the broker gives a reader's partitions to another


def second(bus, name):
    """Another program of the kind, ready."""
    if f"{name}-2" not in bus.programs:
        bus.add(name, 2)
    bus.programs[f"{name}-2"].await_ready()


def rebalance(round):
    """A second projector comes; one of the two dies, stops for a while or leaves."""
    second(round.bus, "projector")
    for number in round.faults():
        victim = round.random.choice(("projector", "projector-2"))
        what, seconds = round.random.choice(("kill", "freeze", "term")), round.random.uniform(*PAST_SESSION)
        round.note(f"{what} of one of two projectors", number)
        if what == "kill":
            round.keeper.signal(victim, signal.SIGKILL)
        elif what == "term":
            round.keeper.signal(victim, signal.SIGTERM)
        else:
            round.keeper.signal(victim, signal.SIGSTOP)
            pause(seconds)
            round.keeper.signal(victim, signal.SIGCONT)
        if round.random.random() < 0.5 or number == round.count:  # else: the next one while partitions move
            round.resumed(time.monotonic())
        round.moment(0.5, 3)


def storm(round):
    """One to eight projectors: every two seconds some join, leave or die."""
    for number in round.faults():
        wanted, dies = round.random.randint(1, STORM), round.random.random() < 0.5
        round.note(f"{wanted} projectors, those too many {'die' if dies else 'leave'}", number)
        since = time.monotonic()
        for instance in range(2, STORM + 1):
            member_set(round, instance, instance <= wanted, dies)
        until(lambda: time.monotonic() - since > 2, 10, "two seconds", every=0.05)
    for instance in range(2, STORM + 1):
        member_set(round, instance, False, False)
    round.resumed(time.monotonic())


def member_set(round, instance, is_wanted, dies):
    """Adds it or takes it away; one that is no longer listed is not started again.

    Every other one has a name in the group: its partitions wait for it, or for its session to end. The others leave at
    once, and each of their comings and goings moves everybody's partitions.
    """
    label = f"projector-{instance}"
    if is_wanted and label not in round.bus.programs:
        round.bus.add("projector", instance, **({} if instance % 2 else {"COLIS_INSTANCE": ""}))
    elif not is_wanted and label in round.bus.programs:
        member = round.keeper.release(label)
        member.kill() if dies else member.stop()


def relay_freeze(round):
    """A relay stopped until another holds its lock, then let go: it must not publish what the other did."""
    second(round.bus, "relay")
    for number in round.faults():
        round.moment()
        holder = until(lambda: relay_holder(round.bus), 40, "a relay holds the lock", every=0.05)
        round.note(f"SIGSTOP {holder} until its lock is taken", number)
        pid, since = round.bus.programs[holder].pid, time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: relay_holder(round.bus) not in (None, holder), 40, "the other relay holds the lock",
                  every=0.05)
            round.recovered(time.monotonic() - since)
            round.moment(0.2, 1)
        finally:
            os.kill(pid, signal.SIGCONT)


def relay_holder(bus):
    """Label of the relay whose PostgreSQL session holds the advisory lock; sockets tell whose session it is."""
    ports = bus.rows("select a.client_port from pg_locks l join pg_stat_activity a using (pid) "
                     "where l.locktype = 'advisory' and l.granted and a.datname = current_database()")
    for label, program in bus.programs.items():
        if label.startswith("relay") and program.alive and sockets(program.pid) & {port for port, in ports}:
            return label
    return None


def programs_freeze(round):
    """SIGSTOP of programs, all of them once before any is twice: half of them at a time, or (long) each by itself."""
    many = 1 if round.is_long else len(PROGRAMS) // 2
    waiting = []
    for number in round.faults():
        if not waiting:
            waiting = round.random.sample(PROGRAMS, len(PROGRAMS))
        victims, waiting = waiting[:many], waiting[many:]
        seconds = 30 if round.is_long else round.random.uniform(*PAST_SESSION)
        round.note(f"SIGSTOP {', '.join(victims)} for {seconds:.1f} s", number)
        pids = [round.bus.programs[name].pid for name in victims]
        for pid in pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        try:
            freeze(pids[0], seconds)
        finally:
            for pid in pids[1:]:
                os.kill(pid, signal.SIGCONT)
        round.resumed(time.monotonic())


ROWS = (Row("rebalance", 13, "one of two projectors is killed, stopped past its session, or ended", rebalance,
            group="members"),
        Row("storm", 13, "one to eight projectors: every two seconds some join, leave or die", storm, short=5, long=900,
            group="members"),
        Row("frozen-programs", 13, "SIGSTOP of programs past their session (long: 30 s)", programs_freeze, short=2,
            group="members", long=64),
        Row("frozen-relay", 1, "a relay stopped until another holds its lock, then let go", relay_freeze, short=2,
            group="members"))
