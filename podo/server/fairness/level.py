"""A priority level: seats, and queues for requests that find none free.

Seats: a level has `nominal` of them. It keeps `least` for itself whatever happens, lends the others while it does not
need them, and takes up to `most` where others lend, unless one of them waits for what is its own.

Queues: a flow (say, a user) is dealt a small hand of the queues and waits in the shortest of these, so that one that
sends too much fills few of them. Queues take turns by the time that their requests have taken (fair queuing).
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

GUESS = 1.0
"""Seconds that a request is taken to need, until it is done."""


@dataclass(frozen=True)
class Limits:
    """Seats, and how requests wait: in `queues` (0: not at all) of `length`, of which a flow is dealt `hand`."""

    nominal: int
    least: int
    most: int
    queues: int = 0
    length: int = 0
    hand: int = 1

    @property
    def widest(self) -> int:
        """How many seats one request takes at most."""
        return max(1, int(self.nominal * 0.15))


class Rejected(Exception):
    """There is no room; `reason` says for what."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Waiter:
    """A request in a queue."""

    seats: int
    ready: "asyncio.Future[None]"
    flow: str
    arrived: float


@dataclass(slots=True)
class Queue:
    """Requests that wait; `turn` is the virtual time at which the first of them is due."""

    waiting: deque[Waiter] = field(default_factory=deque)
    turn: float = 0.0
    executing: int = 0
    seats: int = 0


@dataclass(slots=True)
class Counts:
    """What has become of requests so far."""

    dispatched: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0


class Level:
    """One priority level, among `others` (itself included) that share `total` seats. `limits` None: exempt."""

    def __init__(self, name: str, uid: str, limits: Limits | None, all_levels: "Levels") -> None:
        self.name, self.uid, self.limits, self._all = name, uid, limits, all_levels
        self.seats, self.executing, self.waiting = 0, 0, 0
        self.counts = Counts()
        self.queues = [Queue() for _ in range(limits.queues)] if limits is not None else []
        self._virtual = 0.0

    def try_take(self, seats: int) -> bool:
        """Take seats at once, if there are any that nobody waits for."""
        if self.limits is None:
            self.executing += 1
            return True
        if self.waiting or not self._has_room(seats):
            return False
        self._begin(seats)
        return True

    def _begin(self, seats: int) -> None:
        self.seats += seats
        self.executing += 1
        self.counts.dispatched += 1

    def _has_room(self, seats: int) -> bool:
        """Whether so many seats are free: of its own, or of those that others lend."""
        limits = self.limits
        assert limits is not None
        wanted = self.seats + seats
        if wanted <= limits.least or not self.seats:
            return True
        return wanted <= limits.most and self._all.lend(self, wanted)

    async def wait(self, seats: int, flow: str, now: float, patience: float) -> Queue:
        """Wait for seats in a queue of the flow's. Raises Rejected."""
        if not self.queues:
            raise self._refused("concurrency-limit")
        assert self.limits is not None
        queue = min(self._hand(flow), key=lambda each: len(each.waiting))
        if len(queue.waiting) >= self.limits.length:
            raise self._refused("queue-full")
        waiter = Waiter(seats, asyncio.get_running_loop().create_future(), flow, now)
        if not queue.waiting:
            queue.turn = max(queue.turn, self._virtual)
        queue.waiting.append(waiter)
        self._count(1)
        try:
            async with asyncio.timeout(patience):
                await waiter.ready
        except TimeoutError:
            self._leave(queue, waiter)
            raise self._refused("time-out") from None
        except asyncio.CancelledError:
            self.counts.cancelled += 1
            self._leave(queue, waiter)
            raise
        return queue

    def _count(self, more: int) -> None:
        self.waiting += more
        self._all.waiting += more

    def _refused(self, reason: str) -> Rejected:
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1
        return Rejected(reason)

    def _leave(self, queue: Queue, waiter: Waiter) -> None:
        """The request waits no more. It may have been let in at the same moment."""
        if waiter.ready.done() and not waiter.ready.cancelled():
            self.give(waiter.seats, queue, 0.0)
            return
        queue.waiting.remove(waiter)
        self._count(-1)

    def _hand(self, flow: str) -> list[Queue]:
        assert self.limits is not None
        digest = int.from_bytes(sha256(flow.encode()).digest()[:8], "big")
        return [self.queues[index] for index in deal(digest, len(self.queues), self.limits.hand)]

    def give(self, seats: int, queue: Queue | None = None, took: float = 0.0) -> None:
        """A request that took `took` seconds is done: its seats go to whoever is due."""
        self.executing -= 1
        if self.limits is None:
            return
        self.seats -= seats
        if queue is not None:
            queue.executing -= 1
            queue.seats -= seats
            queue.turn += seats * (took - GUESS)
        if self._all.waiting:
            self._all.dispatch(self)

    def dispatch(self) -> None:
        """Let in who waits, for as long as there is room."""
        while self.waiting:
            queue = min((q for q in self.queues if q.waiting), key=lambda each: each.turn)
            waiter = queue.waiting[0]
            if not self._has_room(waiter.seats):
                return
            queue.waiting.popleft()
            self._count(-1)
            self._virtual = max(self._virtual, queue.turn)
            queue.turn += waiter.seats * GUESS
            queue.executing += 1
            queue.seats += waiter.seats
            self._begin(waiter.seats)
            waiter.ready.set_result(None)

    @property
    def is_deprived(self) -> bool:
        """Whether requests wait for seats that are the level's own."""
        return bool(self.waiting) and self.limits is not None and self.seats < self.limits.nominal


class Levels:
    """All levels, by name, and the seats that they share."""

    def __init__(self, total: int) -> None:
        self.total, self.waiting = total, 0
        """`waiting`: how many requests wait in all levels."""
        self.by_name: dict[str, Level] = {}

    def __iter__(self) -> Iterator[Level]:
        return iter(self.by_name.values())

    def lend(self, level: Level, wanted: int) -> bool:
        """Whether the others leave `level` so many seats."""
        limits, held = level.limits, 0
        assert limits is not None
        borrows = wanted > limits.nominal
        for other in self:
            if other is level or other.limits is None:
                continue
            if borrows and other.is_deprived:
                return False
            held += max(other.seats, other.limits.least)
        return held + wanted <= self.total

    def dispatch(self, first: Level) -> None:
        """Seats have become free in `first`."""
        first.dispatch()
        for level in self:
            if level.waiting:
                level.dispatch()


def deal(value: int, deck: int, hand: int) -> Iterable[int]:
    """`hand` different numbers below `deck`, the same ones for the same value (shuffle sharding)."""
    dealt: list[int] = []
    for drawn in range(min(hand, deck)):
        value, card = divmod(value, deck - drawn)
        for earlier in sorted(dealt):
            if card >= earlier:
                card += 1
        dealt.append(card)
    return dealt
