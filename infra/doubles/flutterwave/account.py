"""One merchant's account: its settings, its tables, its clock. Accounts share nothing but the process."""
import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

from . import money
from .clock import Clock
from .journal import Journal, Tables

Record = dict[str, Any]
SETTINGS: Record = {
    "webhook_url": "",            # where events are posted; empty: nowhere
    "webhook_version": "v3",      # v3, v4 or mixed
    "v3_shape": "event",          # event, flat (the legacy charge) or mixed
    "v4_id": "id",                # id, webhook_id or mixed: how the event's id is called
    "v4_times": "text",           # text, number or mixed: how created_datetime is written
    "secret_hash": "",            # of the webhooks; empty: hash-NAME
    "retries": 3, "retry_seconds": 1800, "timeout_seconds": 60,
    "timestamp_skew": 0,          # seconds an event of v4 is dated away from the machine's time
    "meta_in_webhook": True, "refund_webhook": True,
    "auto_pay": None,             # {"after": seconds, and what a payment takes}: each link is paid by itself
    "charge_fee_percent": 0, "fee_bearer": "merchant", "method": "mobilemoneyfranco",
    "auto_transfers": "",         # successful or failed: what becomes of a payout after transfer_seconds
    "transfer_seconds": 0, "payout_fee": 0,
    "auto_refunds": "completed",  # completed, or empty: pending until it is said
    "refund_note": "comments",    # how a refund that is asked about calls what it was asked with; empty: not at all
    "overdraft": True,            # without it a payout beyond the balance fails
    "unheard_filter": "",         # of the list of chargebacks: one that is taken and changes nothing
    "not_found_status": 400, "seed": 1,
}
CHOICES = {"webhook_version": {"v3", "v4", "mixed"}, "v3_shape": {"event", "flat", "mixed"},
           "v4_id": {"id", "webhook_id", "mixed"}, "v4_times": {"text", "number", "mixed"},
           "fee_bearer": {"merchant", "customer"}, "auto_transfers": {"", "successful", "failed"},
           "auto_refunds": {"", "completed"}, "refund_note": {"comments", "comment", ""}}
REFERENCE = {"charges": "tx_ref", "transfers": "reference", "refunds": "tx_id", "chargebacks": "charge"}
NUMBERS = {"retries", "retry_seconds", "timeout_seconds", "charge_fee_percent", "transfer_seconds", "payout_fee",
           "timestamp_skew", "not_found_status", "seed"}
NAMED = {"links", "idempotency", "tokens"}  # tables whose keys are not ours


class Refused(Exception):
    """A request the provider understands and does not grant."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Account:
    """Tables of records by id; every change goes through put, and is journaled."""

    last_id = 0  # never used twice, not even by another account or after a restart

    def __init__(self, name: str, journal: Journal, tables: Tables | None = None) -> None:
        self.name, self.journal = name, journal
        self.tables: Tables = {}
        self.by_reference: dict[tuple[str, str], list[str]] = {}
        self.clock = Clock()
        self.actions: dict[str, Callable[["Account", str], object]] = {}
        self.running: set[asyncio.Task[Any]] = set()
        self.gone = False
        self.moving = asyncio.Lock()
        for table, records in (tables or {}).items():
            for key, record in records.items():
                self._keep(table, key, record)
        self.clock.offset = self.table("clock").get("clock", {}).get("offset", 0)
        kept = self.table("settings").get("settings", {})
        self.settings: Record = {**SETTINGS, "secret_hash": f"hash-{name}", **kept}
        self.random = random.Random(self.settings["seed"])

    def table(self, name: str) -> dict[str, Record]:
        return self.tables.setdefault(name, {})

    def put(self, table: str, key: Any, record: Record) -> Record:
        self._keep(table, str(key), record)
        self._note(table, str(key), record)
        return record

    def _keep(self, table: str, key: str, record: Record) -> None:
        member = REFERENCE.get(table)
        if member and key not in self.table(table):
            self.by_reference.setdefault((table, str(record[member])), []).append(key)
        self.table(table)[key] = record
        if key.isdigit() and table not in NAMED:
            Account.last_id = max(Account.last_id, int(key))

    def remove(self, table: str, key: str) -> Record | None:
        self._note(table, key, None)
        return self.table(table).pop(key, None)

    def _note(self, table: str, key: str, record: Record | None) -> None:
        if not self.gone:
            self.journal.note(self.name, table, key, record)

    def forget(self) -> None:
        """Ends everything that goes on and leaves nothing in the journal."""
        self.gone = True
        self.table("timers").clear()
        for task in self.running:
            task.cancel()
        self.clock.stop()
        self.journal.note(self.name, None, "", None)

    def referred(self, table: str, reference: Any) -> list[Record]:
        """The records with this reference, oldest first."""
        return [self.table(table)[key] for key in self.by_reference.get((table, str(reference)), [])]

    def next_id(self) -> int:
        Account.last_id = max(Account.last_id + 1, time.time_ns() // 1_000_000)
        return Account.last_id

    def configure(self, given: Record) -> None:
        """Some settings; the others stay. ValueError for what is none."""
        for name, value in given.items():
            if name not in SETTINGS or name in CHOICES and str(value) not in CHOICES[name]:
                raise ValueError(f"no setting: {name}={value!r:.60}")
            if name in NUMBERS:
                money.number(value)
        self.settings.update(given)
        self.put("settings", "settings", self.settings)
        if "seed" in given:
            self.random = random.Random(given["seed"])

    def choice(self, setting: str) -> str:
        """A setting's value; for "mixed" one of the others, by the account's seed."""
        value = self.settings[setting]
        return self.random.choice(sorted(CHOICES[setting] - {"mixed"})) if value == "mixed" else value

    def later(self, seconds: Any, action: str, key: Any) -> None:
        """Does actions[action](account, key) after that many seconds of this account's clock, restarts or not."""
        name = str(self.next_id())
        self.put("timers", name, {"due": self.clock.now() + int(seconds * 1000), "action": action, "key": str(key)})
        self._set(name)

    def _set(self, name: str) -> None:
        self.clock.at(self.table("timers")[name]["due"], lambda: self._fire(name))

    def _fire(self, name: str) -> None:
        timer = self.remove("timers", name)
        if timer:
            with contextlib.suppress(Refused):  # somebody was quicker
                self.actions[timer["action"]](self, timer["key"])
            self.journal.commit()

    def resume(self) -> None:
        for name in list(self.table("timers")):
            self._set(name)

    def run(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def quiet(self, seconds: float) -> bool:
        """Waits until no webhook is under way, at most that many real seconds."""
        end = time.monotonic() + seconds
        while self.running and time.monotonic() < end:
            await asyncio.wait(list(self.running), timeout=end - time.monotonic())
        return not self.running

    async def advance(self, seconds: Any, patience: float) -> int:
        """Moves the clock, stopping at everything that falls due on the way until its webhooks are through, or have
        not been for so many real seconds."""
        async with self.moving:
            await self.quiet(patience)
            target = self.clock.now() + int(seconds * 1000)
            while (due := self.clock.earliest()) is not None and due <= target:
                self.clock.jump(due)
                await self.quiet(patience)
            self.clock.jump(target)
            await self.quiet(patience)
            self.put("clock", "clock", {"offset": self.clock.offset})
            return self.clock.now()
