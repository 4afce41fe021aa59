"""Work that runs to its end."""

import asyncio

import pytest

from podo.server.context import Context
from podo.server.core import MASTER, running_core
from podo.server.registry.unbroken import Unbroken
from podo.store.memory import MemoryStore


async def test_the_result_and_the_failure_are_the_callers():
    async def good():
        return 7

    async def bad():
        raise KeyError("x")

    async with asyncio.TaskGroup() as tasks:
        unbroken = Unbroken(tasks)
        assert await unbroken.run(good()) == 7
        with pytest.raises(KeyError):
            await unbroken.run(bad())


async def test_a_caller_that_is_cancelled_leaves_and_the_work_goes_on():
    done, go = [], asyncio.Event()

    async def work():
        await go.wait()
        done.append(1)
        raise KeyError("nobody sees it")

    async with asyncio.TaskGroup() as tasks:
        caller = asyncio.ensure_future(Unbroken(tasks).run(work()))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert not done
        go.set()
    assert done == [1]


class Waiting(MemoryStore):
    """Takes its time to create what it is told to wait for."""

    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()

    async def create(self, key, value):
        await self.go.wait()
        return await super().create(key, value)


class Counting:
    """A hook that counts what it gives and takes back."""

    def __init__(self):
        self.held = 0

    async def begin(self, ctx, obj, old):
        self.held += 1

        async def finish(done):
            self.held -= not done

        return finish

    async def deleted(self, ctx, obj):
        self.held -= 1


async def test_no_cancellation_leaves_half_of_a_write_with_a_hook(clock):
    store = Waiting()
    async with running_core(store, clock) as core:
        hook = core.registry.hooks["", "ConfigMap"] = Counting()
        served = core.catalog.by_path("", "v1", "configmaps")
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
        creating = asyncio.ensure_future(
            core.registry.create(Context(MASTER, clock.now(), namespace="ns"), served, obj)
        )
        for _ in range(5):
            await asyncio.sleep(0)
        creating.cancel()
        store.go.set()
    assert await store.get(f"{served.stored.prefix}ns/x") is not None
    assert hook.held == 1
