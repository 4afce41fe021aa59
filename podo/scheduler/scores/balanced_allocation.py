"""Prefer nodes whose use of CPU and memory, or what a profile says, the Pod would even out."""

from collections.abc import Sequence

import numpy as np

from podo.scheduler.requests import CPU, MEMORY, PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class BalancedAllocation:
    name = "NodeResourcesBalancedAllocation"

    def __init__(self, resources: Sequence[str] = (CPU, MEMORY)) -> None:
        self._resources = resources

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        wanted = {name: pod.requests.get(name, 0) for name in self._resources}
        if not any(wanted.values()):
            return None
        after, before = _balance(snapshot, wanted), _balance(snapshot, dict.fromkeys(wanted, 0))
        change: Scores = 50 + np.floor((50 + after - before) / 2)
        return change


def _balance(snapshot: Snapshot, more: dict[str, int]) -> Scores:
    """100 where the resources are used alike, 50 where one of two is full and the other free."""
    shares = []
    for name, number in more.items():
        snapshot.ensure_resource(name)
        capacity = np.maximum(snapshot.allocatable[name], 1)
        shares.append(np.minimum((snapshot.requested[name] + number) / capacity, 1))
    balance: Scores = np.floor((1 - np.std(shares, axis=0)) * 100)
    return balance
