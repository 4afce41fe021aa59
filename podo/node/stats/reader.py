"""Reads what the node and its Pods use."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from podo.api.types.core_v1 import Pod
from podo.clock import Clock
from podo.node.cgroups.base import Cgroups
from podo.node.runtime.base import Observing
from podo.node.runtime.observed import SandboxStats
from podo.node.stats import machine
from podo.node.stats.base import NodeUse, PodDisk, PodUse
from podo.node.stats.disk import pod_disk
from podo.node.worker.facts import NodeFacts

DISK_EVERY = timedelta(minutes=1)  # how old a walk over a Pod's files may be


@dataclass(frozen=True)
class NodeKind:
    """`group` is the node's cgroup; a node that shares its machine (`shares`) counts only what is in it as its own.

    `memory_limit` is the node's own, in bytes; 0: the machine's.
    """

    group: str
    shares: bool = False
    memory_limit: int = 0


class NodeStats:
    """`pods` are those that run here. Nothing is read ahead of time."""

    def __init__(
        self,
        runtime: Observing,
        cgroups: Cgroups,
        facts: NodeFacts,
        kind: NodeKind,
        *,
        images: Path,
        pods: Callable[[], Iterable[Pod]],
        clock: Clock,
    ) -> None:
        self._runtime, self._cgroups, self._facts, self._kind = runtime, cgroups, facts, kind
        self._images, self._pods, self._clock = images, pods, clock
        self._disks: dict[str, PodDisk] = {}

    def node(self) -> NodeUse:
        """The node now: cheap."""
        at, memory = self._clock.now(), machine.meminfo()
        mine, free = self._cgroups.stats(self._kind.group, at), memory["MemTotal"] - machine.working_set(memory)
        shares, limit = self._kind.shares, self._kind.memory_limit
        if limit:
            free = min(free, max(limit - (mine.memory.working_set if mine.memory else 0), 0))
        return NodeUse(
            at=at,
            started=datetime.fromtimestamp(machine.boot_seconds(), UTC),
            cpu=mine.cpu if shares else machine.cpu_stats(at),
            memory=mine.memory if shares else machine.memory_stats(memory, {}, at),
            memory_available=free,
            memory_capacity=limit or memory["MemTotal"],
            swap=memory.get("SwapTotal", 0) - memory.get("SwapFree", 0),
            node_fs=machine.file_system(self._facts.places.pods),
            image_fs=machine.file_system(self._images),
            processes=machine.processes(),
        )

    async def pods(self) -> list[PodUse]:
        """All Pods now; their disks as they were a minute ago at most."""
        found = {stats.pod_uid: stats for stats in await self._runtime.stats()}
        pods, now = {pod.metadata.uid: pod for pod in self._pods()}, self._clock.now()
        for uid in self._disks.keys() - pods.keys():
            del self._disks[uid]
        for uid, pod in pods.items():
            if uid not in self._disks or now - self._disks[uid].at >= DISK_EVERY:
                self._disks[uid] = await self._walk(pod, found.get(uid), now)
        return [PodUse(uid=uid, sandbox=found.get(uid), disk=self._disks[uid]) for uid in pods]

    async def _walk(self, pod: Pod, stats: SandboxStats | None, now: datetime) -> PodDisk:
        return await asyncio.to_thread(pod_disk, pod, stats.containers if stats else (), self._facts, now)
