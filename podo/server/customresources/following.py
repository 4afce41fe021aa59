"""The life of definitions: what they add to the catalog, their names and conditions, and the end of their objects.

One watch of the definitions; each is looked at when it changes, and all of its group when names become free.
"""

import asyncio
import logging
from contextlib import suppress

from podo.api.errors import APIError, Conflict, NotFound
from podo.api.timestamps import format_time
from podo.clock import Clock
from podo.server.context import Context, User
from podo.server.registry.catalog import Catalog
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.generic import Change, Registry
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Notice, Seen, Watcher

from .definition import FINALIZER, GROUP, PLURAL, TERMINATING, Definition
from .installing import Converting, Installed
from .kind import Converter
from .naming import named, with_condition

log = logging.getLogger(__name__)
EVERYTHING = Selection()
RETRY = 1.0
"""Seconds after which what has failed is tried again."""


def no_conversion(definition: Definition) -> Converter | None:
    """Versions differ by name only."""
    return None


class Definitions:
    """Keeps a catalog as the definitions say. `load` before the first request, then `run` until cancelled."""

    def __init__(
        self, registry: Registry, catalog: Catalog, clock: Clock, user: User, converting: Converting = no_conversion
    ) -> None:
        served = catalog.by_path(GROUP, "v1", PLURAL)
        assert served is not None
        self._registry, self._clock, self._user, self._kind = registry, clock, user, served
        self._installed = Installed(catalog, registry.cache, converting)
        self._going: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, None] = {}

    async def load(self) -> int:
        """Serve what is there; the revision at which it was so."""
        found = await self._registry.list(self._kind, EVERYTHING, ListOptions())
        self._installed.forget_others({entry.name for entry in found.entries})
        for entry in found.entries:
            self._installed.follow(entry)
            self._waiting[entry.name] = None
        return found.revision

    async def run(self) -> None:
        """Follow the definitions."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                since = await self.load()
                with suppress(APIError):  # the window has moved on: read all again
                    watcher = self._registry.watch(self._kind, EVERYTHING, since)
                    try:
                        await self._follow(watcher, tasks)
                    finally:
                        self._registry.unwatch(self._kind, watcher)

    async def _follow(self, watcher: Watcher, tasks: asyncio.TaskGroup) -> None:
        while not watcher.closed:
            for notice in watcher.take():
                self._see(notice)
            while self._waiting:
                name = next(iter(self._waiting))
                del self._waiting[name]
                await self._work(name, tasks)
                for notice in watcher.take():
                    self._see(notice)
            await watcher.changed()

    def _see(self, notice: Notice) -> None:
        entry = notice.change.entry
        if notice.seen in (Seen.DELETED, Seen.LEFT):
            self._installed.forget(entry.name)
            self._waiting |= dict.fromkeys(self._group_of(entry.name))
        else:
            self._installed.follow(entry)
            self._waiting[entry.name] = None

    def _group_of(self, name: str) -> list[str]:
        """The definitions of the same group."""
        return self._installed.group_of(name)

    async def _work(self, name: str, tasks: asyncio.TaskGroup) -> None:
        """Bring the status of a definition up to date; begin to delete its objects if it is to go."""
        entry = self._registry.cache.resource(self._kind.stored.prefix).get(name)
        if entry is None:
            return
        definition = Definition(entry)
        if definition.metadata.deletion_timestamp:
            if FINALIZER in definition.metadata.finalizers and name not in self._going:
                task = self._going[name] = tasks.create_task(self._clean(name), name=f"end of {name}")
                task.add_done_callback(lambda _: self._going.pop(name, None))
            return
        names = definition.status.accepted_names
        if definition.served and names == definition.spec.names:
            return
        try:
            await self._name(name)
        except (Conflict, NotFound):
            pass  # it has changed meanwhile: there is another event
        except APIError:
            log.warning("could not write the status of %s", name, exc_info=True)

    async def _name(self, name: str) -> None:
        others = self._installed.names_beside(name)

        async def change(obj: Object, revision: int) -> Object:
            status = named(obj, others, format_time(self._clock.now()))
            return obj if status is None else obj | {"status": status}

        await self._update_status(name, change)

    async def _say_begun(self, name: str) -> None:
        """Let the definition say that its objects are being deleted."""

        async def change(obj: Object, revision: int) -> Object:
            text, now = "CustomResource deletion is in progress", format_time(self._clock.now())
            reason = "InstanceDeletionInProgress"
            return obj | {"status": with_condition(obj.get("status") or {}, TERMINATING, "True", reason, text, now)}

        await self._update_status(name, change)

    async def _update_status(self, name: str, change: Change) -> None:
        await self._registry.update(self._context("status"), self._kind, name, change)

    def _context(self, subresource: str = "", namespace: str = "", kind: Served | None = None) -> Context:
        resource = (kind or self._kind).resource
        return Context(
            self._user,
            self._clock.now(),
            group=resource.group,
            version=resource.version,
            subresource=subresource,
            namespace=namespace,
            manager="kube-apiserver",
        )

    async def _clean(self, name: str) -> None:
        """Delete all objects of a definition that is to go, wait until they are gone, and let it go."""
        while True:
            try:
                await self._end(name)
                return
            except NotFound:
                return
            except APIError:
                log.warning("could not delete the objects of %s", name, exc_info=True)
            await self._clock.sleep(RETRY)

    async def _end(self, name: str) -> None:
        versions = self._installed.versions(name)
        if versions:  # best the one in which they are stored: no conversion can then hinder their deletion
            stored = next((each for each in versions if each.version.storage), versions[0])
            await self._delete_all(name, stored)
            reason, message = "InstanceDeletionCompleted", "removed all instances"
        else:
            reason, message = "NeverEstablished", "resource was never established"

        async def change(obj: Object, revision: int) -> Object:
            status = obj.get("status") or {}
            now = format_time(self._clock.now())
            finalizers = [one for one in obj["metadata"].get("finalizers") or () if one != FINALIZER]
            metadata = obj["metadata"] | {"finalizers": finalizers}
            status = with_condition(status, TERMINATING, "False", reason, message, now)
            return obj | {"metadata": metadata, "status": status}

        await self._update_status(name, change)

    async def _delete_all(self, name: str, kind: Served) -> None:
        """Delete the objects, again when more come, until there are none."""
        resource = self._registry.cache.resource(kind.stored.prefix)
        if len(resource):
            await self._say_begun(name)
        while True:
            revision = await self._registry.cache.consistent()
            entries = list(resource.select(EVERYTHING, ""))
            if not entries:
                return
            for entry in entries:
                with suppress(NotFound):
                    await self._registry.delete(
                        self._context("", entry.namespace, kind), kind, entry.name, DeleteOptions()
                    )
            watcher = self._registry.watch(kind, EVERYTHING, revision)
            try:
                while len(resource) and not watcher.closed:
                    await watcher.changed()
                    watcher.take()
            finally:
                self._registry.unwatch(kind, watcher)
