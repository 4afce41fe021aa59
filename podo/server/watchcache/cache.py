"""The cache of all kinds: one watch of the store feeds it, so that one revision tells how far it has come."""

import asyncio
import heapq
import itertools
import sys
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Protocol

from podo.api.errors import Expired, Timeout
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import FieldsOf
from podo.store.base import Event, Numbered, Revision, Store
from podo.store.retention import Retention, Window

ROOT = "/registry/"
PAGE = 5_000
PATIENCE = 3.0
"""Seconds that a read waits for a revision that has not come yet."""


class Source(Store, Numbered, Protocol):
    """A store that says how far it is."""


class WatchCache:
    """`run` feeds it until cancelled. Reads before `ready` is set see nothing.

    `revision` is that of the last write taken in. `acknowledged` is that of the last write which this process knows to
    have happened: what a consistent read must have seen. Where other processes write too, `newest` asks the store.
    """

    def __init__(
        self,
        store: Source,
        fields_of: Callable[[str], FieldsOf],
        *,
        shared: bool = False,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        """`fields_of` gives the selectable fields' function of a prefix; `shared`: others write to the store too.

        `monotonic` tells seconds: without it, lists show the past however long ago it was.
        """
        self._store, self._fields_of, self.shared = store, fields_of, shared
        self._monotonic, self._past = monotonic, Window(Retention(events=sys.maxsize), Revision(0))
        self._resources: dict[str, ResourceCache] = {}
        self.revision = self.acknowledged = self._floor = 0
        self.ready = asyncio.Event()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def resource(self, prefix: str) -> ResourceCache:
        """The cache of the kind whose keys begin with `prefix` (`/registry/<group>/<plural>/`)."""
        found = self._resources.get(prefix)
        if found is None:
            found = self._resources[prefix] = ResourceCache(self._fields_of(prefix), self._floor)
        return found

    async def run(self) -> None:
        """Load everything, then follow the store; start anew if it has forgotten where we were."""
        while True:
            await self._load()
            self.ready.set()
            with suppress(Expired):
                async with aclosing(self._store.watch(ROOT, since=Revision(self.revision))) as events:
                    async for event in events:
                        self._apply(event)

    async def _load(self) -> None:
        """Read the store at one revision. Watches of before end: they may have missed something."""
        for old in self._resources.values():
            for watcher in old.watchers.everyone():
                watcher.close()
        found: dict[str, list[Entry]] = {}
        page = await self._store.list(ROOT, limit=PAGE)
        revision = page.revision
        while True:
            for record in page.records:
                prefix, key = split_key(record.key)
                found.setdefault(prefix, []).append(Entry(key, record.modified, record.value))
            if not page.next_key:
                break
            page = await self._store.list(ROOT, limit=PAGE, start=page.next_key, at=revision)
        self._floor = revision
        self._resources = {prefix: ResourceCache(self._fields_of(prefix), revision) for prefix in found}
        for prefix, entries in found.items():
            self._resources[prefix].load(entries)
        self._advance(revision)

    def _apply(self, event: Event) -> None:
        record = event.record
        prefix, key = split_key(record.key)
        self.resource(prefix).apply(event.type, key, record.modified, record.value)
        self._advance(record.modified)

    @property
    def forgotten(self) -> int:
        """Lists do not show the state of revisions before this, as those of a store that has been compacted do not."""
        return self._past.compacted

    def _advance(self, revision: int) -> None:
        self.revision = revision
        if self._monotonic is not None and (old := self._past.advance(Revision(revision), self._monotonic())):
            self._past.compacted = old
            for resource in self._resources.values():
                resource.forget(old)
        while self._waiting and self._waiting[0][0] <= revision:
            _, _, reached = heapq.heappop(self._waiting)
            if not reached.done():
                reached.set_result(None)

    def acknowledge(self, revision: int) -> None:
        """A write of ours has happened: later consistent reads must see it."""
        self.acknowledged = max(self.acknowledged, revision)

    async def consistent(self) -> int:
        """Wait until the cache shows every write that was acknowledged before this call; its revision then."""
        newest = self.acknowledged
        if self.shared:
            newest = max(newest, await self._store.revision())
        if self.revision < newest:
            await self.reach(newest)
        return self.revision

    async def reach(self, revision: int) -> None:
        """Wait until the cache has come to `revision`. Raises Timeout if it does not."""
        if self.revision >= revision:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (revision, next(self._order), reached))
        try:
            async with asyncio.timeout(PATIENCE):
                await reached
        except TimeoutError:
            if self.revision < revision:  # else it has come just now: this process has had to wait, not the cache
                raise too_large(revision, self.revision) from None

    def begin_here(self) -> None:
        """Know nothing of the past, as after a restart: watches from before the present revision expire."""
        self._floor = self.revision
        for resource in self._resources.values():
            resource.begin_at(self.revision)

    def close(self) -> None:
        """End all watches."""
        for resource in self._resources.values():
            for watcher in resource.watchers.everyone():
                watcher.close()


def too_large(wanted: int, current: int, *, retry: bool = True) -> Timeout:
    """The 504 for a revision that has not come yet; clients know it by its cause."""
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return Timeout(message, causes=causes, **({"retryAfterSeconds": 1} if retry else {}))


def split_key(key: str) -> tuple[str, str]:
    """(prefix, rest) of a key: `/registry/core/pods/` and `default/web-0`."""
    end = key.index("/", key.index("/", len(ROOT)) + 1) + 1
    return key[:end], key[end:]
