"""A row: one kind of fault, how it is brought about, and how often.

How a row is added: in a module rows_NAME.py write what it does as a function of the round, name it in ROWS, and name
the module in faults.py:

    def relay_kill(round):
        for number in round.faults():         # round.count of them, counted; round.note says which
            round.moment()                    # a random instant, of the row's own seeded round.random
            since = round.kill("relay")       # the load goes on; the Keeper starts it again
            round.ready_again("relay", since)  # or round.resumed(since), round.recovered(seconds): for p50 and p99

    ROWS = (Row("relay", 1, "kill -9 of the relay", relay_kill, short=3, long=200),)

run() injects and heals and returns; then the stage (stage.py) waits until commands are taken again, lets the load end,
lets a day pass for all that waits, waits for rest, and judges by ledger.py. What else must hold the row says itself, at
any time or in judge(): round.find("its-kind", text, counts="lost" | "doubled" | "misordered" | "broken").
round.is_long tells the long version, where a fault may last. round.random alone decides what is done and when.
"""
from __future__ import annotations

import pathlib
import typing
from dataclasses import dataclass

if typing.TYPE_CHECKING:
    from ledger import Ledger
    from round import Round, Town


@dataclass(frozen=True)
class Row:
    """matrix: its number in the fault matrix, or a word. what: one line a reader understands."""
    name: str
    matrix: int | str
    what: str
    run: typing.Callable[[Round], None]
    short: int = 3   # faults when infra/test runs it
    long: int = 100  # and with --long
    # A town of its own kind (other servers, other settings): called with the folder of its logs.
    town: typing.Callable[[pathlib.Path], Town] | None = None
    judge: typing.Callable[[Round, Ledger], None] | None = None  # after the ledger, while the town still stands
    # Rows with the same word, and town, share one town and one load in the short version; none: a town to itself.
    group: str | None = None

    @property
    def party(self):
        """Whose town it shares in the short version."""
        return self.group or self.name
