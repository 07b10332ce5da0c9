"""Faults under load: whatever is killed, what was answered holds. Two or three a row; infra/faults does any number."""
import os
import secrets

import faults
import pytest

SEED = int(os.environ.get("COLIS_FAULTS_SEED") or secrets.randbelow(1 << 31))
KILLS = int(os.environ.get("COLIS_FAULTS_KILLS") or 0)  # of each row; 0: as many as there is time for


@pytest.mark.parametrize("row", faults.ROWS)
def test_nothing_is_lost_doubled_or_misordered_by(row):
    """Those that kill a server stop what every bus of this machine stands on: beside no other test."""
    ledger = faults.row_run(faults.ROWS[row], SEED, KILLS or faults.ROWS[row].short)
    assert not ledger.findings, f"seed {SEED}: {ledger.counts()} {ledger.findings[:5]}"
