import asyncio

import pytest

from podo.client.base import Key
from podo.clock import VirtualClock
from podo.scheduler.queue import HASTY_AT_MOST, SchedulingQueue
from tests.scheduler.build import info

HELP = frozenset({"node"})
A, B = Key("default", "a"), Key("default", "b")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def queue(clock):
    return SchedulingQueue(clock)


async def ready(queue: SchedulingQueue) -> list[Key]:
    """All that is ready now, taken."""
    found = []
    while taken := queue.take():
        found.append(taken[0])
    return found


async def test_higher_priority_first_then_first_come(queue):
    queue.add(Key("", "low"), info(priority=1))
    queue.add(Key("", "high"), info(priority=9))
    queue.add(Key("", "later"), info(priority=9))
    assert [k.name for k in await ready(queue)] == ["high", "later", "low"]


async def test_a_parked_pod_waits_for_what_may_help_it(queue, clock):
    queue.add(A, info("a"))
    assert await ready(queue) == [A]
    queue.fail(A, since=queue.moves, helped_by=HELP)
    waiting = asyncio.ensure_future(queue.wait())
    queue.unpark("volume")
    await clock.run_for(0.5)
    assert not waiting.done()
    queue.unpark("node")
    await clock.run_for(0.01)
    assert waiting.done()
    assert await ready(queue) == [A]


async def test_an_unparked_pod_comes_after_ready_ones_and_before_its_back_off_is_over(queue, clock):
    queue.add(A, info("a", priority=9))
    await ready(queue)
    queue.fail(A, since=queue.moves, helped_by=HELP)
    queue.add(B, info("b"))
    queue.unpark("node")
    assert await ready(queue) == [B, A]


async def test_many_pods_that_one_change_may_help_wait_for_their_back_off(queue, clock):
    keys = [Key("default", str(n)) for n in range(HASTY_AT_MOST + 1)]
    for key in keys:
        queue.add(key, info(key.name))
    await ready(queue)
    for key in keys:
        queue.fail(key, since=queue.moves, helped_by=HELP)
    queue.unpark("node")
    assert await ready(queue) == []
    waiting = asyncio.ensure_future(queue.wait())
    await clock.run_for(1.1)
    assert waiting.done()
    assert sorted(await ready(queue)) == sorted(keys)


async def test_a_change_during_the_attempt_is_not_missed(queue, clock):
    queue.add(A, info("a"))
    since = queue.moves
    await ready(queue)
    queue.unpark("node")
    queue.fail(A, since=since, helped_by=HELP)
    waiting = asyncio.ensure_future(queue.wait())
    await clock.run_for(1.1)
    assert waiting.done()
    assert await ready(queue) == [A]


async def test_back_off_doubles_to_ten_seconds(queue, clock):
    queue.add(A, info("a"))
    waits = []
    for _ in range(6):
        assert await ready(queue) == [A]
        queue.delay(A)
        before = clock.monotonic()
        waiting = asyncio.ensure_future(queue.wait())
        while not waiting.done():
            await clock.run_for(0.5)
        waits.append(clock.monotonic() - before)
    assert waits == [1, 2, 4, 8, 10, 10]


async def test_a_parked_pod_is_tried_again_in_the_end(queue, clock):
    queue.add(A, info("a"))
    await ready(queue)
    queue.fail(A, since=queue.moves, helped_by=HELP)
    waiting = asyncio.ensure_future(queue.wait())
    await clock.run_for(301)
    assert waiting.done()
    assert await ready(queue) == [A]


async def test_a_removed_pod_is_in_no_place(queue):
    queue.add(A, info("a"))
    queue.add(B, info("b"))
    queue.remove(A)
    assert await ready(queue) == [B]
    queue.fail(A, since=queue.moves, helped_by=HELP)
    assert len(queue) == 1


async def test_a_changed_pod_that_is_parked_is_tried_at_once(queue):
    queue.add(A, info("a"))
    await ready(queue)
    queue.fail(A, since=queue.moves, helped_by=HELP)
    queue.add(A, info("a", priority=3))
    assert await ready(queue) == [A]


async def test_a_pod_that_has_failed_for_days_is_still_tried(queue, clock):
    queue.add(A, info("a"))
    for _ in range(3000):
        assert await ready(queue) == [A]
        queue.fail(A, since=queue.moves, helped_by=HELP)
        queue.unpark("node")
    assert await ready(queue) == [A]
