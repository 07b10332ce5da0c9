"""Faults under load: whatever breaks, what was answered holds. The short version of every row; infra/faults --long has
the others. Rows that share a town are one test.
"""
import os
import secrets

import faults
import pytest

SEED = int(os.environ.get("COLIS_FAULTS_SEED") or secrets.randbelow(1 << 31))
KILLS = int(os.environ.get("COLIS_FAULTS_KILLS") or 0)  # of each row; 0: as many as there is time for
STAGES = {rows[0].party if len(rows) > 1 else rows[0].name: rows for rows in faults.stages(faults.ROWS.values())}


@pytest.mark.timeout(1800)  # a whole stage, whose waits are long by themselves
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_lost_doubled_or_misordered_by(stage):
    """Those that kill a server stop what every bus of this machine stands on: beside no other test."""
    ledger, _ = faults.stage_run(STAGES[stage], SEED, KILLS)
    assert not ledger.findings, f"seed {SEED}: {ledger.counts()} {ledger.findings[:5]}"
