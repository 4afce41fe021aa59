"""Prefer nodes whose CPU and memory would be used evenly, so that neither is left over."""

import numpy as np

from podo.scheduler.requests import CPU, MEMORY, PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class BalancedAllocation:
    name = "NodeResourcesBalancedAllocation"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        shares = []
        for name in (CPU, MEMORY):
            capacity = np.maximum(snapshot.allocatable[name], 1)
            shares.append(np.minimum((snapshot.requested[name] + pod.requests.get(name, 0)) / capacity, 1))
        balance: Scores = (1 - np.abs(shares[0] - shares[1]) / 2) * 100
        return balance
