"""The figures table, printed: ratios within one run, interleaved rounds. Called by infra/bench.

NAME: ingress, projector, mix, latency, life, history, search, programs; all of them where none is named. Only where
named: peers (other stacks that do the same, installed into var/ first), growth (a command's cost in a full store),
backlog (a million commands worked off), soak (a long load). A figure that falls short is said to, and the exit code
says whether any did.
"""
import argparse
import contextlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import backlog  # noqa: E402
import growth  # noqa: E402
import history  # noqa: E402
import ingress  # noqa: E402
import latency  # noqa: E402
import life  # noqa: E402
import peers  # noqa: E402
import peers_sinks  # noqa: E402
import programs  # noqa: E402
import projector  # noqa: E402
import search  # noqa: E402
import soak  # noqa: E402
from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402

FOLDER = places.TOP / "var" / "test" / f"bench-{os.getpid()}"  # two may run at once
NAMES = ("ingress", "projector", "mix", "latency", "life", "history", "search", "programs")
NAMED = ("peers", "growth", "backlog", "soak")  # long, or with installations of their own
ALL_PEERS = ("express", "fastify", "fastapi", "connect", "bento")
Bus.PATIENT = {}  # figures are of the settings people get


def say(text):
    print(text, flush=True)


def empty_bus(*wanted):
    """A bus whose programs the caller starts."""
    folder = FOLDER / str(time.time_ns())
    return Bus(folder, programs=wanted)


def ingress_rows():
    made = []

    def make():
        made.append(empty_bus())
        return made[-1]
    try:
        table, memory = ingress.measure(make, FOLDER, say)
    finally:
        for bus in made:
            for program in bus.programs.values():
                program.kill()
    loaded["ingress"] = memory
    return table


def projector_rows():
    with empty_bus() as bus:
        found = projector.measure(places.servers()["COLIS_POSTGRES_URL"], bus.namespace, "build/plain")
    return [("projector: rows a second, decide + fold + verdict + outbox / COPY of the same rows", "≥ 0.25",
             f"{found['ratio']:.2f}", found["ratio"] >= 0.25,
             f"{found['projector_rows_s']:,.0f}/s / {found['copy_rows_s']:,.0f}/s, {found['cpu_us']:.0f} µs CPU each")]


def mix_rows():
    """--spine: the goal is a share of what the spine's own projector did, measured in the same run."""
    with contextlib.ExitStack() as stack:
        bus, spine = stack.enter_context(empty_bus()), None
        if told.spine:
            spine = told.spine, bus.namespace + "_spine"
            migrate = [told.spine / "infra" / "migrate", "--namespace", spine[1]]
            subprocess.run(migrate, check=True, env={**os.environ, **places.servers()}, stdout=subprocess.DEVNULL)
            stack.callback(subprocess.run, [*migrate, "--drop"], env={**os.environ, **places.servers()},
                           stdout=subprocess.DEVNULL)
        found = projector.mixed(places.servers()["COLIS_POSTGRES_URL"], bus.namespace, "build/plain", spine)
    rows = [("projector: commands a second, whole lives of bookings / parcels alone", "≥ 0.7", f"{found['ratio']:.2f}",
             found["ratio"] >= 0.7,
             f"{found['mix']:,.0f}/s / {found['parcels']:,.0f}/s; rows written: {found['rows_ratio']:.2f} "
             f"({found['mix_rows']:,.0f}/s / {found['parcels_rows']:,.0f}/s)")]
    if spine:
        rows.append(("projector: commands a second, whole lives of bookings / parcels alone, by the spine's projector",
                     "≥ 0.7", f"{found['spine_ratio']:.2f}", found["spine_ratio"] >= 0.7,
                     f"{found['mix']:,.0f}/s / {found['spine']:,.0f}/s"))
    return rows


def life_rows():
    return life.measure(FOLDER / "life", say)


def latency_rows():
    with Bus(FOLDER / "latency") as bus:
        return latency.measure(bus, say)


def history_rows():
    return history.measure(empty_bus, say)


def search_rows():
    told = {"query": {"COLIS_RATE_PER_SECOND": "1000000", "COLIS_RATE_BURST": "1000000"}}
    with Bus(FOLDER / "search", programs=("query",), settings=told) as bus:
        return search.measure(bus, say)


def peers_rows():
    installed = subprocess.run([places.TOP / "tests" / "bench" / "peers" / "install", *told.peers])
    assert installed.returncode == 0, "tests/bench/peers/install failed"
    table = []
    for token_cache in (False, True) if set(told.peers) & set(peers.GOALS) else ():
        with empty_bus() as bus:
            table += peers.measure(bus, say, told.peers, token_cache)
    for half in peers_sinks.HALVES:
        table += peers_sinks.measure(empty_bus, half, told.peers, say)
    return table


def growth_rows():
    with contextlib.ExitStack() as stack:
        buses = [stack.enter_context(empty_bus()) for _ in told.parcels]
        return growth.measure(buses, told.parcels, "build/plain", say)


def backlog_rows():
    with empty_bus() as bus:
        return backlog.measure(bus, told.commands, say)


def soak_rows():
    with Bus(FOLDER / "soak") as bus:
        return soak.measure(bus, told.minutes, say)


def programs_rows():
    with Bus(FOLDER / "programs") as bus:
        found = programs.starts(bus, say)
        say("  full load: a burst of commands through every program")
        programs.burst(bus, FOLDER)
        for name, program in bus.programs.items():
            loaded[name] = max(loaded.get(name, 0), programs.memory_mb(program.pid, "VmHWM"))
    return programs.rows(found, loaded)


loaded = {}
told = argparse.Namespace()  # the options


def table_print(rows):
    say("\n| figure | goal | measured | |\n|---|---|---|---|")
    for figure, goal, measured, good, detail in rows:
        say(f"| {figure} | {goal} | {measured}{'' if good else ' **short**'} | {detail} |")


def quiet_check(busy):
    if busy > 0.5 * len(os.sched_getaffinity(0)):
        say(f"others were using this machine (load {busy:.1f} at the start): ratios too are worth little then")


def main():
    parser = argparse.ArgumentParser(prog="infra/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=ALL_PEERS, metavar="A,B",
                        help=f"which peers: {' '.join(ALL_PEERS)}")
    parser.add_argument("--parcels", type=lambda text: [int(float(one)) for one in text.split(",")],
                        default=growth.SIZES, metavar="N,M", help="growth: sizes of the store (1,1e4,1e6)")
    parser.add_argument("--commands", type=int, default=backlog.COMMANDS, metavar="N", help="backlog: how many wait")
    parser.add_argument("--spine", type=pathlib.Path, metavar="DIR",
                        help="mix: a built checkout of the commit that ended the spine, to be measured beside")
    parser.add_argument("--minutes", type=float, default=30, metavar="N", help="soak: how long")
    names = parser.parse_args(namespace=told).names or NAMES
    unknown = set(names) - {*NAMES, *NAMED}
    if unknown:
        parser.error(f"no figure called {unknown.pop()}; there are: {' '.join(NAMES + NAMED)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows, busy = [], os.getloadavg()[0]
    quiet_check(busy)
    for name in names:
        began = time.monotonic()
        say(f"{name} …")
        rows += globals()[f"{name}_rows"]()
        say(f"{name}: {time.monotonic() - began:.0f} s")
    table_print(rows)
    say(f"\n{platform.machine()}, {len(os.sched_getaffinity(0))} cores, kernel {platform.release()}")
    quiet_check(busy)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
