"""What a serving process holds of the machine's memory."""

import asyncio
import tracemalloc
from contextlib import asynccontextmanager

import pytest

from podo.clock import VirtualClock
from podo.server.memory import EVERY, LOOKS, SLACK, SystemHeap, staying_small
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.generic import COLLECTION_WORKERS
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection
from podo.store.base import EventType

from .registry.lab import Lab
from .watchcache.build import value

MIB = 1 << 20


class Heap:
    """Occupies `held` and `free`, until it is trimmed."""

    def __init__(self, held, free=0):
        self.held, self.free, self.trimmed = held, free, 0

    def resident(self):
        return self.held + self.free

    def trim(self):
        self.free, self.trimmed = 0, self.trimmed + 1


@asynccontextmanager
async def watched(heap, clock):
    async with staying_small(heap, clock):
        await clock.run_for(0)
        yield


async def test_a_process_that_has_grown_gives_back_what_is_free():
    heap, clock = Heap(100 * MIB), VirtualClock()
    async with watched(heap, clock):
        heap.free = SLACK
        await clock.run_for(EVERY)
        assert heap.resident() == 100 * MIB


async def test_what_was_freed_without_growth_is_given_back_a_little_later():
    heap, clock = Heap(100 * MIB), VirtualClock()
    async with watched(heap, clock):
        heap.held, heap.free = 40 * MIB, 60 * MIB
        await clock.run_for((LOOKS - 1) * EVERY)
        assert heap.trimmed == 0
        await clock.run_for(EVERY)
        assert heap.resident() == 40 * MIB


async def test_what_is_needed_is_not_tried_for_at_every_look():
    heap, clock = Heap(100 * MIB), VirtualClock()
    async with watched(heap, clock):
        heap.held += 5 * SLACK
        await clock.run_for(EVERY)
        assert heap.trimmed == 1
        await clock.run_for(12 * LOOKS * EVERY)
        assert heap.trimmed == 13


def test_this_process_occupies_something_and_can_be_trimmed():
    heap = SystemHeap()
    heap.trim()
    assert MIB < heap.resident() < 100_000 * MIB


@pytest.fixture
async def stocked(core):
    lab = Lab(core)
    for number in range(300):
        await lab.create(lab.obj(f"stock-{number}", data={"value": "x" * 700}))
    return lab


async def test_deleting_a_collection_takes_no_task_for_each_object(stocked):
    most, deleted = 0, 0
    watcher = stocked.core.registry.watch(stocked.served, Selection(), stocked.core.cache.revision)

    def count():
        nonlocal most
        most = max(most, len(asyncio.all_tasks()))

    watcher.wake = count
    before = len(asyncio.all_tasks())
    found = await stocked.core.registry.delete_collection(
        stocked.ctx(), stocked.served, Selection("ns"), ListOptions(), DeleteOptions()
    )
    deleted = len(found.entries)
    assert deleted == 300
    assert before < most <= before + COLLECTION_WORKERS


def test_an_object_of_1_kb_occupies_less_than_two_in_the_cache_and_its_window():
    cache = ResourceCache(lambda obj: {})
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1000):
            obj = value(f"stock-{number}", namespace="ns", data={"value": "x" * 900})
            cache.apply(EventType.ADDED, f"ns/stock-{number}", number + 1, obj)
        each = (tracemalloc.get_traced_memory()[0] - before) / 1000
    finally:
        tracemalloc.stop()
    assert 1000 < len(obj) < each < 2000
