"""How fast CPU time is used: from two readings of what has been used in all. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from podo.node.runtime.observed import ContainerStats, CPUStats
from podo.node.stats.base import NodeUse, PodUse

NODE = ""
LEAST = timedelta(seconds=0.5)
"""Readings that are nearer to each other say little."""
Readings = Mapping[str, CPUStats]


class Rate(NamedTuple):
    """`nano_cores`: billionths of a core, over `window` seconds."""

    nano_cores: int
    window: float


def readings(node: NodeUse, pods: Iterable[PodUse]) -> dict[str, CPUStats]:
    """By key: of the node, of each Pod, of each container."""
    found = {NODE: node.cpu} if node.cpu else {}
    for pod in pods:
        if pod.sandbox is not None:
            parts = [(pod.uid, pod.sandbox.cpu), *((container_key(pod.uid, c), c.cpu) for c in pod.sandbox.containers)]
            found |= {key: cpu for key, cpu in parts if cpu is not None}
    return found


def container_key(uid: str, container: ContainerStats) -> str:
    """Of one run of a container."""
    return f"{uid}/{container.name}/{container.attempt}"


def rates(before: Readings, now: Readings) -> dict[str, Rate]:
    """Of all that both have, and that has not begun anew meanwhile."""
    return dict(_rates(before, now))


def _rates(before: Readings, now: Readings) -> Iterator[tuple[str, Rate]]:
    for key, current in now.items():
        old = before.get(key)
        if old is None or current.at - old.at < LEAST or current.usage_ns < old.usage_ns:
            continue
        seconds = (current.at - old.at).total_seconds()
        yield key, Rate(round((current.usage_ns - old.usage_ns) / seconds), seconds)
