"""What survives a kill: one line for each set of changes that belong together, written before anybody is answered.

A line is a list of [account, table, id, record]; a record of null takes the entry away, a table of null the account.
"""
import os
import pathlib
from typing import Any

from . import wire

Tables = dict[str, dict[str, dict[str, Any]]]


class Journal:
    """A file that is only appended to; when opened it is read, and written anew without what was overwritten."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.accounts: dict[str, Tables] = {}
        self._changes: list[list[Any]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._read()
            self._rewrite()
        self._file = open(path, "ab", buffering=0)

    def note(self, account: str, table: str | None, name: str, record: dict[str, Any] | None) -> None:
        self._changes.append([account, table, name, record])

    def commit(self) -> None:
        """Everything noted since, as one line: wholly there after a kill, or not at all."""
        if self._changes:
            self._file.write(wire.dump(self._changes).encode() + b"\n")
            self._changes.clear()

    def _read(self) -> None:
        for line in self.path.read_bytes().split(b"\n")[:-1]:  # the last piece is empty, or torn by a kill
            for account, table, name, record in wire.parse(line):
                self._apply(account, table, name, record)

    def _apply(self, account: str, table: str | None, name: str, record: dict[str, Any] | None) -> None:
        if table is None:
            self.accounts.pop(account, None)
        elif record is None:
            self.accounts.get(account, {}).get(table, {}).pop(name, None)
        else:
            self.accounts.setdefault(account, {}).setdefault(table, {})[name] = record

    def _rewrite(self) -> None:
        new = self.path.with_suffix(".new")
        with open(new, "wb") as file:
            for account, tables in self.accounts.items():
                for table, records in tables.items():
                    changes = [[account, table, name, record] for name, record in records.items()]
                    file.write(wire.dump(changes).encode() + b"\n")
        os.replace(new, self.path)
