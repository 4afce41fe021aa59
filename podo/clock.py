"""Time, as everything in podo sees it. Nothing else reads the wall clock or sleeps."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for what is written down, monotonic time for what is waited for."""

    def now(self) -> datetime:
        """The wall time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed; at once (after one turn of the loop) if that is none."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


class VirtualClock:
    """Time that moves only when it is told to: sleepers wake in order of their time, then of their call."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start, self._elapsed = start, 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), wake))
        await wake

    def advance(self, by: timedelta | float) -> None:
        """Move time by `by` (seconds if a number) and wake all whose time has come."""
        self._elapsed += by.total_seconds() if isinstance(by, timedelta) else by
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            self._wake()

    async def run_for(self, by: timedelta | float, *, turns: int = 50) -> None:
        """Move time by `by`, one sleeper at a time, giving each woken task `turns` turns of the loop to act."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        end = self._elapsed + seconds
        await _turns(turns)
        while self._sleepers and self._sleepers[0][0] <= end:
            self._elapsed = max(self._elapsed, self._sleepers[0][0])
            self._wake()
            await _turns(turns)
        self._elapsed = end

    def _wake(self) -> None:
        _, _, wake = heapq.heappop(self._sleepers)
        if not wake.done():  # a cancelled sleeper
            wake.set_result(None)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
