"""What is worked out from the objects of one kind, kept up to date without a task: it catches up when it is asked."""

from typing import Protocol

from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher
from podo.store.base import EventType

EVERYTHING = Selection()


class Derived(Protocol):
    """Something worked out from objects."""

    def clear(self) -> None:
        """Forget everything."""
        ...

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        """An object came (`previous` is None), changed, or went (`current` is None)."""
        ...


class Follower:
    """Tells `derived` what happens to the kind under `prefix`."""

    def __init__(self, cache: WatchCache, prefix: str, derived: Derived) -> None:
        self._cache, self._prefix, self._derived = cache, prefix, derived
        self._resource: ResourceCache | None = None
        self._watcher: Watcher | None = None

    def catch_up(self) -> bool:
        """Bring `derived` to the state of the cache; whether anything has changed."""
        resource = self._cache.resource(self._prefix)
        watcher = self._watcher
        if watcher is None or watcher.closed or resource is not self._resource:
            self._start(resource)
            return True
        notices = watcher.take()
        for _, change in notices:
            gone = change.type is EventType.DELETED
            self._derived.change(change.previous, None if gone else change.entry)
        return bool(notices)

    def _start(self, resource: ResourceCache) -> None:
        if self._watcher is not None and self._resource is not None:
            self._resource.watchers.remove(self._watcher)
        self._resource, self._watcher = resource, resource.watch(EVERYTHING, self._cache.revision)
        self._derived.clear()
        for entry in resource.select(EVERYTHING):
            self._derived.change(None, entry)
