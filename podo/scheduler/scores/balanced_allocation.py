"""Prefer nodes whose use of CPU and memory the Pod would even out, so that neither is left over."""

import numpy as np

from podo.scheduler.requests import CPU, MEMORY, PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class BalancedAllocation:
    name = "NodeResourcesBalancedAllocation"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        wanted = {name: pod.requests.get(name, 0) for name in (CPU, MEMORY)}
        if not any(wanted.values()):
            return None
        after, before = _balance(snapshot, wanted), _balance(snapshot, {CPU: 0, MEMORY: 0})
        change: Scores = 50 + np.floor((50 + after - before) / 2)
        return change


def _balance(snapshot: Snapshot, more: dict[str, int]) -> Scores:
    """100 where CPU and memory are used alike, 50 where one is full and the other free."""
    shares = []
    for name, number in more.items():
        capacity = np.maximum(snapshot.allocatable[name], 1)
        shares.append(np.minimum((snapshot.requested[name] + number) / capacity, 1))
    balance: Scores = np.floor((1 - np.abs(shares[0] - shares[1]) / 2) * 100)
    return balance
