"""Faults under load: whatever is killed, what was answered holds. Two or three a row; infra/faults does any number."""
import os
import secrets

import faults
import pytest

SEED = int(os.environ.get("COLIS_FAULTS_SEED") or secrets.randbelow(1 << 31))
KILLS = int(os.environ.get("COLIS_FAULTS_KILLS") or 0)  # of each row; 0: as many as there is time for
DEAR = {"kafka": 2, "frozen-kafka": 2, "frozen-relay": 2}  # a fault of these takes its ten seconds


def held(row):
    ledger = faults.row_run(row, SEED, KILLS or DEAR.get(row, 3))
    assert not ledger.findings, f"seed {SEED}: {ledger.counts()} {ledger.findings[:5]}"


@pytest.mark.parametrize("program", faults.PROGRAM_ROWS)
def test_nothing_is_lost_or_doubled_when_a_program_is_killed(program):
    held(program)


def test_nothing_is_lost_or_doubled_when_projectors_come_and_go():
    held("rebalance")


def test_nothing_is_doubled_by_a_relay_that_slept_through_its_lock():
    held("frozen-relay")


def test_nothing_is_lost_or_doubled_when_several_programs_die_at_once():
    held("everything")


def test_no_money_is_lost_or_doubled_when_the_provider_dies():
    held("provider")


@pytest.mark.parametrize("server", faults.SERVER_ROWS)
def test_nothing_is_lost_or_doubled_when_a_server_is_killed(server):
    """These stop what every bus of this machine stands on: one after the other, beside no other test."""
    held(server)
