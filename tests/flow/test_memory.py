"""What a load takes is given back when it is over, and whoever gave it back goes on as before."""
import itertools
import pathlib
import re
import uuid

from harness.person import command_id, parcel_of
from harness.poison import GOOD, headers_of
from harness.until import until

BURST, NEAR_MB = 4000, 5  # of memory at rest


def memory_mb(program, what):
    """VmRSS: now; VmHWM: the most so far."""
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status).group(1)) / 1024


def registrations(count):
    for person in itertools.islice(iter(lambda: str(uuid.uuid4()), None), count):
        yield person.encode(), headers_of(person, ce_id=command_id(person, "burst")), GOOD


def test_memory_of_a_load_is_given_back_and_the_next_command_decided(make_bus):
    bus = make_bus("projector", "relay", "history", "query", "ingress")
    person = bus.person()
    parcel = parcel_of(person.verdict(person.register()))
    programs = bus.projector, bus.history
    at_rest = [memory_mb(program, "VmRSS") for program in programs]
    bus.topics.write("commands", registrations(BURST))
    until(lambda: bus.mongo.history.estimated_document_count() > BURST, 120, "every fact in the history")
    for program, rest in zip(programs, at_rest):
        assert memory_mb(program, "VmHWM") > rest + NEAR_MB, f"{program.name}: the burst took nothing"
        until(lambda one=program, mb=rest: memory_mb(one, "VmRSS") < mb + NEAR_MB, 15,
              f"{program.name} gives memory back")
    assert person.verdict(person.cancel(parcel))["state"] == "accepted"
