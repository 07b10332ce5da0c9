"""The ledger of offsets itself: a chain of steps that is in order, and what spoils it."""
import types

import pytest
from offsets import offsets_check

COMMANDS = [types.SimpleNamespace(id=id, partition=0, offset=offset) for offset, id in enumerate("aabc")]


def found(steps, decided, parked=()):
    kinds = []
    offsets_check(lambda kind, text: kinds.append(kind), {0: steps}, COMMANDS, decided, set(parked))
    return kinds


GOOD, DECIDED = [(None, 0, ""), (0, 1, "7"), (1, 2, "8"), (2, 4, "9")], {"a": "7", "b": "9", "c": "9"}


def test_each_command_decided_where_it_was_passed_is_no_finding():
    assert found(GOOD, DECIDED) == []


def test_a_parked_command_that_was_released_later_is_no_finding():
    assert found([*GOOD, (4, 4, "12")], DECIDED | {"c": "12"}) == []


@pytest.mark.parametrize("steps, decided, kind", [
    (GOOD[:3], DECIDED, "lost-write"),                                   # the last offsets were never passed
    ([*GOOD[:2], *GOOD[3:]], DECIDED, "inconsistent-offsets"),           # a step is missing
    ([*GOOD, (4, 2, "10"), (2, 4, "11")], DECIDED, "nonmonotonic-poll"),  # it went back
    (GOOD, DECIDED | {"b": "10"}, "inconsistent-offsets"),               # decided by a transaction that passed nothing
])
def test_a_chain_that_is_spoiled_is_found_out(steps, decided, kind):
    assert kind in found(steps, decided)
