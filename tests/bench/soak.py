"""A long load: all programs for a while at 70 % of what they were measured to keep up with, memory and descriptors of
each sampled. What grows as long as it is used shows as a slope; the first third is left out, when caches fill.
"""
import pathlib
import statistics
import time
import uuid

from harness.person import token_of
from harness.until import pause, until
from requests_run import script_write, wrk, wrk_end, wrk_start

PEOPLE, CONNECTIONS, BURSTS, BURST_SECONDS, SHARE, SAMPLES = 2000, 64, 4, 5, 0.7, 240
MEMORY_MB, DESCRIPTORS = 1.0, 2  # what may come in the last two thirds: pages of an allocator, a connection


def published(bus, commands):
    """Every command is decided, every fact on its topic and in the history. What is cheap to ask is asked first: to
    count millions of verdicts again and again would hold up those who are waited for."""
    return bus.history.metric("colis_history_documents_total") >= commands and \
        bus.value("select count(*) from bus.outbox_page") == 0 and \
        bus.value("select count(*) from bus.verdict") >= commands


def taken(bus):
    return sum(bus.topics.ends("commands").values())


def burst_measure(bus, tokens, say):
    """Commands a second the whole bus works off: a burst, from its first command to its last document."""
    before, began = taken(bus), time.monotonic()
    wrk(bus.url("ingress"), script_write(bus.folder, tokens), BURST_SECONDS, CONNECTIONS)
    commands = taken(bus)
    until(lambda: published(bus, commands), 3600, "a burst worked off", every=0.2)
    rate = (commands - before) / (time.monotonic() - began)
    say(f"  soak: a burst of {commands - before:,} commands was worked off at {rate:,.0f}/s")
    return rate


def sample(bus):
    """{program: (resident MB, descriptors)}."""
    found = {}
    for name, program in bus.programs.items():
        folder = pathlib.Path(f"/proc/{program.pid}")
        pages = int((folder / "statm").read_text().split()[1])
        found[name] = pages * 4096 / 2**20, len(list((folder / "fd").iterdir()))
    return found


def slope_a_minute(samples):
    """Of the line through (seconds, value), by least squares."""
    times, values = zip(*samples)
    return statistics.linear_regression(times, values).slope * 60


def load_run(bus, tokens, rate, minutes):
    """[(seconds, sample)] while the load goes on, and what wrk says of it."""
    script = script_write(bus.folder, tokens, max(1, round(CONNECTIONS / rate * 1000) - 2))
    load, began, found = wrk_start(bus.url("ingress"), script, int(minutes * 60), CONNECTIONS), time.monotonic(), []
    while load.poll() is None:
        found.append((time.monotonic() - began, sample(bus)))
        pause(minutes * 60 / SAMPLES)
    return found, wrk_end(load)


def row(name, samples, minutes):
    memory = [(at, one[name][0]) for at, one in samples]
    descriptors = [(at, one[name][1]) for at, one in samples]
    rest = len(samples) // 3
    span = (memory[-1][0] - memory[rest][0]) / 60
    slope, opened = slope_a_minute(memory[rest:]), slope_a_minute(descriptors[rest:])
    good = slope * span <= MEMORY_MB and opened * span <= DESCRIPTORS
    return (f"soak: {name}, memory and descriptors over the last {span:.0f} of {minutes:g} minutes",
            f"≤ {MEMORY_MB:g} MB, ≤ {DESCRIPTORS}", f"{slope * span:+.2f} MB, {opened * span:+.1f}", good,
            f"{memory[rest][1]:.1f} MB → {memory[-1][1]:.1f} MB ({slope * 1024:+.1f} KB a minute), "
            f"{descriptors[rest][1]} → {descriptors[-1][1]}")


def measure(bus, minutes, say):
    """Rows of the table; the bus has every program."""
    bus.ingress.stop()
    bus.ingress.settings |= {"COLIS_RATE_PER_SECOND": "1000000", "COLIS_RATE_BURST": "1000000"}
    bus.ingress.start().await_ready()
    tokens = [token_of(uuid.uuid4(), ttl=int(minutes * 60) + 7200) for _ in range(PEOPLE)]
    most = max(burst_measure(bus, tokens, say) for _ in range(BURSTS))  # the first warms servers just started
    rate = most * SHARE
    samples, figures = load_run(bus, tokens, rate, minutes)
    ended, commands = time.monotonic(), taken(bus)
    until(lambda: published(bus, commands), 3600, "the rest", every=0.2)
    behind = time.monotonic() - ended
    table = [row(name, samples, minutes) for name in samples[0][1]]
    return table + [(f"soak: behind at the end of {minutes:g} minutes at {figures['rate']:,.0f} commands a second",
                     "≤ 5 s", f"{behind:.1f} s", behind <= 5,
                     f"{figures['requests']:,} commands; POST p50 {figures['p50']:.1f}, p99 {figures['p99']:.1f} ms")]
