"""What a command costs in a store that has grown: the projector's and PostgreSQL's CPU, and the rate, at 1, 10^4 and
10^6 parcels (10^7 by --parcels), in databases of their own, interleaved rounds.

The store is filled by SQL from rows the projector itself has written: lives of bookings and parcels alone, decided
once, then copied with generate_series under ids and dates of their own, in every column and every JSON text. One
parcel in ten has lived a whole life (19 verdicts, a booking, payment, review, 15 lines of a journal), the others are
registered; one life in ten still has its timers. Then commands of new people are decided in batches: parcels alone,
and whole lives. PostgreSQL's CPU is that of the database's own backends.
"""
import hashlib
import pathlib
import re
import statistics
import threading
import time
import uuid

import psycopg
from harness import places
from peers_run import TICK, tree
from projector import ROOT, everything_empty, projected

BATCH, COMMANDS, WARM, ROUNDS, FLAT = 950, 9500, 3, 5, 0.15
SIZES = (1, 10**4, 10**6)
LIVED = 10          # one parcel in so many has lived a whole life
SEED_LIVES = 10
ALONE = 5 * 10**6   # copies of parcels alone are numbered from here
SMALL = 10**5       # up to here a store is emptied and filled again for each round: commands make it larger
UUID = "[0-9a-f]{8}(-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})"
# k scattered over 32 bits, one to one: ids come in no order, as real ones.
SCATTERED = "lpad(to_hex((k * 2654435761) & 4294967295), 8, '0')"


# --- the store ---

def tables_of(connection):
    return [name for (name,) in connection.execute(
        "select schemaname || '.' || relname from pg_stat_user_tables where schemaname in ('state', 'private', 'bus') "
        "and relname not in ('migration', 'position', 'cluster', 'parked') order by 1")]


def column_copied(name, kind):
    """A column's value in the k-th copy."""
    if kind == "uuid":
        return f"({SCATTERED} || substr({name}::text, 9))::uuid"
    if kind == "timestamptz":
        return f"{name} - k * interval '20 seconds'"
    if kind in ("text", "json", "jsonb"):
        return f"regexp_replace({name}::text, '{UUID}', {SCATTERED} || '\\1', 'g')::{kind}"
    return name


def copy_sql(connection, table, seed, where="true"):
    """insert … select: every row of a seed table, copied."""
    columns = connection.execute(
        "select '\"' || attname || '\"', typname from pg_attribute join pg_type on pg_type.oid = atttypid "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' "
        "and typname <> 'xid8'", (table,)).fetchall()
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(column_copied(name, kind) for name, kind in columns)
    return f"insert into {table} ({names}) select {values} from {seed}, generate_series(%s::bigint, %s::bigint) k " \
           f"where {where}"


def scattered(match):
    """An id of the bench as one of many: persons of one life differ in more than their first digits."""
    digits = hashlib.md5(match[0].replace(b"-", b"")).hexdigest()
    return (str(uuid.UUID(digits)) if b"-" in match[0] else digits).encode()


def seed_make(connection, environment, program, what, commands):
    """Keeps what the projector writes of a few lives: what.TABLE."""
    everything_empty(connection)
    projected(program, commands, commands, environment, what)
    connection.execute(f"create schema {what}")
    for table in tables_of(connection):
        connection.execute(f'create table {what}."{table}" as select * from {table} with no data')
        with connection.cursor().copy(f"copy {table} to stdout") as copy:
            text = b"".join(bytes(block) for block in copy)
        with connection.cursor().copy(f'copy {what}."{table}" from stdin') as copy:
            copy.write(re.sub(UUID.encode(), scattered, text))
    everything_empty(connection)


def seeds_make(connection, environment, program):
    seed_make(connection, environment, program, "parcels", 20)
    seed_make(connection, environment, program, "mix", 19 * SEED_LIVES)


def fill(connection, parcels):
    """A store with as many parcels."""
    everything_empty(connection)
    lives = parcels // LIVED // SEED_LIVES
    alone = (parcels - lives * SEED_LIVES) // 20
    for table in tables_of(connection):
        if table == "bus.outbox_page":
            continue  # facts have been published long ago; a timer stands for days
        timers = "k %% 10 = 0" if table == "bus.outbox_command" else "true"
        connection.execute(copy_sql(connection, table, f'mix."{table}"', timers), (1, lives))
        connection.execute(copy_sql(connection, table, f'parcels."{table}"', timers), (ALONE, ALONE + alone - 1))
    if parcels == 1:
        for table in ("state.parcel", "private.parcel", "bus.verdict"):
            connection.execute(copy_sql(connection, table, f'(select * from parcels."{table}" limit 1) one'), (1, 1))
    connection.execute("vacuum analyze")


