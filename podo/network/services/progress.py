"""How far the rules in force have come: what a zero-drop rollout waits for."""

import asyncio


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
