"""What the node agent and the runtime need of control groups. Paths are relative to the root of the hierarchy."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from podo.node.cgroups.details import GroupDetails
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.observed import CPUStats, MemoryStats


class CgroupFailure(Exception):
    """A figure could not be set or a group not removed; the text is for the user."""


class QOSClass(Enum):
    """The values are what `status.qosClass` says."""

    GUARANTEED = "Guaranteed"
    BURSTABLE = "Burstable"
    BEST_EFFORT = "BestEffort"


@dataclass(frozen=True)
class NodeCgroups:
    """The names in a node's subtree: podo/<cluster>/<node>/{guaranteed,burstable,besteffort}/pod<uid>/<container>."""

    cluster: str
    node: str
    root: str = "podo"

    @property
    def top(self) -> str:
        """The node's own group, in which its capacity can be set."""
        return f"{self.root}/{self.cluster}/{self.node}"

    def qos(self, qos: QOSClass) -> str:
        """A QoS class's group."""
        return f"{self.top}/{qos.value.lower()}"

    def pod(self, qos: QOSClass, uid: str) -> str:
        """A Pod's group: its sandbox's `cgroup_parent`."""
        return f"{self.qos(qos)}/pod{uid}"


@dataclass(frozen=True, kw_only=True)
class GroupStats:
    """Figures of a group and all below it; a part that cannot be read is None."""

    cpu: CPUStats | None
    memory: MemoryStats | None
    process_count: int


class Cgroups(Protocol):
    """All calls touch only the kernel's files, and none blocks for long. A group that is not there is empty."""

    def ensure(self, path: str, resources: LinuxResources | None = None) -> None:
        """Make the group, with all above it, and set the figures that are given. Raises CgroupFailure."""
        ...

    def apply(self, path: str, resources: LinuxResources) -> None:
        """Change the figures of a group that exists. Raises CgroupFailure, and for a memory limit below the usage."""
        ...

    def processes(self, path: str) -> list[int]:
        """The pids in it and below."""
        ...

    def kill(self, path: str) -> None:
        """SIGKILL to everything in it and below; returns before they are gone."""
        ...

    def remove(self, path: str) -> bool:
        """Remove it and all below. False while processes are in it (dying ones too)."""
        ...

    def children(self, path: str) -> list[str]:
        """The names of the groups directly below."""
        ...

    def oom_kills(self, path: str) -> int | None:
        """How many of its processes the kernel has killed for want of memory; None if nobody knows."""
        ...

    def stats(self, path: str, at: datetime) -> GroupStats:
        """Its figures now."""
        ...

    def details(self, path: str) -> GroupDetails:
        """What else it tells."""
        ...
