"""A queue of keys: each at most once in the queue, and never in two workers at a time.

A key that is added while in work runs once more when that work is done. As in client-go's workqueue, that follows from
two sets: the keys that are dirty, and the keys that are in work.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from podo.client.backoff import RECONCILE, Backoff
from podo.clock import Clock

K = TypeVar("K", bound=Hashable)


class QueueMetrics(Protocol):
    """What a queue reports. Durations are in seconds."""

    def added(self, depth: int) -> None: ...

    def started(self, depth: int, waited: float) -> None: ...

    def finished(self, worked: float) -> None: ...

    def retried(self) -> None: ...


class NoMetrics:
    """Nobody asks."""

    def added(self, depth: int) -> None: ...

    def started(self, depth: int, waited: float) -> None: ...

    def finished(self, worked: float) -> None: ...

    def retried(self) -> None: ...


class WorkQueue(Generic[K]):
    """Keys that wait for a worker. `run` must run beside the workers: it brings in delayed keys when they are due."""

    def __init__(self, clock: Clock, *, backoff: Backoff = RECONCILE, metrics: QueueMetrics | None = None) -> None:
        self._clock, self._backoff, self._metrics = clock, backoff, metrics or NoMetrics()
        self._ready: deque[K] = deque()
        self._dirty: dict[K, float] = {}  # since when it waits; holds all of _ready, and what must run again after work
        self._working: dict[K, float] = {}  # since when
        self._failures: dict[K, int] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._due: dict[K, float] = {}  # the earliest time of each delayed key; later entries in the heap are void
        self._delayed: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._new_first = asyncio.Event()
        self._sleeper: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many keys wait now; delayed ones and those in work do not count."""
        return len(self._ready)

    @property
    def idle(self) -> bool:
        """Whether nothing waits or is in work. Delayed keys do not count."""
        return not self._dirty and not self._working

    def add(self, key: K) -> None:
        """Have `key` worked on, once, as soon as possible."""
        if key in self._dirty:
            return
        self._dirty[key] = self._clock.monotonic()
        if key not in self._working:
            self._push(key)
        self._metrics.added(len(self._ready))

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` after `seconds`. If it is delayed already, the earlier time counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if self._due.get(key, due + 1) <= due:
            return
        self._due[key] = due
        first = not self._delayed or due < self._delayed[0][0]
        heapq.heappush(self._delayed, (due, next(self._order), key))
        if first:
            self._new_first.set()
            if self._sleeper is not None:
                self._sleeper.cancel()

    def retry(self, key: K) -> None:
        """Add `key` after a wait that doubles with each call, until `forget`."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self._metrics.retried()
        self.add_after(key, self._backoff.delay(failures))

    def forget(self, key: K) -> None:
        """`key` succeeded: its next failure is its first."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often `key` failed since it last succeeded."""
        return self._failures.get(key, 0)

    async def get(self) -> K:
        """The next key, which is the caller's until it calls `done`."""
        while not self._ready:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled() and self._ready:
                    self._wake()  # the key that woke us is another's now
                raise
        key, now = self._ready.popleft(), self._clock.monotonic()
        self._metrics.started(len(self._ready), now - self._dirty.pop(key))
        self._working[key] = now
        return key

    def done(self, key: K) -> None:
        """The work on `key` that `get` began has ended. If it was added meanwhile, it is in the queue again."""
        self._metrics.finished(self._clock.monotonic() - self._working.pop(key))
        if key in self._dirty:
            self._push(key)

    async def run(self) -> None:
        """Add delayed keys when their time comes. Sleeps while there are none."""
        while True:
            self._new_first.clear()
            left = self._add_due()
            if left is None:
                await self._new_first.wait()
                continue
            async with asyncio.TaskGroup() as nap:  # ended early by add_after with an earlier time
                self._sleeper = nap.create_task(self._clock.sleep(left))
            self._sleeper = None

    def _add_due(self) -> float | None:
        """Add what is due; the seconds until the next, None if there is none."""
        now = self._clock.monotonic()
        while self._delayed:
            due, _, key = self._delayed[0]
            if self._due.get(key) != due:
                heapq.heappop(self._delayed)  # an earlier time replaced this one
            elif due <= now:
                heapq.heappop(self._delayed)
                del self._due[key]
                self.add(key)
            else:
                return due - now
        return None

    def _push(self, key: K) -> None:
        self._ready.append(key)
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
