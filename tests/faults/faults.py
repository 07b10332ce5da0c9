"""Faults under steady load, seeded: each row breaks something at random instants, then the ledger is read.

Called by infra/faults and by test_faults.py. The instants come from the seed; what a fault hits at that instant is
the system's own matter, so a seed repeats a schedule, not every interleaving.
"""
import argparse
import pathlib
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

import rows_kill  # noqa: E402
import rows_members  # noqa: E402
from ledger import SUMS  # noqa: E402
from round import Round  # noqa: E402

MODULES = (rows_kill, rows_members)
ROWS = {row.name: row for module in MODULES for row in module.ROWS}


def row_run(row, seed, count, say=print):
    """Runs one row; prints its findings; the ledger."""
    began = time.monotonic()
    say(f"{row.name}: seed {seed}, {count} faults")
    ledger = Round(row, seed, count, say).run()
    for kind, text in ledger.findings[:20]:
        say(f"  {kind}: {text}")
    sums = ledger.counts()
    say(f"{row.name}: {ledger.summary()}, {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{name} {count}" for name, count in sums.items()))
    return ledger


def arguments_read():
    parser = argparse.ArgumentParser(prog="infra/faults", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31), help="repeats a schedule")
    parser.add_argument("--kills", type=int, default=0, help="faults a row (default: the row's own number)")
    parser.add_argument("--long", action="store_true", help="as many faults as the matrix asks for")
    parser.add_argument("--minutes", type=float, default=0, help="goes round, with the next seed, for so long")
    parser.add_argument("--only", choices=ROWS, action="append", metavar="ROW",
                        help=f"may be given again: {' '.join(ROWS)}")
    return parser.parse_args()


def main():
    arguments = arguments_read()
    rows, seed = [ROWS[name] for name in arguments.only or ROWS], arguments.seed
    print(f"seed {seed}", flush=True)
    end = time.monotonic() + arguments.minutes * 60
    sums, broken = dict.fromkeys(SUMS, 0), 0
    while True:
        for row in rows:
            try:
                count = arguments.kills or (row.long if arguments.long else row.short)
                for name, found in row_run(row, seed, count, say).counts().items():
                    sums[name] += found
            except (AssertionError, RuntimeError, OSError) as error:
                broken += 1
                say(f"{row.name}: did not come to its end: {error}"[:2000])
        seed += 1
        if time.monotonic() > end:
            break
    if broken or sums["broken"]:
        say(f"{broken} rows did not come to their end; broken {sums['broken']}")
    say(", ".join(f"{name} {sums[name]}" for name in ("lost", "doubled", "misordered")))
    return 1 if broken or any(sums.values()) else 0


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
