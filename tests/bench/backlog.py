"""A backlog worked off: a million commands wait on their topic before the projector starts; its rate in each tenth of
them. The relay runs too, and publishes what is decided. A rate that falls with the backlog's length would show."""
import time
import uuid

from harness.person import token_of
from harness.until import until
from requests_run import script_write, wrk

COMMANDS, PEOPLE, CONNECTIONS, TENTHS, FLAT = 1_000_000, 2000, 128, 10, 0.85


def taken(bus):
    return sum(bus.topics.ends("commands").values())


def pile_up(bus, commands, say):
    """The ingress takes as many commands while nobody decides."""
    ingress = bus.add("ingress", COLIS_RATE_PER_SECOND="1000000", COLIS_RATE_BURST="1000000")
    ingress.await_ready()
    tokens = [token_of(uuid.uuid4()) for _ in range(PEOPLE)]
    while taken(bus) < commands:
        figures = wrk(bus.url("ingress"), script_write(bus.folder, tokens), 5, CONNECTIONS)
        say(f"  backlog: {taken(bus):,} commands wait ({figures['rate']:,.0f}/s taken)")
    ingress.stop()
    return taken(bus)


def work_off(bus, commands, say):
    """Seconds from the start of the projector to the end of each tenth, and until every fact is published."""
    bus.add("relay").await_ready()
    projector, began, found = bus.add("projector"), time.monotonic(), []
    for tenth in range(TENTHS):
        wanted = commands * (tenth + 1) // TENTHS
        until(lambda: projector.metric("colis_reader_events_total") >= wanted, 3600, f"{wanted} verdicts", every=0.1)
        found.append(time.monotonic() - began)
        say(f"  backlog: {wanted:,} decided after {found[-1]:.0f} s")
    until(lambda: bus.value("select count(*) from bus.outbox_page") == 0, 3600, "every fact",
          every=0.5)
    return found, time.monotonic() - began


def measure(bus, commands, say):
    """Rows of the table; the bus has no program yet."""
    commands = pile_up(bus, commands, say)
    ends, published = work_off(bus, commands, say)
    rates = [commands / TENTHS / (end - start) for start, end in zip([0, *ends], ends)]
    assert bus.value("select count(*) from bus.verdict") == commands
    rest = rates[1:]  # the first tenth has the start of the projector in it
    ratio = min(rest) / max(rest[0], 1e-9)
    last = rates[-1] / rest[0]
    return [(f"backlog: {commands:,} commands, the last tenth's rate / the second's", f"≥ {FLAT}", f"{last:.2f}",
             last >= FLAT, f"slowest {ratio:.2f}; a second, by tenth: {', '.join(f'{rate:,.0f}' for rate in rates)}; "
             f"every fact published after {published:.0f} s")]