class Store:
    """A database of so many parcels."""

    def __init__(self, bus, parcels, program, say):
        self.parcels, self.program, self.bus = parcels, program, bus
        self.found = {"parcels": [], "mix": []}
        url = places.servers()["COLIS_POSTGRES_URL"]
        self.environment = {"COLIS_POSTGRES_URL": url, "COLIS_NAMESPACE": bus.namespace}
        self.connection = psycopg.connect(url, dbname=bus.namespace, autocommit=True)
        seeds_make(self.connection, self.environment, program)
        began = time.monotonic()
        fill(self.connection, parcels)
        size = self.connection.execute("select pg_size_pretty(pg_database_size(current_database()))").fetchone()[0]
        say(f"  growth: {parcels:,} parcels, {size}, filled in {time.monotonic() - began:.0f} s")

    def clean(self):
        """Before each run: nothing of the runs before it waits to be published."""
        if self.parcels <= SMALL:
            fill(self.connection, self.parcels)
        else:
            self.connection.execute("truncate bus.position, bus.outbox_page")

    def run(self, what, number):
        """One run: commands a second; microseconds of CPU, and what PostgreSQL read and logged, a command."""
        self.clean()
        before = self.work()
        with Backends(self.bus.namespace) as backends:
            figures = projected(self.program, COMMANDS, BATCH, self.environment, what, str(10**7 * (number + 1)))
        count = figures["commands"]
        read, images, log = (b - a for a, b in zip(before, self.work()))
        return {"rate": count / figures["seconds"], "ours": figures["cpu_seconds"] / count * 1e6,
                "postgres": backends.seconds / count * 1e6, "read": read / count, "images": images / count,
                "log": log / count / 1024}

    def work(self):
        """Blocks read past the server's buffers, and, of the whole server, images of pages and bytes in the log."""
        return self.connection.execute(
            "select blks_read, wal_fpi, wal_bytes::bigint from pg_stat_database, pg_stat_wal "
            "where datname = current_database()").fetchone()


class Backends:
    """CPU of the backends that come to one database while the context lasts, and go with it."""

    def __init__(self, database):
        self.mark = f" {database} ".encode()
        self.seen, self.ended = {}, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.postmaster = next(pid for pid in tree(places.service_pid("postgres"))
                               if b"-D" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                               and pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "postgres")

    def _look(self):
        for child in pathlib.Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split():
            try:
                if child not in self.seen and self.mark not in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                    continue
                fields = pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                self.seen[child] = (int(fields[11]) + int(fields[12])) / TICK
            except OSError:
                continue

    def _watch(self):
        while not self.ended.wait(0.02):
            self._look()

    def __enter__(self):
        self._look()
        self.before = dict(self.seen)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.seconds = sum(self.seen.values()) - sum(self.before.values())


# --- the figures ---

def middle(store, what, which):
    return statistics.median(one[which] for one in store.found[what])


def rows(stores, what, title):
    first, table = stores[0], []
    for store in stores[1:]:
        cost = statistics.median((b["ours"] + b["postgres"]) / (a["ours"] + a["postgres"])
                                 for a, b in zip(first.found[what], store.found[what]))
        rate = statistics.median(b["rate"] / a["rate"] for a, b in zip(first.found[what], store.found[what]))
        table.append((f"growth: CPU a command, {title}, {store.parcels:,} parcels in the store / {first.parcels:,}",
                      f"≤ {1 + FLAT}", f"{cost:.2f}", cost <= 1 + FLAT,
                      f"rate {rate:.2f}; projector {middle(store, what, 'ours'):.0f} µs / "
                      f"{middle(first, what, 'ours'):.0f} µs, PostgreSQL {middle(store, what, 'postgres'):.0f} µs / "
                      f"{middle(first, what, 'postgres'):.0f} µs, {middle(store, what, 'rate'):,.0f}/s / "
                      f"{middle(first, what, 'rate'):,.0f}/s; a command, in the larger: "
                      f"{middle(store, what, 'read'):.2f} blocks read, "
                      f"{middle(store, what, 'images'):.2f} page images, {middle(store, what, 'log'):.1f} KB logged"))
    return table


def measure(buses, sizes, build, say):
    """Rows of the table; buses: an empty bus a size."""
    program, stores = ROOT / build / "tests" / "bench" / "colis-bench-projector", []
    for bus, parcels in zip(buses, sizes):
        stores.append(Store(bus, parcels, program, say))
    for number in range(WARM + ROUNDS):
        for what in ("parcels", "mix"):
            for store in stores:
                figures = store.run(what, number)
                if number >= WARM:
                    store.found[what].append(figures)
        say(f"  growth round {number + 1 - WARM}/{ROUNDS}" + "".join(
            f"; {store.parcels:,}: {middle(store, 'mix', 'ours') + middle(store, 'mix', 'postgres'):.0f} µs"
            for store in stores if store.found["mix"]))
    for store in stores:
        store.connection.close()
    return rows(stores, "parcels", "parcels alone") + rows(stores, "mix", "whole lives")
