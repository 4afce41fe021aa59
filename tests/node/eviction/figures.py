"""Figures of nodes and Pods for tests of eviction."""

from datetime import UTC, datetime
from typing import Any

from podo.node.runtime.observed import ContainerStats, MemoryStats, SandboxStats
from podo.node.stats.base import FileSystem, NodeUse, PodDisk, PodUse, Processes, Use

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GIB, MIB = 2**30, 2**20
ROOMY = FileSystem(capacity=100 * GIB, available=50 * GIB, inodes=1000, inodes_free=900)


def node_use(**changes: Any) -> NodeUse:
    """A node with room for everything, but for the changes."""
    given: dict[str, Any] = {
        "at": NOW,
        "started": NOW,
        "cpu": None,
        "memory": None,
        "memory_available": 4 * GIB,
        "memory_capacity": 8 * GIB,
        "node_fs": ROOMY,
        "image_fs": ROOMY,
        "processes": Processes(32768, 500),
    }
    return NodeUse(**given | changes)


def memory(bytes_: int) -> MemoryStats:
    return MemoryStats(at=NOW, usage=bytes_, working_set=bytes_, rss=bytes_)


def pod_use(
    uid: str,
    *,
    mem: int = 0,
    processes: int = 1,
    disk: int = 0,
    inodes: int = 0,
    volumes: dict[str, int] | None = None,
    in_memory: frozenset[str] = frozenset(),
) -> PodUse:
    """`mem` and `disk` are bytes of its only container, "app"."""
    container = ContainerStats(container_id="c", name="app", attempt=0, memory=memory(mem))
    box = SandboxStats(
        sandbox_id="s", pod_uid=uid, memory=memory(mem), process_count=processes, containers=(container,)
    )
    sizes = {name: Use(size, 1) for name, size in (volumes or {}).items()}
    found = PodDisk(at=NOW, roots={"app": Use(disk, inodes)}, volumes=sizes, in_memory=in_memory)
    return PodUse(uid=uid, sandbox=box, disk=found)
