"""The whole life of a booking on real parts: announce, register, request, accept, pay, collect, depart, deliver,
confirm, each from its POST to its verdict (paying: until the money is held; departing: until the parcel moves). The
double of the provider answers at once, payers pay at once; what is left is the time of the bus and of its client.
"""
import statistics
import threading
import time

from harness.bus import MARKET, Bus
from harness.journey import STAGES, Journey

LIVES, COUPLES, WARM = 200, 2, 10
TIMED = STAGES[STAGES.index("announced"):]


def quick(*people):
    """What replies look like is checked elsewhere: here it would be what is measured."""
    for person in people:
        person.session.hooks["response"] = []


def lived(bus):
    """Milliseconds of each stage of one life."""
    life = Journey(bus).to("known")
    quick(life.sender, life.traveller)
    found = []
    for stage in TIMED:
        began = time.perf_counter()
        life.to(stage)
        found.append((time.perf_counter() - began) * 1000)
    return found


def measure(folder, say):
    """Row of the table."""
    found, lock = [], threading.Lock()

    def couple(bus):
        for _ in range(LIVES // COUPLES + WARM):
            times = lived(bus)
            with lock:
                found.append(times)
    with Bus(folder, MARKET) as bus:
        couples = [threading.Thread(target=couple, args=(bus,)) for _ in range(COUPLES)]
        for thread in couples:
            thread.start()
        for thread in couples:
            thread.join()
    lives = [sum(times) for times in found[COUPLES * WARM:]]
    stages = ", ".join(f"{stage} {statistics.median(times):.0f}" for stage, times in zip(TIMED, zip(*found)))
    p50, p99 = statistics.median(lives), statistics.quantiles(lives, n=100, method="inclusive")[98]
    say(f"  life: {len(lives)} lives of {COUPLES} couples; medians in ms: {stages}")
    return [("a booking's whole life: 9 commands, the page paid at once, two at a time", "p99 ≤ 600 ms",
             f"p50 {p50:.0f} ms, p99 {p99:.0f} ms", p99 <= 600, stages)]
