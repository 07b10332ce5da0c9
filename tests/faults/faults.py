"""Faults under steady load, seeded: each row breaks something at random instants, then the ledger is read.

Called by infra/faults and by test_faults.py. The instants come from the seed; what a fault hits at that instant is
the system's own matter, so a seed repeats a schedule, not every interleaving.
"""
import argparse
import pathlib
import secrets
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

import record  # noqa: E402
import rows_attack  # noqa: E402
import rows_disk  # noqa: E402
import rows_kill  # noqa: E402
import rows_members  # noqa: E402
import rows_net  # noqa: E402
import rows_past  # noqa: E402
import rows_traffic  # noqa: E402
import rows_points  # noqa: E402
import rows_rebuild  # noqa: E402
import rows_slow  # noqa: E402
from ledger import SUMS  # noqa: E402
from round import Round  # noqa: E402
from stage import Stage  # noqa: E402

MODULES = (rows_kill, rows_members, rows_net, rows_points,
           rows_disk, rows_slow, rows_traffic, rows_rebuild, rows_past, rows_attack)
ROWS = {row.name: row for module in MODULES for row in module.ROWS}
PRINTED = ("lost", "doubled", "misordered")


def stages(rows, is_long=False):
    """[[row]]: those of a party share a stage, but in the long version."""
    found = {}
    for row in rows:
        found.setdefault(row.name if is_long else (row.party, row.town), []).append(row)
    return list(found.values())


def stage_run(rows, seed, count=0, is_long=False, say=print):
    """Runs the rows of one stage; prints what it found: (ledger, [Result])."""
    rounds = [Round(row, seed, count or (row.long if is_long else row.short), say) for row in rows]
    for round in rounds:
        round.is_long = is_long
    stage = Stage(rounds, say)
    ledger = stage.run()
    for kind, text in ledger.findings[:20]:
        say(f"  {kind}: {text}")
    say(stage.summary())
    sums = ledger.counts()
    results = [record.result_of(round, sums, command_of(round.row, seed, count, is_long)) for round in rounds]
    for result in results:
        say(str(result))
    return ledger, results


def command_of(row, seed, count, is_long):
    """What runs the row alone with the same schedule."""
    more = f" --kills {count}" if count else " --long" if is_long else ""
    return f"infra/faults --seed {seed} --only {row.name}{more}"


def arguments_read():
    parser = argparse.ArgumentParser(prog="infra/faults", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31), help="repeats a schedule")
    parser.add_argument("--kills", type=int, default=0, help="faults a row (default: the row's own number)")
    parser.add_argument("--long", action="store_true", help="as many faults, and as long, as the matrix asks for")
    parser.add_argument("--minutes", type=float, default=0, help="goes round, with the next seed, for so long")
    parser.add_argument("--record", type=pathlib.Path, metavar="FILE", help="appends a line for each row")
    parser.add_argument("--table", action="store_true", help="makes the table of docs/reliability.md, runs nothing")
    parser.add_argument("--only", choices=ROWS, action="append", metavar="ROW",
                        help=f"may be given again: {' '.join(ROWS)}")
    return parser.parse_args()


def pass_run(arguments, seed, sums):
    """Every row once; how many stages did not come to their end."""
    broken = 0
    for rows in stages([ROWS[name] for name in arguments.only or ROWS], arguments.long):
        try:
            ledger, results = stage_run(rows, seed, arguments.kills, arguments.long, say)
        except unittest.SkipTest as reason:
            say(f"{', '.join(row.name for row in rows)}: SKIPPED: {reason}")
            continue
        except Exception as error:  # whatever it is: these rows have not come to their end
            broken += 1
            say(f"{', '.join(row.name for row in rows)}: seed {seed}: did not come to an end: {error!r}"[:2000])
            results = [record.result_failed(row, seed, command_of(row, seed, arguments.kills, arguments.long))
                       for row in rows]
        else:
            for name, found in ledger.counts().items():
                sums[name] += found
        for result in results if arguments.record else ():
            record.keep(arguments.record, result)
    return broken


def main():
    arguments = arguments_read()
    if arguments.table:
        return record.page_write(ROWS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and nothing stays behind
    say(f"seed {arguments.seed}")
    seed, end = arguments.seed, time.monotonic() + arguments.minutes * 60
    sums, broken = dict.fromkeys(SUMS, 0), 0
    while True:
        broken += pass_run(arguments, seed, sums)
        seed += 1
        if time.monotonic() > end:
            break
    if broken or sums["broken"]:
        say(f"{broken} did not come to an end, broken {sums['broken']}")
    say(", ".join(f"{name} {sums[name]}" for name in PRINTED))
    return 1 if broken or any(sums.values()) else 0


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
