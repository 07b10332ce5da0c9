"""Rows that kill: each program, several at once, the payment provider, and the servers of this checkout."""
import functools
import os
import signal
import time

from harness import places
from harness.until import pause, until
from round import PROGRAMS, freeze, service_new
from row import Row


# When a program is in the midst of what must not be half done: a random instant seldom hits that.
BUSY = {"relay": "select exists (select from bus.outbox where due is null)",
        "notifier": "select exists (select from bus.notification where state = 'sending')",
        "payments": "select exists (select from bus.payment_task where step in ('create', 'send'))"}


def busy_await(round, name):
    """Until it is, or a moment has passed; then somewhere within what it does."""
    end, within = time.monotonic() + 2, round.random.uniform(0, 0.03)
    until(lambda: round.bus.value(BUSY[name]) or time.monotonic() > end, 10, f"{name} busy", every=0.001)
    pause(within)


def program_kill(round, name, times=1):
    for number in round.faults(times):
        round.moment()
        if round.random.random() < 0.6 and name in BUSY:
            busy_await(round, name)
        round.note(f"kill -9 {name}", number, times)
        since = round.kill(name)
        if round.random.random() < 0.7 or number == round.count * times:  # else: again while it still comes up
            round.ready_again(name, since)


def several_kill(round):
    """Any program, any instant, several at once; the next ones perhaps while these still come up."""
    for number in round.faults(2):
        round.moment(0.1, 1)
        names, since = round.random.sample(PROGRAMS, round.random.randint(1, 3)), time.monotonic()
        is_waited = round.random.random() < 0.5 or number == round.count * 2
        round.note(f"kill -9 {', '.join(names)}", number, 2)
        for name in names:
            if round.bus.programs[name].alive:
                round.kill(name)
        for name in names if is_waited else ():
            round.ready_again(name, since)


def provider_kill(round):
    """The payment provider dies; it keeps what it did."""
    for number in round.faults():
        round.moment()
        round.note("kill -9 the provider", number)
        round.bus.double.kill()
        round.moment(0.1, 2)
        round.bus.double.start()
        round.resumed(time.monotonic())


def server_end(round, name, how, shown=False):
    """A signal to a server; runit starts it again. Until a command is decided again, which is when all have resumed."""
    for number in round.faults():
        round.moment(0.3, 2.0)
        pid = places.service_pid(name)
        round.note(f"{how.name} to {name}", number)
        since = time.monotonic()
        os.kill(pid, how)
        until(lambda: service_new(name, pid) and places.server_ready(name), 120, f"{name} back", every=0.05)
        back = time.monotonic() - since
        round.resumed(since, shown)
        round.say(f"  {name} back after {back:.1f} s, commands decided after {round.recoveries[-1]:.1f} s")


def session_kill(round):
    """kill -9 of one of PostgreSQL's own processes: the server ends every session, and recovers from its log."""
    for number in round.faults():
        round.moment(0.3, 2.0)
        there, chosen = sessions(round.bus), round.random.random()  # choice() would take as much chance as there are
        pid = there[int(chosen * len(there))]
        round.note("kill -9 of a session's process at PostgreSQL", number)
        since = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until(lambda sessions=there: not any(map(places.is_process, sessions)), 60, "PostgreSQL ended its sessions",
              every=0.005)
        round.resumed(since)


def sessions(bus):
    return [pid for pid, in bus.rows("select pid from pg_stat_activity where datname = current_database() and "
                                     "pid <> pg_backend_pid() and client_port is not null order by backend_start")]


def broker_freeze(round):
    """The broker stops for longer than a delivery may take: what it finds in its sockets it stores later."""
    for number in round.faults():
        round.moment(0.3, 2.0)
        seconds = 30 if round.is_long else round.random.uniform(1, 8)
        round.note(f"SIGSTOP kafka for {seconds:.1f} s", number)
        freeze(places.service_pid("kafka"), seconds)
        round.resumed(time.monotonic())


def ending(name, how, **more):
    return functools.partial(server_end, name=name, how=how, **more)


# What moves money is seldom at it: it is hit more often.
TIMES = {"payments": 3}
ALONE = ("ingress", "projector", "relay", "history", "notifier", "query", "payments", "webhooks")
PROGRAM_ROWS = tuple(Row(name, 1, f"kill -9 of {name}", group="programs", long=200,
                         run=functools.partial(program_kill, name=name, times=TIMES.get(name, 1)))
                     for name in ALONE)
SERVER_ROWS = (
    Row("kafka", 3, "kill -9 of the broker", ending("kafka", signal.SIGKILL), short=2, group="servers"),
    Row("kafka-restart", 3, "SIGTERM to the broker, which starts again", ending("kafka", signal.SIGTERM), short=1,
        group="servers"),
    Row("frozen-kafka", 3, "SIGSTOP of the broker, 1 to 8 s (long: 30 s)", broker_freeze, short=2, group="servers"),
    Row("postgres", 4, "kill -9 of PostgreSQL", ending("postgres", signal.SIGKILL), short=2, group="servers"),
    Row("postgres-restart", 4, "PostgreSQL ends its sessions and starts again (SIGINT)",
        ending("postgres", signal.SIGINT), short=1, group="servers"),
    Row("postgres-session", 4, "kill -9 of a process of PostgreSQL's: crash recovery", session_kill, short=2,
        group="servers"),
    Row("mongo", 5, "kill -9 of the MongoDB server", ending("mongo", signal.SIGKILL, shown=True), group="servers"),
    Row("smtp", 1, "kill -9 of the mail server", ending("smtp", signal.SIGKILL), group="servers"))
ROWS = (*PROGRAM_ROWS,
        Row("everything", 1, "kill -9 of one to three programs at once", several_kill, group="programs", long=200),
        Row("provider", 1, "kill -9 of the payment provider", provider_kill, group="programs"),
        *SERVER_ROWS)
