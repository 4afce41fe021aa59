"""How far the rules in force have come: what a zero-drop rollout waits for."""

import asyncio
from collections.abc import Awaitable, Callable

Follow = Callable[[int], Awaitable[int]]
"""Says which revision is in force here; returns what others wait for, once that is more, or after a while."""


class Progress:
    """`revision`: every change of EndpointSlices up to it (a resourceVersion) is in force here. It only grows.

    `generation` counts the transactions.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.generation = 0
        self._changed = asyncio.Event()

    def advance(self, revision: int) -> None:
        """A transaction is in force that has all changes up to `revision`."""
        self.revision = max(self.revision, revision)
        self.generation += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def reached(self, revision: int) -> None:
        """Return once everything up to `revision` is in force here. No limit: use asyncio.timeout."""
        while self.revision < revision:
            await self._changed.wait()

    async def changed(self) -> None:
        """Return after the next transaction."""
        await self._changed.wait()


async def keep_reporting(progress: Progress, follow: Follow) -> None:
    """Tell `follow` what is in force here as soon as others wait for it, until cancelled."""
    while True:
        wanted = await follow(progress.revision)
        await progress.reached(wanted)
