"""The seam between the log and the live events, at its worst: watchers that lag."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from podo.api.errors import Expired, ServiceUnavailable
from podo.store.base import Event, EventType, Record, Revision
from podo.store.watchers import Watchers


class Log:
    """A log in a list, that counts how often it is read."""

    def __init__(self, *, backlog: int) -> None:
        self.events: list[Event] = []
        self.replays = 0
        self.watchers = Watchers(self.replay, Revision(1), backlog=backlog)

    async def replay(self, prefix: str, since: Revision, until: Revision) -> AsyncIterator[Event]:
        self.replays += 1
        for event in [e for e in self.events if since < e.record.modified <= until]:
            if event.record.key.startswith(prefix):
                await asyncio.sleep(0)
                yield event

    def write(self, *keys: str) -> None:
        now = len(self.events) + 1
        records = [Record(key, b"", Revision(now + n), Revision(now + n)) for n, key in enumerate(keys, 1)]
        events = [Event(EventType.ADDED, record, None) for record in records]
        self.events += events
        self.watchers.publish(events)


async def take(watch, count: int) -> list[Event]:
    async with asyncio.timeout(5):
        return [await anext(watch) for _ in range(count)]


async def test_a_watcher_that_keeps_up_never_reads_the_log():
    log = Log(backlog=10)
    async with aclosing(log.watchers.watch("/", Revision(1))) as watch:
        reading = asyncio.ensure_future(take(watch, 3))
        await asyncio.sleep(0)
        log.write("/a", "/b")
        log.write("/c")
        assert await reading == log.events
    assert log.replays == 0


async def test_a_watcher_that_lags_reads_on_from_the_log_and_misses_nothing():
    log = Log(backlog=4)
    async with aclosing(log.watchers.watch("/", Revision(1))) as watch:
        reading = asyncio.ensure_future(take(watch, 1))
        await asyncio.sleep(0)
        log.write("/first")
        assert await reading == log.events
        log.write(*(f"/{n}" for n in range(50)))
        log.write("/last")
        assert await take(watch, 51) == log.events[1:]
    assert log.replays == 1


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_the_pace_each_event_comes_once_and_in_order(seed):
    chance, log = random.Random(seed), Log(backlog=3)
    async with aclosing(log.watchers.watch("/odd", Revision(1))) as watch:
        seen: list[Event] = []
        for _ in range(60):
            log.write(*(chance.choice(["/odd", "/even"]) for _ in range(chance.randrange(1, 8))))
            due = [event for event in log.events if event.record.key == "/odd"]
            seen += await take(watch, chance.randrange(min(len(due) - len(seen), 6) + 1))
        due = [event for event in log.events if event.record.key == "/odd"]
        assert seen + await take(watch, len(due) - len(seen)) == due


async def test_a_watcher_that_lags_beyond_what_the_log_has_is_told_so():
    log = Log(backlog=1)

    async def forgetful(prefix: str, since: Revision, until: Revision) -> AsyncIterator[Event]:
        raise Expired("too old")
        yield

    watchers = Watchers(forgetful, Revision(9), backlog=1)
    with pytest.raises(Expired):
        await anext(watchers.watch("/", Revision(3)))
    log.watchers.close()


async def test_closing_wakes_those_who_wait():
    log = Log(backlog=1)
    reading = asyncio.ensure_future(take(log.watchers.watch("/", Revision(1)), 1))
    await asyncio.sleep(0)
    log.watchers.close()
    with pytest.raises(ServiceUnavailable, match="closed"):
        await reading
