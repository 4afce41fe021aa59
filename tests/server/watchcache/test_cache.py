"""The cache of all kinds, fed by a store."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from podo.api.errors import Expired, Timeout
from podo.clock import VirtualClock
from podo.server.watchcache import cache as module
from podo.server.watchcache.cache import ROOT, WatchCache, split_key
from podo.server.watchcache.selection import Selection
from podo.store.base import Revision
from podo.store.memory import MemoryStore

from .build import value

PREFIX = f"{ROOT}core/configmaps/"


@asynccontextmanager
async def feeding(store, **more):
    cache = WatchCache(store, lambda prefix: lambda obj: {}, **more)
    task = asyncio.ensure_future(cache.run())
    await cache.ready.wait()
    try:
        yield cache
    finally:
        task.cancel()


def test_a_key_is_a_prefix_and_the_rest():
    assert split_key("/registry/apps/deployments/ns/web") == ("/registry/apps/deployments/", "ns/web")
    assert split_key("/registry/core/nodes/n1") == ("/registry/core/nodes/", "n1")


async def test_what_was_there_before_is_loaded():
    store = MemoryStore()
    await store.create(f"{PREFIX}ns/a", value("a", namespace="ns"))
    async with feeding(store) as cache:
        assert cache.resource(PREFIX).get("ns/a") is not None
        assert cache.revision == 2


async def test_a_consistent_read_waits_for_acknowledged_writes():
    store = MemoryStore()
    async with feeding(store) as cache:
        record = await store.create(f"{PREFIX}ns/a", value("a", namespace="ns"))
        cache.acknowledge(record.modified)
        assert cache.resource(PREFIX).get("ns/a") is None
        await cache.consistent()
        assert cache.resource(PREFIX).get("ns/a") is not None


async def test_where_others_write_too_the_store_is_asked():
    store = MemoryStore()
    async with feeding(store, shared=True) as cache:
        await store.create(f"{PREFIX}ns/a", value("a", namespace="ns"))
        await cache.consistent()
        assert cache.resource(PREFIX).get("ns/a") is not None


@pytest.mark.slow
async def test_a_revision_that_does_not_come_is_too_large():
    async with feeding(MemoryStore()) as cache:
        with pytest.raises(Timeout, match="Too large resource version: 99, current: 1") as caught:
            await cache.reach(99)
        assert caught.value.details["causes"][0]["reason"] == "ResourceVersionTooLarge"


class Forgetful(MemoryStore):
    """Forgets all history while a watch is on its way."""

    forgets = True

    def watch(self, prefix, *, since):
        if self.forgets:
            self.forgets = False
            return self._gone()
        return super().watch(prefix, since=since)

    async def _gone(self):
        raise Expired("too old")
        yield


async def test_a_store_that_has_forgotten_is_read_anew():
    store = Forgetful()
    await store.create(f"{PREFIX}ns/a", value("a", namespace="ns"))
    async with feeding(store) as cache:
        record = await store.create(f"{PREFIX}ns/b", value("b", namespace="ns"))
        await cache.reach(record.modified)
        assert [found.key for found in cache.resource(PREFIX).select(Selection())] == ["ns/a", "ns/b"]


async def test_watches_end_with_the_server():
    async with feeding(MemoryStore()) as cache:
        watcher = cache.resource(PREFIX).watch(Selection(), Revision(1))
        cache.close()
        assert watcher.closed


def test_patience_is_that_of_kubernetes():
    assert module.PATIENCE == 3.0


async def test_what_has_happened_is_forgotten_after_some_minutes_if_anything_is_written():
    store, clock = MemoryStore(), VirtualClock()
    other = f"{ROOT}core/secrets/"
    async with feeding(store, monotonic=clock.monotonic) as cache:
        for _ in range(12):  # a minute apart
            record = await store.create(f"{PREFIX}ns/{clock.monotonic()}", value("a", namespace="ns"))
            await cache.reach(record.modified)
            clock.advance(60)
        resource = cache.resource(PREFIX)
        assert len(list(resource.since(resource.floor))) == 5
        with pytest.raises(Expired):
            resource.watch(Selection(), resource.floor - 1)
        assert len(resource) == 12
        assert cache.resource(other).floor == 1  # nothing has happened there
