"""Each program: exec to ready, resident memory at rest and after full load."""
import pathlib
import re
import statistics
import time

from harness.bus import ALL
from harness.raw import connect, reply_read
from harness.until import until
from ingress import drive, script_write

BURST_SECONDS = 2
STARTS, READY_MS, REST_MB, LOAD_MB = 5, 100, 30, 100


def memory_mb(pid, what="VmRSS"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", text).group(1)) / 1024


def ready_now(program):
    """One look at /readyz with no library between."""
    try:
        with connect(program.manage, 2) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            return reply_read(connection).status == 200
    except OSError:
        return False


def start_ms(program):
    program.stop()
    began = time.perf_counter()
    program.start()
    until(lambda: ready_now(program), 30, f"{program.name} ready", every=0.001)
    return (time.perf_counter() - began) * 1000


def starts(bus, say):
    """{name: (median ms from exec to ready, MB at rest)}; the bus is idle."""
    found = {}
    for name in ALL:
        program = bus.programs[name]
        took = statistics.median(start_ms(program) for _ in range(STARTS))
        found[name] = took, memory_mb(program.pid)
        say(f"  {name}: {took:.0f} ms, {found[name][1]:.1f} MB")
    return found


def burst(bus, folder):
    """Full load: wrk on the ingress for some seconds, then everybody catches up."""
    bus.ingress.stop()
    told = {"COLIS_RATE_PER_SECOND": "1000000", "COLIS_RATE_BURST": "1000000"}
    bus.ingress.settings |= told
    bus.ingress.start().await_ready()
    drive(bus.ingress, bus.url("ingress"), script_write(folder), BURST_SECONDS)
    wanted = sum(bus.topics.ends("commands").values())
    until(lambda: bus.value("select count(*) from bus.verdict") >= wanted, 300, "every verdict", every=0.2)
    until(lambda: bus.value("select count(*) from bus.outbox_page") == 0, 300, "every fact", every=0.2)


def rows(found, loaded):
    """Rows of the table; loaded: {name: MB at most}."""
    table = []
    for name, (took, rest) in found.items():
        most = loaded.get(name, 0)
        table.append((f"{name}: exec to ready; memory at rest; at full load", "100 ms; 30 MB; 100 MB",
                      f"{took:.0f} ms; {rest:.1f} MB; {most:.1f} MB",
                      took <= READY_MS and rest <= REST_MB and most <= LOAD_MB, ""))
    return table
