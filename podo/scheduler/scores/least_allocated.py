"""Prefer nodes with much left: the mean free share of CPU and memory after the Pod."""

import numpy as np

from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class LeastAllocated:
    name = "NodeResourcesFit"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        shares = []
        for resource, wanted in pod.scored_requests.items():
            capacity = np.maximum(snapshot.allocatable[resource], 1)
            shares.append(np.clip(1 - (snapshot.scored[resource] + wanted) / capacity, 0, 1))
        mean: Scores = np.mean(shares, axis=0) * 100
        return mean
