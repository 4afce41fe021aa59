"""The Pods that wait for a node: ready ones by priority, failed ones until something changes, with back-off.

A Pod that fits nowhere is parked. What could make it fit (a node that appears or changes, a Pod that goes) unparks all
parked Pods, each not before its back-off is over. Parked Pods are tried again after `PARKED_AT_MOST` in any case.
"""

import asyncio
import heapq
import itertools

from podo.client.base import Key
from podo.clock import Clock
from podo.scheduler.requests import PodInfo

BACKOFF_FIRST, BACKOFF_MOST = 1.0, 10.0
PARKED_AT_MOST = 300.0


class SchedulingQueue:
    """Each Pod is in one place at most: ready, waiting for its back-off, or parked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pods: dict[Key, PodInfo] = {}
        self._ready: list[tuple[int, int, Key]] = []
        self._order = itertools.count()
        self._entries: dict[Key, int] = {}  # the valid heap entry of each ready Pod
        self._attempts: dict[Key, int] = {}
        self._due: dict[Key, float] = {}  # when the back-off of a failed Pod is over
        self._parked: dict[Key, float] = {}  # since when
        self._changed = asyncio.Event()
        self._moves = 0

    def __len__(self) -> int:
        """How many Pods wait, wherever."""
        return len(self._pods)

    @property
    def moves(self) -> int:
        """Grows with each `unpark`: an attempt that began before one may have seen old facts."""
        return self._moves

    def add(self, key: Key, info: PodInfo) -> None:
        """A new Pod, or a new version of one; a changed one is tried again at once."""
        known = key in self._pods
        self._pods[key] = info
        if not known or key in self._parked:
            self._parked.pop(key, None)
            self._make_ready(key)

    def remove(self, key: Key) -> None:
        """The Pod is bound, or gone."""
        self._pods.pop(key, None)
        self._entries.pop(key, None)
        self._attempts.pop(key, None)
        self._due.pop(key, None)
        self._parked.pop(key, None)

    def take(self) -> tuple[Key, PodInfo] | None:
        """The next ready Pod, which then is in no place: call `fail` or `remove` when its attempt is over."""
        while self._ready:
            _, entry, key = heapq.heappop(self._ready)
            if self._entries.get(key) == entry:
                del self._entries[key]
                self._attempts[key] = self._attempts.get(key, 0) + 1
                return key, self._pods[key]
        return None

    async def wait(self) -> None:
        """Return when `take` may have something, at the latest when the next back-off is over."""
        now = self._clock.monotonic()
        self._release(now)
        if self._entries:
            return
        self._changed.clear()
        times = [*self._due.values(), *(t + PARKED_AT_MOST for t in self._parked.values())]
        sleeper = asyncio.ensure_future(self._clock.sleep(max(min(times) - now, 0.001))) if times else None
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait([t for t in (sleeper, changed) if t], return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            if sleeper is not None:
                sleeper.cancel()
        self._release(self._clock.monotonic())

    def fail(self, key: Key, *, since: int) -> None:
        """The Pod fits nowhere. `since` is `moves` from before the attempt: after a later move it is only delayed."""
        if key not in self._pods:
            return
        if since != self._moves:
            self.delay(key)
        else:
            self._parked[key] = self._clock.monotonic()
            self._changed.set()

    def delay(self, key: Key) -> None:
        """Try the Pod again after its back-off: its binding failed."""
        if key in self._pods:
            self._due[key] = self._clock.monotonic() + self._backoff(key)
            self._changed.set()

    def unpark(self) -> None:
        """Something changed that may let parked Pods fit."""
        self._moves += 1
        for key, since in self._parked.items():
            self._due[key] = since + self._backoff(key)
        self._parked.clear()
        self._changed.set()

    def _backoff(self, key: Key) -> float:
        return float(min(BACKOFF_FIRST * 2 ** (self._attempts.get(key, 1) - 1), BACKOFF_MOST))

    def _make_ready(self, key: Key) -> None:
        self._due.pop(key, None)
        entry = self._entries[key] = next(self._order)
        heapq.heappush(self._ready, (-self._pods[key].priority, entry, key))
        self._changed.set()

    def _release(self, now: float) -> None:
        for key in [k for k, t in self._due.items() if t <= now]:
            self._make_ready(key)
        for key in [k for k, t in self._parked.items() if t + PARKED_AT_MOST <= now]:
            del self._parked[key]
            self._make_ready(key)
