"""Looks at the node every few seconds and, when something runs short, lets one Pod go at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from podo.api.types.core_v1 import Pod
from podo.clock import Clock
from podo.node.eviction import words
from podo.node.eviction.judge import Memory, judge, levels
from podo.node.eviction.limits import has_limits, outgrown
from podo.node.eviction.ranking import is_critical, ranked
from podo.node.eviction.thresholds import CONDITIONS, DISK_PRESSURE, RESOURCES, EvictionLimits, Threshold
from podo.node.stats.base import NodeUse, PodUse
from podo.node.worker.state import Verdict, is_terminal
from podo.node.worker.time_limit import limited

IMMEDIATELY = 1  # seconds of grace
OUTGROWN = "ephemeralpodfs.limit"  # the signal of a Pod that is over its own limits
CLEANED_UP = 30.0  # seconds that a Pod is given to be gone before anybody else goes
log = logging.getLogger(__name__)


class Stats(Protocol):
    """What `podo.node.stats.reader.NodeStats` reads."""

    def node(self) -> NodeUse: ...

    async def pods(self) -> list[PodUse]: ...


def _uncounted(signal: str) -> None:
    """For those who do not ask for figures."""


@dataclass(frozen=True, kw_only=True)
class Edges:
    """How the manager acts. `end` ends a Pod, `gone` returns once it has ended; `reclaim` frees what nobody uses."""

    pods: Callable[[], Iterable[Pod]]
    end: Callable[[Pod, Verdict], None]
    gone: Callable[[Pod], Awaitable[None]]
    reclaim: Callable[[], Awaitable[None]]
    pressures: Callable[[frozenset[str]], None]
    warn: Callable[[str, str], None]  # of the Node: (reason, message)
    warn_pod: Callable[[Pod, str, str], None]
    count: Callable[[str], None] = _uncounted  # an eviction, by its signal


class Eviction:
    """The eviction manager of one node."""

    def __init__(self, stats: Stats, edges: Edges, limits: EvictionLimits, clock: Clock) -> None:
        self._stats, self._edges, self._limits, self._clock = stats, edges, limits, clock
        self._memory = Memory()

    async def run(self) -> None:
        """Look and act until cancelled."""
        while True:
            await self._clock.sleep(self._limits.every)
            try:
                while evicted := await self.look():
                    await limited(self._clock, self._all_gone(evicted), CLEANED_UP)
            except OSError as error:
                log.warning("the node's figures cannot be read: %s", error)

    async def look(self) -> list[Pod]:
        """One round; the Pods that were told to end."""
        seen = levels(self._stats.node())
        judged = judge(self._limits, seen, self._memory, self._clock.now())
        self._memory = judged.memory
        self._edges.pressures(judged.conditions)
        if over := await self._over_their_limits():
            return over
        if not judged.starved:
            return []
        first = judged.starved[0]
        self._edges.warn("EvictionThresholdMet", f"Attempting to reclaim {RESOURCES[first.signal]}")
        if CONDITIONS[first.signal] == DISK_PRESSURE and await self._reclaimed():
            return []
        return await self._evict_one(first, judged.starved)

    async def _reclaimed(self) -> bool:
        """Free what nobody uses; whether that was enough."""
        await self._edges.reclaim()
        again = judge(self._limits, levels(self._stats.node()), Memory(), self._clock.now())
        return not again.conditions

    async def _over_their_limits(self) -> list[Pod]:
        pods = [pod for pod in self._active() if has_limits(pod)]
        if not pods:
            return []
        uses = {use.uid: use for use in await self._stats.pods()}
        evicted = []
        for pod in pods:
            use = uses.get(pod.metadata.uid)
            if (
                use
                and (message := outgrown(pod, use))
                and self._evict(pod, Verdict(words.REASON, message, IMMEDIATELY), OUTGROWN)
            ):
                evicted.append(pod)
        return evicted

    async def _evict_one(self, first: Threshold, starved: tuple[Threshold, ...]) -> list[Pod]:
        resource, seen = RESOURCES[first.signal], levels(self._stats.node())
        uses = {use.uid: use for use in await self._stats.pods()}
        for pod in ranked(resource, self._active(), uses):
            message = words.low(resource, pod, uses.get(pod.metadata.uid), starved, seen)
            verdict = Verdict(words.REASON, message, self._grace(pod, first), words.DISRUPTION)
            if self._evict(pod, verdict, first.signal):
                return [pod]
        log.error("%s runs short, and there is no pod to evict", resource)
        return []

    def _grace(self, pod: Pod, threshold: Threshold) -> int:
        if not threshold.grace:
            return IMMEDIATELY
        own = pod.spec.termination_grace_period_seconds
        return min(self._limits.max_pod_grace, 30 if own is None else own)

    def _evict(self, pod: Pod, verdict: Verdict, signal: str) -> bool:
        if is_critical(pod):
            log.error("pod %s/%s should be evicted, but is critical", pod.metadata.namespace, pod.metadata.name)
            return False
        self._edges.warn_pod(pod, verdict.reason, verdict.message)
        self._edges.count(signal)
        self._edges.end(pod, verdict)
        return True

    def _active(self) -> list[Pod]:
        return [p for p in self._edges.pods() if not is_terminal(p) and not p.metadata.deletion_timestamp]

    async def _all_gone(self, pods: list[Pod]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for pod in pods:
                tasks.create_task(_waited(self._edges.gone(pod)))


async def _waited(work: Awaitable[None]) -> None:
    await work
