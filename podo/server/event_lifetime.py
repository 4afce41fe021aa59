"""Events go an hour after they were last written, as with kube-apiserver's `--event-ttl`: nobody else deletes them.

An etcd would let them go by its leases; this works on every store, and with several servers on one.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from podo.api.errors import APIError, Conflict, NotFound
from podo.api.timestamps import parse
from podo.server.admission_point import AdmitAll
from podo.server.bootstrap.objects import context_of, served_of
from podo.server.core import Core
from podo.server.registry.deleting import DeleteOptions
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection

EVERY = 60.0
"""Seconds between looks."""
AT_ONCE = 500
"""Events that are read, or deleted, before others have their turn."""
log = logging.getLogger("podo.server.events")


class _Manager(msgspec.Struct):
    time: str | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    creation_timestamp: str | None = None
    managed_fields: tuple[_Manager, ...] = ()


class _Series(msgspec.Struct, rename="camel"):
    last_observed_time: str | None = None


class _Event(msgspec.Struct, rename="camel"):
    metadata: _Metadata
    last_timestamp: str | None = None
    series: _Series | None = None


_decode = msgspec.json.Decoder(_Event).decode


class EventLifetime:
    """Deletes what is older than `lifetime` seconds."""

    def __init__(self, core: Core, lifetime: float) -> None:
        self._core, self._lifetime = core, timedelta(seconds=lifetime)
        self._kind = served_of(core, {"apiVersion": "v1", "kind": "Event"})

    async def run(self) -> None:
        """Look every minute, until cancelled."""
        while True:
            await self._core.clock.sleep(EVERY)
            try:
                await self.look()
            except APIError:
                log.warning("could not delete old events", exc_info=True)

    async def look(self) -> None:
        """Delete what is too old now. Raises APIError."""
        await self._core.cache.consistent()
        now = self._core.clock.now()
        entries = list(self._core.cache.resource(self._kind.stored.prefix).select(Selection()))
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            await self._delete([entry for entry in some if now - last_written(entry, now) >= self._lifetime])
            await asyncio.sleep(0)

    async def _delete(self, old: Sequence[Entry]) -> None:
        async with asyncio.TaskGroup() as tasks:  # together, so that they share commits
            for entry in old:
                tasks.create_task(self._delete_one(entry))

    async def _delete_one(self, entry: Entry) -> None:
        context = context_of(self._core, self._kind, entry.namespace)
        unchanged = DeleteOptions(resource_version=str(entry.revision))
        try:
            await self._core.registry.delete(context, self._kind, entry.name, unchanged, admission=AdmitAll())
        except (NotFound, Conflict):
            pass  # another server was faster, or it has happened again


def last_written(entry: Entry, now: datetime) -> datetime:
    """When an event was last written, as far as it says so; what would be later than `now` is not believed."""
    event = _decode(b"{" + entry.tail)
    texts = [event.metadata.creation_timestamp, event.last_timestamp, event.series and event.series.last_observed_time]
    texts += [manager.time for manager in event.metadata.managed_fields]
    moments = (parse(text) for text in texts if text)
    return max((moment for moment in moments if moment <= now), default=now)
