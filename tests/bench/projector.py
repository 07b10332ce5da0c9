"""The projector's rows a second against COPY of the same rows into the same tables.

One run, interleaved rounds, each in the same database, emptied before each round: the projector's core decides,
folds and writes batches; then what it wrote is taken out and copied back in transactions of the same size.
"""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import psycopg

TABLES = ("state.parcel", "private.parcel", "bus.verdict", "bus.outbox_page")
ROOT = Path(__file__).resolve().parents[2]


def empty(connection):
    """Empties what the projector writes."""
    with connection.transaction():
        connection.execute("truncate " + ", ".join(TABLES) + ", bus.position, bus.parked")


def columns(connection, table):
    """The columns of a table that COPY may fill: the outbox numbers its rows itself."""
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and not attisdropped and attidentity = '' and atttypid <> 'xid8'::regtype order by attnum", (table,))
    return ", ".join(f'"{name}"' for (name,) in rows)


def taken_out(connection, batches):
    """For each table its rows as COPY text, cut into a block for each batch."""
    blocks = {}
    for table in TABLES:
        with connection.cursor().copy(f"copy {table} ({columns(connection, table)}) to stdout") as copy:
            lines = b"".join(bytes(block) for block in copy).splitlines(keepends=True)
        cuts = [len(lines) * at // batches for at in range(batches + 1)]
        blocks[table] = [b"".join(lines[begin:end]) for begin, end in zip(cuts, cuts[1:])]
    return blocks


def copied(connection, blocks):
    """Seconds COPY takes for the same rows, a transaction a batch."""
    statements = {table: f"copy {table} ({columns(connection, table)}) from stdin" for table in TABLES}
    began = time.perf_counter()
    for turn in range(len(blocks[TABLES[0]])):
        with connection.transaction():
            for table in TABLES:
                with connection.cursor().copy(statements[table]) as copy:
                    copy.write(blocks[table][turn])
    return time.perf_counter() - began


def projected(program, commands, batch, environment, *what):
    """Seconds the projector's core takes."""
    done = subprocess.run([program, str(commands), str(batch), *what], env=environment, check=True, capture_output=True,
                          text=True)
    return json.loads(done.stdout)


def written(connection):
    """How many rows there are: every state, private value, verdict, fact, timer and line of a journal."""
    tables = connection.execute("select schemaname || '.' || relname from pg_stat_user_tables where schemaname in "
                                "('state', 'private') or relname in ('verdict', 'ledger')").fetchall()
    return sum(connection.execute(f"select count(*) from {table}").fetchone()[0]
               for table in [name for (name,) in tables] + ["bus.outbox"])


def everything_empty(connection):
    tables = connection.execute("select schemaname || '.' || relname from pg_stat_user_tables where schemaname in "
                                "('state', 'private', 'bus') and relname <> 'migration'").fetchall()
    connection.execute("truncate " + ", ".join(name for (name,) in tables))


def mixed(url, namespace, build, spine=None, commands=19000, batch=950, rounds=5):
    """Whole lives of bookings against parcels alone, interleaved: medians of commands a second, their ratio, and the
    ratio of rows written (a booking's command writes more of them). spine: (checkout, namespace) of the commit that
    ended the spine, parcels alone once more, by that projector on its own tables."""
    ours = ROOT / build / "tests" / "bench" / "colis-bench-projector"
    ways = {"parcels": (ours, namespace, ("parcels",)), "mix": (ours, namespace, ("mix",))}
    if spine:
        ways["spine"] = (Path(spine[0]) / build / "tests" / "bench" / "colis-bench-projector", spine[1], ())
    found = {name: [] for name in (*ways, "parcels_rows", "mix_rows")}
    for turn in range(rounds + 1):
        for name, (program, where, what) in ways.items():
            with psycopg.connect(url, dbname=where, autocommit=True) as connection:
                everything_empty(connection)
                environment = {**os.environ, "COLIS_POSTGRES_URL": url, "COLIS_NAMESPACE": where}
                figures = projected(program, commands, batch, environment, *what)
                if turn:  # the first round warms up
                    found[name].append(figures.get("commands", commands) / figures["seconds"])
                if turn and name != "spine":
                    found[name + "_rows"].append(written(connection) / figures["seconds"])
                everything_empty(connection)
    return {name: statistics.median(values) for name, values in found.items()} | {
        name: statistics.median(a / b for a, b in zip(found[above], found[below]))
        for name, above, below in (("ratio", "mix", "parcels"), ("rows_ratio", "mix_rows", "parcels_rows"),
                                   ("spine_ratio", "mix", "spine")) if below in found}


def measure(url, namespace, build, commands=20000, batch=1000, rounds=5):
    """Medians over interleaved rounds: {"projector_rows_s", "copy_rows_s", "ratio", "cpu_us"}; rows: commands."""
    program = ROOT / build / "tests" / "bench" / "colis-bench-projector"
    environment = {**os.environ, "COLIS_POSTGRES_URL": url, "COLIS_NAMESPACE": namespace}
    ours, copies, cpu = [], [], []
    with psycopg.connect(url, dbname=namespace, autocommit=True) as connection:
        for turn in range(rounds + 1):
            empty(connection)
            figures = projected(program, commands, batch, environment)
            blocks = taken_out(connection, commands // batch)
            empty(connection)
            seconds = copied(connection, blocks)
            if turn:  # the first round warms up
                ours.append(commands / figures["seconds"])
                copies.append(commands / seconds)
                cpu.append(figures["cpu_seconds"] / commands * 1e6)
        empty(connection)
    return {"projector_rows_s": statistics.median(ours), "copy_rows_s": statistics.median(copies),
            "ratio": statistics.median(a / b for a, b in zip(ours, copies)), "cpu_us": statistics.median(cpu)}
