"""Figures of a node and of its Pods at one moment. Bytes and counts; immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from podo.node.runtime.observed import ContainerStats, CPUStats, MemoryStats, SandboxStats


class Use(NamedTuple):
    """What a tree of files takes of a disk."""

    bytes: int = 0
    inodes: int = 0

    def plus(self, other: "Use") -> "Use":
        """Both together."""
        return Use(self.bytes + other.bytes, self.inodes + other.inodes)


NOTHING = Use()


class FileSystem(NamedTuple):
    """A file system as statvfs(3) has it; available and free are what is left for root's children, not for root."""

    capacity: int
    available: int
    inodes: int
    inodes_free: int
    device: int = 0  # st_dev: whether two folders share it


class Processes(NamedTuple):
    """Of the whole machine: how many there may be, and are (threads too, as the kernel counts them)."""

    most: int
    running: int


@dataclass(frozen=True, kw_only=True)
class NodeUse:
    """A node. `memory_available` counts what could be had without hurting anybody: file pages that are not in use."""

    at: datetime
    started: datetime
    cpu: CPUStats | None
    memory: MemoryStats | None
    memory_available: int
    memory_capacity: int
    swap: int = 0
    node_fs: FileSystem
    image_fs: FileSystem
    image_use: Use = NOTHING
    processes: Processes


@dataclass(frozen=True, kw_only=True)
class PodDisk:
    """What a Pod takes of the disk; `volumes` are those that go with it, by name, `in_memory` those of no disk."""

    at: datetime
    logs: Mapping[str, Use] = field(default_factory=dict)  # by container
    roots: Mapping[str, Use] = field(default_factory=dict)  # writable layers, by container
    volumes: Mapping[str, Use] = field(default_factory=dict)
    in_memory: frozenset[str] = frozenset()
    other: Use = NOTHING  # /etc/hosts, termination messages

    def container(self, name: str) -> Use:
        """A container's writable layer and logs."""
        return self.roots.get(name, NOTHING).plus(self.logs.get(name, NOTHING))

    @property
    def total(self) -> Use:
        """All that counts as ephemeral storage."""
        total = self.other
        for use in (*self.logs.values(), *self.roots.values()):
            total = total.plus(use)
        for name, use in self.volumes.items():
            total = total if name in self.in_memory else total.plus(use)
        return total


@dataclass(frozen=True, kw_only=True)
class PodUse:
    """A Pod: what its cgroup says, and its disk."""

    uid: str
    sandbox: SandboxStats | None = None
    disk: PodDisk | None = None

    @property
    def memory(self) -> int | None:
        """Bytes of its working set; None if nobody knows."""
        return self.sandbox.memory.working_set if self.sandbox and self.sandbox.memory else None

    @property
    def processes(self) -> int:
        """How many it has."""
        return self.sandbox.process_count if self.sandbox else 0

    def container(self, name: str) -> ContainerStats | None:
        """The running container of that name."""
        containers = self.sandbox.containers if self.sandbox else ()
        return next((c for c in containers if c.name == name), None)
