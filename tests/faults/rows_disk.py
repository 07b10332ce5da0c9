"""Rows of full disks: the broker's, then PostgreSQL's, from when the server says so until space is given back.

What was seen: a broker that cannot append takes its only log folder offline and exits; runsv starts it again each
second, and it exits again, until there is space. Commands meanwhile are answered 504, then refused with 503.
PostgreSQL ends each transaction that would make a file larger (53100: tried again), or, where its log cannot grow,
panics, and cannot recover until there is space. Commands are taken meanwhile, and decided afterwards.
"""
import collections
import functools
import time

import psycopg
from harness.until import pause, until
from row import Row
from servers import OwnTown

HOLD, HOLD_LONG = 3, 60  # seconds
LOOK = 0.2
SAID = "No space left on device"


def disk_fill(round, server, extra=None):
    servers = round.bus.servers
    for number in round.faults():
        round.moment(0.3, 2.0)
        hold = HOLD_LONG if round.is_long else HOLD
        round.note(f"the disk of {server} is full, {hold} s from when it says so", number)
        before, since = replies(round), servers.log(server).count(SAID)
        processes = full(round, server, hold, since, extra)
        servers.free(server)
        round.resumed(time.monotonic())
        refused = replies(round)[503] - before[503]
        said = servers.log(server).count(SAID) - since
        round.say(f"  {server} said so {said} times, ran as {len(processes)} processes; {refused} x 503; commands "
                  f"decided {round.recoveries[-1]:.1f} s after there was space")
        if server == "kafka" and not refused:
            round.find("unreached", "no command was refused with 503 though the broker's disk was full")


def full(round, server, hold, since, extra):
    """Full until it was felt, and hold seconds more; the processes the server has been."""
    servers, processes, felt = round.bus.servers, set(), None

    def look():
        nonlocal felt
        servers.fill(server)
        if extra and not felt:
            extra(round)
        processes.add(servers.pid(server))
        felt = felt or (time.monotonic() if servers.log(server).count(SAID) > since else None)
        return felt and time.monotonic() - felt > hold
    try:
        until(look, 60 + hold, f"{server} says: {SAID}", every=LOOK)
    finally:
        servers.free(server)
    return processes - {0}


def log_switch(round):
    """Has PostgreSQL need another segment of its log."""
    try:
        with psycopg.connect(round.bus.servers.superuser(), connect_timeout=3) as session:
            session.execute("select pg_switch_wal()")
    except psycopg.Error:
        pause(LOOK)  # that is what it is for


def replies(round):
    """How often each reply was given so far."""
    return collections.Counter(reply for caller in round.load.callers for wish in list(caller.wishes)
                               for reply in list(wish.replies))


def disk_row(name, what, short, **how):
    return Row(name, 7, what, functools.partial(disk_fill, **how), short=short, long=20, town=OwnTown, group="disk")


ROWS = (disk_row("disk-kafka", "the broker's disk is full, and then is not", 1, server="kafka"),
        disk_row("disk-postgres", "PostgreSQL's disk is full, and then is not", 1, server="postgres"),
        disk_row("disk-wal", "PostgreSQL's disk is full when its log grows", 1, server="postgres", extra=log_switch))
