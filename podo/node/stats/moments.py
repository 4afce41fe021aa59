"""What a node and its Pods use at the moment, with the rates since the reading before."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from podo.api.types.core_v1 import Pod
from podo.clock import Clock
from podo.node.stats.base import NodeUse, PodUse
from podo.node.stats.rates import Rate, Readings, rates, readings

FRESH = timedelta(seconds=60)
"""A reading that is older says nothing of now."""
WINDOW = timedelta(seconds=5)
"""Rates are over at least as long, where somebody has asked before."""
PAUSE = 1.0
"""Seconds between two readings where there was none before."""


class Figures(Protocol):
    """Reads them: `NodeStats`."""

    def node(self) -> NodeUse: ...

    async def pods(self) -> list[PodUse]: ...


@dataclass(frozen=True)
class Moment:
    """A node and its Pods. `rates` are by the keys of `rates.py`."""

    node: NodeUse
    pods: Sequence[tuple[Pod, PodUse]]
    rates: Mapping[str, Rate]


class Moments:
    """Reads only when somebody asks: a node that nobody asks about works for nobody."""

    def __init__(self, figures: Figures, pods: Callable[[], Iterable[Pod]], clock: Clock) -> None:
        self._figures, self._pods, self._clock = figures, pods, clock
        self._kept: list[Readings] = []  # the oldest first
        self._turn = asyncio.Lock()

    async def now(self) -> Moment:
        """The figures of now. Who asks first after a while, or where something is new, waits a second for the rates."""
        async with self._turn:
            moment, found = await self._read()
            self._kept = [old for old in self._kept if age(old, found) <= FRESH]
            result = rates_since(self._kept, found) if self._kept else {}
            if found.keys() - result.keys():
                self._kept.append(found)
                await self._clock.sleep(PAUSE)
                moment, found = await self._read()
                result = rates_since(self._kept, found)
            if age(self._kept[-1], found) >= WINDOW:
                self._kept.append(found)
            return replace(moment, rates=result)

    async def _read(self) -> tuple[Moment, Readings]:
        node, uses = self._figures.node(), await self._figures.pods()
        by_uid = {pod.metadata.uid: pod for pod in self._pods()}
        pods = [(by_uid[use.uid], use) for use in uses if use.uid in by_uid]
        return Moment(node, pods, {}), readings(node, uses)


def rates_since(kept: Sequence[Readings], now: Readings) -> dict[str, Rate]:
    """The rates since the newest reading that is old enough; of what is newer than that, since it is known."""
    old_enough = [old for old in kept if age(old, now) >= WINDOW]
    base = old_enough[-1] if old_enough else kept[0]
    found = rates(base, now)
    for later in kept[kept.index(base) + 1 :]:
        found = rates(later, now) | found
    return found


def age(before: Readings, now: Readings) -> timedelta:
    """How long before `now` the other was read."""
    if not before or not now:
        return timedelta.max
    return max(r.at for r in now.values()) - max(r.at for r in before.values())
