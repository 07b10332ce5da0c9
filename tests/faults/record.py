"""What became of a row: the line that is printed, the line that is kept, and the table made of those that were kept.

docs/reliability.tsv holds the kept lines, oldest first; the table of docs/reliability.md is the newest of each row.
"""
import datetime
import pathlib
import statistics
from dataclasses import astuple, dataclass, fields

from ledger import SUMS

TOP = pathlib.Path(__file__).resolve().parents[2]
KEPT, PAGE = TOP / "docs" / "reliability.tsv", TOP / "docs" / "reliability.md"
BEGIN, END = "<!-- table: infra/faults --table -->\n", "<!-- end -->\n"


@dataclass(frozen=True)
class Result:
    """One row once; times in seconds, empty where a row has none."""
    row: str
    matrix: str
    what: str
    faults: int
    lost: int
    doubled: int
    misordered: int
    broken: int
    p50: str
    p99: str
    seed: int
    seconds: int
    date: str
    command: str

    def __str__(self):
        recovered = f"{self.p50}/{self.p99} s" if self.p50 else "-"
        broken = f" broken {self.broken}" if self.broken else ""
        return (f"{self.row}  matrix {self.matrix}  faults {self.faults}  lost {self.lost} doubled {self.doubled} "
                f"misordered {self.misordered}{broken}  recovered {recovered}  seed {self.seed}  {self.seconds} s")


def result_of(round, sums, command):
    """sums: {name of SUMS: findings}, of all rows of its stage."""
    row, p50, p99 = round.row, *percentiles(round.recoveries)
    return Result(row.name, str(row.matrix), row.what, round.injected, *(sums[name] for name in SUMS), p50, p99,
                  round.seed, int(round.seconds), today(), command)


def result_failed(row, seed, command):
    """Of a row that did not come to its end: nothing is known but that."""
    return Result(row.name, str(row.matrix), row.what, 0, 0, 0, 0, 1, "", "", seed, 0, today(), command)


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def percentiles(seconds):
    """(p50, p99) as text: p99 is the longest of all where there are fewer than a hundred."""
    if not seconds:
        return "", ""
    ordered = sorted(seconds)
    last = ordered[max(0, -(-len(ordered) * 99 // 100) - 1)]
    return f"{statistics.median(ordered):.2f}", f"{last:.2f}"


def keep(path, result):
    """Appends a line; the first of a file says what the columns are."""
    is_new = not path.exists()
    with open(path, "a") as kept:
        if is_new:
            kept.write("# " + "\t".join(field.name for field in fields(Result)) + "\n")
        kept.write("\t".join(map(str, astuple(result))) + "\n")


def kept_read(text):
    """The results of a kept file; lines that begin with # say what the columns are."""
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    kinds = [field.type for field in fields(Result)]
    return [Result(*((int if kind in (int, "int") else str)(word) for kind, word in zip(kinds, line, strict=True)))
            for line in lines]


def table(results, order):
    """Markdown: the newest result of each row, in the order of the rows; one that was never run is not there."""
    newest = {result.row: result for result in results}
    heads = ("row", "matrix", "what is broken", "faults", "lost", "doubled", "misordered", "recovered p50 / p99",
             "seed", "date", "command")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in order:
        if name in newest:
            lines.append(_line(newest[name]))
    return "\n".join(lines) + "\n"


def _line(result):
    recovered = f"{result.p50} s / {result.p99} s" if result.p50 else ""
    misordered = f"{result.misordered}" + (f" (and {result.broken} broken)" if result.broken else "")
    cells = (result.row, result.matrix, result.what, result.faults, result.lost, result.doubled, misordered, recovered,
             result.seed, result.date, f"`{result.command}`")
    return "| " + " | ".join(map(str, cells)) + " |"


def page_write(order):
    """Puts the table into docs/reliability.md."""
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + table(kept_read(KEPT.read_text()), order) + END + tail)
