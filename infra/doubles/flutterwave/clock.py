"""Time of one account: the machine's plus an offset a test moves forward. Timers fire in the order they are due."""
import asyncio
import datetime
import heapq
import itertools
import time
from collections.abc import Callable

Act = Callable[[], object]


class Clock:
    """Milliseconds since the epoch, by this account's clock, and what is to happen at a time."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self._due: list[tuple[int, int, Act]] = []
        self._order = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset

    def at(self, due: int, act: Act) -> None:
        heapq.heappush(self._due, (due, next(self._order), act))
        self._arm()

    def earliest(self) -> int | None:
        return self._due[0][0] if self._due else None

    def jump(self, to: int) -> None:
        """Moves forward to a time, never back, and does what is due by then."""
        self.offset += max(0, to - self.now())
        self.ring()

    def ring(self) -> None:
        try:
            while self._due and self._due[0][0] <= self.now():
                heapq.heappop(self._due)[2]()
        finally:
            self._arm()

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.at(self.now() + int(seconds * 1000), lambda: self._wake(woken))
        await woken

    def _wake(self, woken: asyncio.Future[None]) -> None:
        if not woken.done():
            woken.set_result(None)

    def stop(self) -> None:
        """Nobody waits any longer."""
        due, self._due = self._due, []
        for _, _, act in due:
            act()
        self._arm()

    def _arm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self._due:
            wait = max(0, self._due[0][0] - self.now()) / 1000
            self._alarm = asyncio.get_running_loop().call_later(min(wait, 3600.0), self.ring)


def text(milliseconds: int) -> str:
    """RFC 3339 with milliseconds, UTC."""
    moment = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
