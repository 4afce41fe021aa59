"""The Pods that wait for a node: ready ones by priority, failed ones until something helps, with back-off.

A Pod that fits nowhere is parked with what may help it (a node that changes, a Pod that goes, a volume). When such a
thing happens it is unparked: taken when nothing else is ready, or at the latest when its back-off is over. Parked Pods
are tried again after `PARKED_AT_MOST` in any case.
"""

import asyncio
import heapq
import itertools
from collections.abc import Set

from podo.client.backoff import Backoff
from podo.client.base import Key
from podo.clock import Clock
from podo.scheduler.requests import PodInfo

BACKOFF = Backoff(base=1.0, cap=10.0)
PARKED_AT_MOST = 300.0
HASTY_AT_MOST = 64  # when more Pods than these are unparked at once, all wait for their back-off


class SchedulingQueue:
    """Each Pod is in one place at most: ready, waiting for its back-off, or parked."""

    def __init__(self, clock: Clock, backoff: Backoff = BACKOFF) -> None:
        self._clock, self._wait_after = clock, backoff
        self._pods: dict[Key, PodInfo] = {}
        self._ready: list[tuple[int, int, Key]] = []
        self._order = itertools.count()
        self._entries: dict[Key, int] = {}  # the valid heap entry of each ready Pod
        self._attempts: dict[Key, int] = {}
        self._due: dict[Key, float] = {}  # when the back-off of a failed Pod is over
        self._hasty: dict[Key, None] = {}  # those of them that need not wait if nothing else is ready
        self._parked: dict[Key, tuple[float, Set[str]]] = {}  # since when, and what may help
        self._changed = asyncio.Event()
        self._moves = 0
        self._last: dict[str, int] = {}  # the latest move of each sort

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

    def update(self, key: Key, info: PodInfo) -> None:
        """A new version that does not fit better than the one before; a Pod that does not wait stays unknown."""
        if key in self._pods:
            self._pods[key] = info

    def remove(self, key: Key) -> None:
        """The Pod is bound, or gone."""
        self._pods.pop(key, None)
        self._entries.pop(key, None)
        self._attempts.pop(key, None)
        self._due.pop(key, None)
        self._hasty.pop(key, None)
        self._parked.pop(key, None)

    def take(self) -> tuple[Key, PodInfo] | None:
        """The next ready Pod, which then is in no place: call `fail` or `remove` when its attempt is over."""
        if not self._entries and self._hasty:
            for key in self._hasty:
                self._make_ready(key, hasty=True)
            self._hasty.clear()
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
        if self._entries or self._hasty:
            return
        self._changed.clear()
        times = [*self._due.values(), *(t + PARKED_AT_MOST for t, _ in self._parked.values())]
        sleeper = asyncio.ensure_future(self._clock.sleep(max(min(times) - now, 0.001))) if times else None
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait([t for t in (sleeper, changed) if t], return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            if sleeper is not None:
                sleeper.cancel()
        self._release(self._clock.monotonic())

    def fail(self, key: Key, *, since: int, helped_by: Set[str]) -> None:
        """The Pod fits nowhere; `helped_by` may change that.

        `since` is `moves` from before the attempt: if one of these has happened after it, the Pod is only delayed.
        """
        if key not in self._pods:
            return
        if any(self._last.get(change, 0) > since for change in helped_by):
            self.delay(key)
        else:
            self._parked[key] = self._clock.monotonic(), helped_by
            self._changed.set()

    def delay(self, key: Key) -> None:
        """Try the Pod again after its back-off: its binding failed."""
        if key in self._pods:
            self._due[key] = self._clock.monotonic() + self._backoff(key)
            self._changed.set()

    def retry(self, key: Key) -> None:
        """Try the Pod again at once, if it is parked."""
        if self._parked.pop(key, None) is not None:
            self._make_ready(key)

    def unpark(self, change: str) -> None:
        """Something happened that may let parked Pods fit."""
        self._moves += 1
        self._last[change] = self._moves
        helped = [key for key, (_, by) in self._parked.items() if change in by]
        for key in helped:
            since, _ = self._parked.pop(key)
            self._due[key] = since + self._backoff(key)
            if len(helped) <= HASTY_AT_MOST:
                self._hasty[key] = None
        if helped:
            self._changed.set()

    def _backoff(self, key: Key) -> float:
        return self._wait_after.delay(self._attempts.get(key, 1))

    def _make_ready(self, key: Key, *, hasty: bool = False) -> None:
        self._due.pop(key, None)
        if not hasty:
            self._hasty.pop(key, None)
        entry = self._entries[key] = next(self._order)
        heapq.heappush(self._ready, (-self._pods[key].priority, entry, key))
        self._changed.set()

    def _release(self, now: float) -> None:
        for key in [k for k, t in self._due.items() if t <= now]:
            self._make_ready(key)
        for key in [k for k, (t, _) in self._parked.items() if t + PARKED_AT_MOST <= now]:
            del self._parked[key]
            self._make_ready(key)
