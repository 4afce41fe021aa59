import asyncio
from datetime import timedelta

from podo.clock import VirtualClock


async def test_virtual_sleepers_wake_in_the_order_of_their_time():
    clock, woken = VirtualClock(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        for seconds in (3, 1, 2):
            tasks.create_task(sleeper(seconds))
        await clock.run_for(timedelta(seconds=5))
    assert woken == [(1, 1), (2, 2), (3, 3)]
    assert clock.monotonic() == 5


async def test_advance_wakes_nobody_early():
    clock = VirtualClock()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        clock.advance(9.9)
        await asyncio.sleep(0)
        assert not task.done()
        clock.advance(0.1)


async def test_a_cancelled_sleeper_is_forgotten():
    clock = VirtualClock()
    task = asyncio.ensure_future(clock.sleep(1))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    clock.advance(2)
    assert task.cancelled()
