"""What keeps nftables tables in step: a transaction whenever something has changed, all of it anew after a failure.

Changes are collected while a transaction runs, and the next one has them all, so under load the number of transactions
falls and not behind.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from podo.clock import Clock
from podo.network.nft import Nft, NftFailure

log = logging.getLogger(__name__)
_RETRY_SECONDS, _GUARD_SECONDS = 1.0, 20.0


class Upkeep:
    """Calls a `sync` when it is woken. `fresh`: the next one has to make the tables anew.

    `what` is the tables' content in the log's words, `tables` are theirs as (family, name).
    """

    def __init__(self, nft: Nft, clock: Clock, what: str, tables: Iterable[tuple[str, str]]) -> None:
        self._nft, self._clock, self._what, self._tables = nft, clock, what, set(tables)
        self._wake = asyncio.Event()
        self.fresh = True

    def wake(self) -> None:
        """Something has changed."""
        self._wake.set()

    def begin(self) -> bool:
        """A sync begins, and has all that has changed so far: whether it is to make the tables anew."""
        self._wake.clear()
        fresh, self.fresh = self.fresh, False
        return fresh

    async def run(self, sync: Callable[[], Awaitable[None]]) -> None:
        """Keep the tables in step until cancelled. `sync` may raise NftFailure."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guard(), name=f"guard of the {self._what}")
            await self._follow(sync)

    async def _guard(self) -> None:
        """Notice when somebody else removes the tables, as each restart of nftables.service does."""
        while True:
            await self._clock.sleep(_GUARD_SECONDS)
            try:
                missing = self._tables - set(await self._nft.tables())
            except NftFailure as error:
                log.warning("cannot check the %s: %s", self._what, error)
                continue
            if missing and not self.fresh:
                log.warning("the %s have been removed by somebody else; making them anew", self._what)
                self.fresh = True
                self._wake.set()

    async def _follow(self, sync: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await sync()
            except NftFailure as error:
                log.error("%s: %s; making them anew", self._what, error)
                self.fresh = True
                await self._clock.sleep(_RETRY_SECONDS)
                continue
            await self._wake.wait()

    async def tidy(self, rubbish: list[str]) -> None:
        """Remove chains and sets that are unused by now."""
        try:
            await self._nft.apply(rubbish)
        except NftFailure as error:  # left over, but empty and unused
            log.warning("removing unused chains: %s", error)
