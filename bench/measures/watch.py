"""Watch fan-out: how late many watchers of one resource hear of 10 and 100 updates a second, and how much they can get.

Latency is from just before an update is sent to the arrival of its event. The watchers share this process, whose share
of a core is in the note: near 100 % the figure is what the client can take, not what the server can give.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench import objects
from bench.connection import Connection
from bench.reading import Reading, of_times
from bench.target import Target

MARK = b"sent@"  # in the value, before the time: found however the server spaces its JSON
DIGITS = 20
PACES = ((10, 50), (100, 300))  # updates a second, how many
WRITERS = 8
PATIENCE = 60  # seconds


class Counter:
    """What all watchers have got; `late` is the delay of each event while `timing`."""

    def __init__(self) -> None:
        self.events, self.timing = 0, False
        self.late: list[float] = []
        self._wanted, self._reached = 0, asyncio.Event()

    async def until(self, events: int) -> None:
        """Return once so many events have come in all. Raises TimeoutError."""
        self._wanted = events
        self._reached.clear()
        if self.events < events:
            async with asyncio.timeout(PATIENCE):
                await self._reached.wait()

    def take(self, chunk: bytes) -> None:
        self.events += chunk.count(b"\n")
        if self.events >= self._wanted:
            self._reached.set()
        if self.timing:
            now, at = time.perf_counter_ns(), chunk.find(MARK)
            while at >= 0:
                at += len(MARK)
                self.late.append((now - int(chunk[at : at + DIGITS])) / 1e9)
                at = chunk.find(MARK, at)


async def measure(target: Target) -> AsyncIterator[Reading]:
    path = objects.configmaps(target.namespace)
    for index in range(WRITERS):
        await target.create(path, objects.configmap(f"watch-{index}", 10))
    async with watching(target, path) as counter, target.client.connections(WRITERS) as writers:
        for a_second, count in PACES:
            yield await paced(target, path, writers, counter, a_second, count)
        yield await flood(target, path, writers, counter)


@asynccontextmanager
async def watching(target: Target, path: str) -> AsyncIterator[Counter]:
    """All watchers, from now on."""
    counter = Counter()
    version = (await target.client.one("GET", path, query={"limit": "1"}))["metadata"]["resourceVersion"]
    request = target.client.encode("GET", path, query={"watch": "1", "resourceVersion": version})
    async with target.client.connections(target.options.watchers) as connections:
        for connection in connections:
            connection.stream = counter.take
            connection.request(request)
        yield counter


async def update(target: Target, path: str, connection: Connection, index: int) -> None:
    manifest: dict[str, Any] = objects.configmap(f"watch-{index}", 10)
    manifest["data"] = {"value": f"{MARK.decode()}{time.perf_counter_ns():0{DIGITS}}"}
    body = objects.encoded(manifest)
    await connection.request(target.client.encode("PUT", f"{path}/watch-{index}", body))


async def paced(
    target: Target, path: str, writers: list[Connection], counter: Counter, a_second: int, count: int
) -> Reading:
    """Update at a pace, whether or not the last update has come to all; how late each event is."""
    watchers, before, begin = target.options.watchers, counter.events, time.perf_counter()
    counter.late, counter.timing = [], True
    for number in range(count):
        due = begin + (number + 1) / a_second - time.perf_counter()
        await asyncio.gather(asyncio.sleep(max(0.0, due)), update(target, path, writers[0], 0))
    await counter.until(before + watchers * count)
    counter.timing = False
    took = time.perf_counter() - begin
    note = "" if took < 1.2 * count / a_second else f"only {count / took:.0f} updates a second"
    return of_times(f"watch, {watchers:,} watchers, {a_second} updates/s: latency", counter.late, note=note)


async def flood(target: Target, path: str, writers: list[Connection], counter: Counter) -> Reading:
    """Update as fast as the server answers, until the time is over and all events have come."""
    before, begin, cpu, updates = counter.events, time.perf_counter(), time.process_time(), itertools.count()
    cluster = target.client.cluster_cpu()

    async def write(index: int) -> None:
        while time.perf_counter() < begin + target.options.seconds:
            await update(target, path, writers[index], index)
            next(updates)

    await asyncio.gather(*(write(index) for index in range(len(writers))))
    written, watchers = next(updates), target.options.watchers
    await counter.until(before + written * watchers)
    elapsed, used = time.perf_counter() - begin, time.process_time() - cpu
    note = f"{written:,} updates; the client used {used / elapsed:.0%} of a core"
    delivered = counter.events - before
    each = (target.client.cluster_cpu() - cluster) / delivered or None
    case = f"watch, {watchers:,} watchers: delivered at most"
    return Reading(case, written, delivered / elapsed, "events", cpu=each, note=note)
