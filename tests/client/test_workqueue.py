import asyncio

import pytest

from podo.client.backoff import Backoff
from podo.client.workqueue import WorkQueue

from .conftest import settle


class Recorded:
    def __init__(self) -> None:
        self.seen: list[tuple] = []

    def added(self, depth):
        self.seen.append(("added", depth))

    def started(self, depth, waited):
        self.seen.append(("started", depth, waited))

    def finished(self, worked):
        self.seen.append(("finished", worked))

    def retried(self):
        self.seen.append(("retried",))


@pytest.fixture
def queue(clock, background):
    made: WorkQueue[str] = WorkQueue(clock, backoff=Backoff(base=1, cap=8))
    background(made.run())
    return made


async def test_keys_come_in_the_order_in_which_they_were_added(queue):
    for key in "abc":
        queue.add(key)
    assert [await queue.get() for _ in "abc"] == ["a", "b", "c"]


async def test_a_key_that_waits_is_not_added_twice(queue):
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1


async def test_a_key_in_work_that_is_added_runs_once_more_and_never_twice_at_a_time(queue):
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done(key)
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_a_delayed_key_comes_when_its_time_has_come(queue, clock):
    queue.add_after("a", 5)
    await clock.run_for(4.9)
    assert len(queue) == 0
    await clock.run_for(0.2)
    assert len(queue) == 1


async def test_of_two_delays_of_a_key_the_earlier_counts(queue, clock):
    queue.add_after("a", 5)
    queue.add_after("a", 2)
    queue.add_after("a", 9)
    await clock.run_for(2)
    assert await queue.get() == "a"
    queue.done("a")
    await clock.run_for(20)
    assert queue.idle


async def test_an_earlier_key_wakes_the_timer_that_sleeps_for_a_later_one(queue, clock):
    queue.add_after("late", 100)
    await settle()
    queue.add_after("early", 1)
    await clock.run_for(1)
    assert await queue.get() == "early"
    await clock.run_for(99)
    assert await queue.get() == "late"


async def test_no_delay_is_now(queue):
    queue.add_after("a", 0)
    assert len(queue) == 1


async def test_retries_wait_longer_each_time_until_the_key_is_forgotten(queue, clock):
    waits = []
    for _ in range(5):
        queue.retry("a")
        start = clock.monotonic()
        while not len(queue):
            await clock.run_for(0.5)
        waits.append(clock.monotonic() - start)
        queue.done(await queue.get())
    assert waits == [1, 2, 4, 8, 8]
    assert queue.failures("a") == 5
    queue.forget("a")
    assert queue.failures("a") == 0


async def test_a_waiting_worker_is_woken_by_a_key(queue):
    worker = asyncio.ensure_future(queue.get())
    await settle()
    queue.add("a")
    assert await worker == "a"


async def test_a_worker_that_is_cancelled_as_its_key_comes_leaves_the_key_to_another(queue):
    first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
    await settle()
    queue.add("a")
    first.cancel()
    assert await asyncio.wait_for(second, 1) == "a"


async def test_many_workers_share_the_keys(queue):
    done: list[str] = []

    async def work() -> None:
        while True:
            key = await queue.get()
            await asyncio.sleep(0)
            done.append(key)
            queue.done(key)

    workers = [asyncio.ensure_future(work()) for _ in range(3)]
    for number in range(100):
        queue.add(f"k{number % 10}")
        await asyncio.sleep(0)
    await settle(100)
    assert queue.idle
    assert set(done) == {f"k{n}" for n in range(10)}
    for worker in workers:
        worker.cancel()


async def test_metrics_hear_of_waits_work_and_retries(clock):
    metrics = Recorded()
    queue: WorkQueue[str] = WorkQueue(clock, metrics=metrics)
    queue.add("a")
    clock.advance(2)
    key = await queue.get()
    clock.advance(3)
    queue.done(key)
    queue.retry(key)
    assert metrics.seen == [("added", 1), ("started", 0, 2), ("finished", 3), ("retried",)]
