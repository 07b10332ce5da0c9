"""Rows where readers of one group, or holders of one lock, come, stop and go."""
import os
import signal

from harness.until import until
from round import freeze, sockets
from row import Row


def rebalance(round):
    """A second projector comes; one of the two dies, stops for a while or leaves."""
    round.bus.add("projector", 2).await_ready()
    for number in round.faults():
        victim = round.bus.programs[round.random.choice(("projector", "projector-2"))]
        what = round.random.choice(("kill", "freeze", "term"))
        round.note(f"{what} of one of two projectors", number)
        if what == "kill":
            os.kill(victim.pid, signal.SIGKILL)
        elif what == "term":
            os.kill(victim.pid, signal.SIGTERM)
        else:
            freeze(victim.pid, round.random.uniform(7, 9))  # past the session's six seconds
        round.moment(0.5, 3)


def relay_freeze(round):
    """A relay stopped until another holds its lock, then let go: it must not publish what the other did."""
    round.bus.add("relay", 2).await_ready()
    for number in round.faults():
        round.moment()
        holder = relay_holder(round.bus)
        round.note(f"SIGSTOP {holder} until its lock is taken", number)
        pid = round.bus.programs[holder].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: relay_holder(round.bus) not in (None, holder), 40, "the other relay holds the lock",
                  every=0.05)
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


ROWS = (Row("rebalance", 13, "one of two projectors killed, stopped past its session or ended", rebalance),
        Row("frozen-relay", 1, "a relay stopped until another holds its lock, then let go", relay_freeze, short=2))
