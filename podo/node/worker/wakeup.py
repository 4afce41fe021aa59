"""How a loop sleeps: until it is woken, or until a time. One timer, no polling."""

import asyncio
from datetime import datetime

from podo.clock import Clock


class Wakeup:
    """An event with an alarm clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._event = clock, asyncio.Event()
        self._alarm: datetime | None = None

    def set(self) -> None:
        """Wake, now or as soon as `wait` is called."""
        self._event.set()

    def clear(self) -> None:
        """What happened so far is being looked at."""
        self._event.clear()
        self._alarm = None

    def at(self, moment: datetime | None) -> None:
        """Wake at `moment` at the latest."""
        self._alarm = moment

    async def wait(self) -> None:
        """Sleep."""
        if self._alarm is None or self._event.is_set():
            await self._event.wait()
            return
        woken = asyncio.ensure_future(self._event.wait())
        seconds = (self._alarm - self._clock.now()).total_seconds()
        timer = asyncio.ensure_future(self._clock.sleep(max(seconds, 0)))
        try:
            await asyncio.wait({woken, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (woken, timer):
                task.cancel()
