"""Rows that kill: each program, several at once, the payment provider, and the servers of this checkout."""
import functools
import os
import signal
import time

from harness import places
from harness.until import pause, until
from round import PROGRAMS, freeze, service_new
from row import Row


def program_kill(round, name, times=1):
    for number in round.faults(times):
        round.moment()
        round.note(f"kill -9 {name}", number, times)
        since = round.kill(name)
        pause(0.05)
        if round.random.random() < 0.7:  # else: while it still comes up
            round.ready_again(name, since)


def several_kill(round):
    """Any program, any instant, several at once."""
    for number in round.faults(2):
        round.moment(0.1, 1)
        for name in round.random.sample(PROGRAMS, round.random.randint(1, 3)):
            program = round.bus.programs[name]
            if program.alive:
                round.note(f"kill -9 {name}", number, 2)
                os.kill(program.pid, signal.SIGKILL)


def provider_kill(round):
    """The payment provider dies; it keeps what it did."""
    for number in round.faults():
        round.moment()
        round.note("kill -9 the provider", number)
        round.bus.double.kill()
        round.moment(0.1, 2)
        round.bus.double.start()


def server_kill(round, name):
    for number in round.faults():
        round.moment(0.3, 2.0)
        pid = places.service_pid(name)
        round.note(f"kill -9 {name}", number)
        since = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until(lambda: service_new(name, pid) and places.server_ready(name), 60, f"{name} back", every=0.05)
        round.recovered(time.monotonic() - since)


def broker_freeze(round):
    """The broker stops for longer than a delivery may take: what it finds in its sockets it stores later."""
    for number in round.faults():
        round.moment(0.3, 2.0)
        seconds = round.random.uniform(1, 8)
        round.note(f"SIGSTOP kafka for {seconds:.1f} s", number)
        freeze(places.service_pid("kafka"), seconds)


# What moves money is seldom at it: it is hit more often.
TIMES = {"payments": 3}
ALONE = ("ingress", "projector", "relay", "history", "notifier", "query", "payments", "webhooks")
PROGRAM_ROWS = tuple(Row(name, 1, f"kill -9 of {name}", functools.partial(program_kill, name=name,
                                                                          times=TIMES.get(name, 1)), long=200)
                     for name in ALONE)
SERVER_ROWS = (
    Row("kafka", 3, "kill -9 of the broker", functools.partial(server_kill, name="kafka"), short=2),
    Row("postgres", 4, "kill -9 of PostgreSQL", functools.partial(server_kill, name="postgres")),
    Row("mongo", 5, "kill -9 of the MongoDB server", functools.partial(server_kill, name="mongo")),
    Row("smtp", 1, "kill -9 of the mail server", functools.partial(server_kill, name="smtp")),
    Row("frozen-kafka", 3, "SIGSTOP of the broker", broker_freeze, short=2))
ROWS = (*PROGRAM_ROWS,
        Row("everything", 1, "kill -9 of one to three programs at once", several_kill),
        Row("provider", 1, "kill -9 of the payment provider", provider_kill),
        *SERVER_ROWS)
