"""Which thresholds are met, which conditions the node is in, and what is to be reclaimed: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from podo.node.eviction import thresholds as names
from podo.node.eviction.thresholds import CONDITIONS, EvictionLimits, Threshold
from podo.node.stats.base import NodeUse


class Level(NamedTuple):
    """What is left of something, and how much there is in all."""

    available: int
    capacity: int


def levels(node: NodeUse) -> dict[str, Level]:
    """The signals of a node."""
    processes = node.processes
    return {
        names.MEMORY: Level(node.memory_available, node.memory_capacity),
        names.NODE_FS: Level(node.node_fs.available, node.node_fs.capacity),
        names.NODE_INODES: Level(node.node_fs.inodes_free, node.node_fs.inodes),
        names.IMAGE_FS: Level(node.image_fs.available, node.image_fs.capacity),
        names.IMAGE_INODES: Level(node.image_fs.inodes_free, node.image_fs.inodes),
        names.PIDS: Level(processes.most - processes.running, processes.most),
    }


@dataclass(frozen=True)
class Memory:
    """What the last judgement has to remember: since when thresholds are met, and when conditions were seen last."""

    met: Mapping[Threshold, datetime] = field(default_factory=dict)
    seen: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """`conditions` are the node's; `starved` are the thresholds to act on now, the most urgent first."""

    memory: Memory
    conditions: frozenset[str] = frozenset()
    starved: tuple[Threshold, ...] = ()


def is_met(threshold: Threshold, seen: Mapping[str, Level]) -> bool:
    """Whether too little is left. A file system without inodes (btrfs) has none to miss."""
    level = seen.get(threshold.signal)
    return level is not None and level.capacity > 0 and level.available < threshold.level(level.capacity)


def judge(limits: EvictionLimits, seen: Mapping[str, Level], before: Memory, now: datetime) -> Judgement:
    """From what is left to what must be done."""
    met = [threshold for threshold in limits.thresholds if is_met(threshold, seen)]
    since = {threshold: before.met.get(threshold, now) for threshold in met}
    pressed = dict(before.seen) | {CONDITIONS[threshold.signal]: now for threshold in met}
    keep = timedelta(seconds=limits.transition)
    lasting = {condition: at for condition, at in pressed.items() if at == now or now - at < keep}
    starved = tuple(t for t in met if now - since[t] >= timedelta(seconds=t.grace))
    return Judgement(Memory(since, lasting), frozenset(lasting), starved)
