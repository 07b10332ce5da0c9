"""Rows where something is slow, not broken: PostgreSQL, the readers, clients who read their replies by drops.

Slow is no fault of anybody's to be ended for: no program restarts, none takes more memory than before, the readers keep
their partitions (at most one rebalance a cause), and their lag can be read off their metrics until it is caught up.
"""
import os
import pathlib
import selectors
import signal
import socket
import threading
import time

from harness import places
from harness.until import pause, until
from row import Row

READERS = ("projector", "history", "notifier", "payments")
HOLD, HOLD_LONG = 8, 60  # seconds
GROWTH = 32  # MiB more a program may take while something is slow
SLOW, SLOWEST = 0.01, 2.0  # seconds a row
CLIENTS = 150
DROP, EVERY = 512, 0.25  # bytes, seconds: what a slow client reads
ASKED = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4

# Each row written waits, by a trigger of the test's own.
MAKE = """
create schema slow;
create table slow.row (id int primary key, seconds double precision not null);
insert into slow.row values (1, 0);
create function slow.row_wait() returns trigger language plpgsql security definer set jit = off as $$
declare wanted double precision := (select seconds from slow.row where id = 1);
begin
    if wanted > 0 then perform pg_sleep(wanted * (0.5 + random())); end if;
    return null;
end $$;
create trigger slow after insert on bus.verdict for each row execute function slow.row_wait();
create trigger slow after delete on bus.outbox_page for each row execute function slow.row_wait();
create trigger slow after insert or update on bus.notification for each row execute function slow.row_wait();
create trigger slow after insert or update on bus.payment_task for each row execute function slow.row_wait();
"""
SET = "update slow.row set seconds = %s"


class Watch:
    """What slowness may not do to the programs, from its beginning to its end."""

    def __init__(self, round, what):
        self.round, self.bus, self.what = round, round.bus, what
        self.memory, self.restarts = self.resident(), round.keeper.restarts
        self.given, self.lags = {name: self.assignments(name) for name in READERS}, dict.fromkeys(READERS, 0.0)

    def resident(self):
        """MiB of each program."""
        return {name: program.metric("process_resident_memory_bytes") / (1 << 20)
                for name, program in self.bus.programs.items()}

    def assignments(self, name):
        return pathlib.Path(self.bus.programs[name].log).read_text().count("partitions given")

    def look(self):
        """The age of what each reader has in hand, by its metrics."""
        for name in READERS:
            oldest = self.bus.programs[name].metric("colis_reader_oldest_seconds")
            if oldest:
                self.lags[name] = max(self.lags[name], time.time() - oldest)

    def end(self):
        round, grown = self.round, {name: now - self.memory[name] for name, now in self.resident().items()}
        for name, more in grown.items():
            if more > GROWTH:
                round.find("memory", f"{name} grew by {more:.0f} MiB while {self.what}")
        if round.keeper.restarts != self.restarts:
            round.find("restart", f"{round.keeper.restarts - self.restarts} programs ended while {self.what}")
        rebalances = {name: self.assignments(name) - self.given[name] for name in READERS}
        for name, times in rebalances.items():
            if times > 1:
                round.find("rebalance", f"{name} was given its partitions {times} times while {self.what}")
        most = max(grown, key=grown.get)
        round.say(f"  lag at most {max(self.lags.values()):.1f} s, memory {grown[most]:+.1f} MiB ({most}), "
                  f"{sum(rebalances.values())} rebalances")


def held(round, watch):
    end = time.monotonic() + (HOLD_LONG if round.is_long else HOLD)
    while time.monotonic() < end:
        watch.look()
        pause(0.2)


def database_slow(round):
    """From 10 ms to 2 s a row written, by chance evenly on the scale of its logarithm; every second time very slow."""
    bus = round.bus
    bus.rows(MAKE)
    for number in round.faults():
        least = 0.3 if number % 2 else SLOW
        seconds = least * (SLOWEST / least) ** round.random.random()
        round.note(f"PostgreSQL takes {seconds:.2f} s a row", number)
        watch = Watch(round, f"PostgreSQL took {seconds:.2f} s a row")
        bus.rows(SET, seconds)
        try:
            held(round, watch)
        finally:
            bus.rows(SET, 0)
        round.resumed(time.monotonic())
        caught_up(round)
        watch.end()
        if least > SLOW and watch.lags["projector"] < 1:
            round.find("unseen-lag", f"the projector's metrics told of no lag while {watch.what}")


def caught_up(round):
    """By their metrics again."""
    def behind():
        watch = Watch(round, "")
        watch.look()
        return max(watch.lags.values()) < 2
    until(behind, 60, "the readers' metrics tell of no lag", every=0.1)


def reader_slow(round):
    """One reader has a small part of a processor: stopped, let go for a moment, stopped again."""
    for number in round.faults():
        name = round.random.choice(READERS)
        stopped, going = round.random.uniform(0.3, 2), round.random.uniform(0.02, 0.1)
        round.note(f"{name} runs {going * 1000:.0f} ms, stops {stopped:.1f} s, and so on", number)
        watch, program = Watch(round, f"{name} ran little"), round.bus.programs[name]
        end = time.monotonic() + (HOLD_LONG if round.is_long else HOLD)
        while time.monotonic() < end:
            os.kill(program.pid, signal.SIGSTOP)
            pause(stopped)
            os.kill(program.pid, signal.SIGCONT)
            pause(going)
            watch.look()
        round.resumed(time.monotonic())
        caught_up(round)
        watch.end()


class Drops(threading.Thread):
    """Clients who ask for the longest reply there is, four times at once, and read it by drops; they begin again."""

    def __init__(self, ports):
        super().__init__(daemon=True)
        self.ports, self.ending, self.selector = ports, threading.Event(), selectors.DefaultSelector()
        self.read = self.ended = 0

    def open(self, port):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect((places.HOST, port))
        client.sendall(ASKED)
        self.selector.register(client, selectors.EVENT_READ, port)

    def run(self):
        for number in range(CLIENTS):
            self.open(self.ports[number % len(self.ports)])
        while not self.ending.wait(EVERY):
            for key, _ in self.selector.select(0):
                self.drop(key)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    def drop(self, key):
        try:
            data = key.fileobj.recv(DROP)
        except OSError:
            data = b""
        self.read += len(data)
        if not data:
            self.ended += 1
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            self.open(key.data)

    def end(self):
        self.ending.set()
        self.join()


def clients_slow(round):
    ports = [round.bus.ports[name] for name in ("ingress", "query")]
    for number in round.faults():
        round.note(f"{CLIENTS} clients read {DROP / EVERY / 1024:.0f} KiB a second", number)
        watch, drops = Watch(round, "clients read slowly"), Drops(ports)
        drops.start()
        try:
            taken = round.load.count
            held(round, watch)
            taken = round.load.count - taken
            round.resumed(time.monotonic())
            watch.end()
        finally:
            drops.end()
        round.say(f"  {drops.read >> 10} KiB read, {drops.ended} clients dropped, {taken} commands taken meanwhile")
        if not drops.read or not taken:
            round.find("starved", f"slow clients read {drops.read} bytes, others had {taken} commands taken")


ROWS = (Row("slow-postgres", 8, "each row PostgreSQL writes takes from 10 ms to 2 s", database_slow, short=2, long=30,
            group="slow"),
        Row("slow-reader", 8, "a reader that hardly runs", reader_slow, short=2, long=30, group="slow"),
        Row("slow-clients", 8, "clients who read their replies by drops", clients_slow, short=1, long=30, group="slow"))
