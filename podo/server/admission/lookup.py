"""Other objects than the one that is admitted, as the watch cache has them."""

import asyncio
from typing import Protocol, TypeVar

from podo.api import scheme
from podo.api.resources import Resource
from podo.api.scheme import Object as TypedObject
from podo.server.registry.catalog import Catalog
from podo.server.registry.kinds import Served
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection

T = TypeVar("T", bound=TypedObject)


class Lookup(Protocol):
    """Finds objects; they are shared and must not be changed."""

    async def find(self, cls: type[T], name: str, namespace: str = "", *, patience: float = 0) -> T | None:
        """The object, as new as any acknowledged write; waits `patience` seconds for one that is not there yet."""
        ...

    async def all(self, cls: type[T], namespace: str = "") -> list[T]:
        """All objects of a kind."""
        ...

    def exists(self, resource: Resource, namespace: str, name: str) -> bool:
        """Whether there is an object of a resource at this place, as far as is known now."""
        ...


class CachedLookup:
    """Looks into the watch cache. An object is decoded once a revision, for all who ask."""

    def __init__(self, cache: WatchCache, catalog: Catalog) -> None:
        self._cache, self._catalog = cache, catalog

    def _served(self, cls: type[TypedObject]) -> Served:
        resource = scheme.resource_of(cls)
        served = self._catalog.by_path(resource.group, resource.version, resource.plural)
        assert served is not None
        return served

    async def find(self, cls: type[T], name: str, namespace: str = "", *, patience: float = 0) -> T | None:
        stored = self._served(cls).stored
        key = stored.key(namespace, name)
        await self._cache.consistent()
        entry = self._cache.resource(stored.prefix).get(key)
        if entry is None and patience:
            entry = await self._come(stored.prefix, key, patience)
        return typed(entry, cls) if entry is not None else None

    def held(self, cls: type[T], namespace: str, name: str) -> T | None:
        """The object as the cache has it now, which may be a moment behind the last write."""
        stored = self._served(cls).stored
        entry = self._cache.resource(stored.prefix).get(stored.key(namespace, name))
        return typed(entry, cls) if entry is not None else None

    async def _come(self, prefix: str, key: str, patience: float) -> Entry | None:
        """Wait for an object that someone is about to make."""
        resource = self._cache.resource(prefix)
        watcher = resource.watch(Selection(key.rpartition("/")[0]), self._cache.revision)
        try:
            async with asyncio.timeout(patience):
                while (found := resource.get(key)) is None and not watcher.closed:
                    watcher.take()
                    await watcher.changed()
        except TimeoutError:
            return None
        finally:
            resource.watchers.remove(watcher)
        return found

    async def any(self, cls: type[TypedObject]) -> bool:
        """Whether there is an object of a kind at all."""
        await self._cache.consistent()
        return len(self._cache.resource(self._served(cls).stored.prefix)) > 0

    def exists(self, resource: Resource, namespace: str, name: str) -> bool:
        served = self._catalog.by_path(resource.group, resource.version, resource.plural)
        if served is None:
            return False
        return self._cache.resource(served.stored.prefix).get(served.stored.key(namespace, name)) is not None

    async def all(self, cls: type[T], namespace: str = "") -> list[T]:
        await self._cache.consistent()
        resource = self._cache.resource(self._served(cls).stored.prefix)
        return [typed(entry, cls) for entry in resource.select(Selection(namespace))]


def typed(entry: Entry, cls: type[T]) -> T:
    """The entry as a Struct, from memory if it has been asked for before."""
    known: T | None = entry.typed
    if type(known) is cls:
        return known
    found = entry.typed = scheme.decode(cls, b"{" + entry.tail)
    return found
