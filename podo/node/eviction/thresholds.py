"""Eviction thresholds: signal, what must be left, and for how long (kubelet's evictionHard and evictionSoft)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from podo.api import quantity

MEMORY, PIDS = "memory.available", "pid.available"
NODE_FS, NODE_INODES = "nodefs.available", "nodefs.inodesFree"
IMAGE_FS, IMAGE_INODES = "imagefs.available", "imagefs.inodesFree"

MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE = "MemoryPressure", "DiskPressure", "PIDPressure"
STORAGE = "ephemeral-storage"
CONDITIONS = {
    MEMORY: MEMORY_PRESSURE,
    NODE_FS: DISK_PRESSURE,
    NODE_INODES: DISK_PRESSURE,
    IMAGE_FS: DISK_PRESSURE,
    IMAGE_INODES: DISK_PRESSURE,
    PIDS: PID_PRESSURE,
}
RESOURCES = {
    MEMORY: "memory",
    NODE_FS: STORAGE,
    IMAGE_FS: STORAGE,
    NODE_INODES: "inodes",
    IMAGE_INODES: "inodes",
    PIDS: "pids",
}


class Threshold(NamedTuple):
    """`amount` is a quantity or a percentage of the capacity. `grace` seconds make it a soft one."""

    signal: str
    amount: str
    grace: float = 0.0

    def level(self, capacity: int) -> int:
        """Below how much it is met."""
        if self.amount.endswith("%"):
            return int(capacity * float(self.amount[:-1]) / 100)
        return quantity.to_int(self.amount)


HARD = {MEMORY: "100Mi", NODE_FS: "10%", NODE_INODES: "5%", IMAGE_FS: "15%", IMAGE_INODES: "5%"}


@dataclass(frozen=True, kw_only=True)
class EvictionLimits:
    """The names are those of KubeletConfiguration; soft thresholds need a grace period each, in seconds."""

    hard: Mapping[str, str] = field(default_factory=lambda: dict(HARD))
    soft: Mapping[str, str] = field(default_factory=dict)
    soft_grace: Mapping[str, float] = field(default_factory=dict)
    max_pod_grace: int = 0  # seconds, of a Pod that goes for a soft threshold
    transition: float = 300.0  # seconds that a condition outlasts its threshold
    every: float = 10.0  # seconds between looks

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """All of them; those of memory first."""
        made = [Threshold(signal, amount) for signal, amount in self.hard.items() if amount not in ("0%", "0", "100%")]
        made += [Threshold(signal, amount, self.soft_grace[signal]) for signal, amount in self.soft.items()]
        return tuple(sorted(made, key=lambda threshold: threshold.signal != MEMORY))
