"""Prefer nodes by how much of them is used: as little as can be, as much, or as a curve says."""

import numpy as np

from podo.scheduler.requests import PodInfo
from podo.scheduler.settings import ScoringStrategy
from podo.scheduler.snapshot import Mask, Scores, Snapshot

_BASIC = frozenset({"cpu", "memory", "ephemeral-storage"})


class Utilization:
    """The mean over the strategy's resources, by their weights. What a node has none of does not count for it."""

    name = "NodeResourcesFit"

    def __init__(self, strategy: ScoringStrategy) -> None:
        self._strategy = strategy

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        total, weights = np.zeros(snapshot.size, np.float64), np.zeros(snapshot.size, np.float64)
        for resource in self._strategy.resources:
            wanted = pod.scored_requests.get(resource.name, pod.requests.get(resource.name, 0))
            if not wanted and resource.name not in _BASIC:
                continue  # a Pod that does not ask for a device does not care who has it
            snapshot.ensure_resource(resource.name)
            capacity = snapshot.allocatable[resource.name]
            taken = snapshot.scored.get(resource.name, snapshot.requested[resource.name]) + wanted
            has = capacity > 0
            used = np.where(has, taken / np.maximum(capacity, 1), 0)
            total += np.where(has, np.trunc(self._of(used)) * resource.weight, 0)
            weights += np.where(has, resource.weight, 0)
        found: Scores = total / np.maximum(weights, 1)
        return found

    def _of(self, used: Scores) -> Scores:
        """0 to 100 for a used share."""
        if self._strategy.type == "MostAllocated":
            return np.where(used > 1, 0, used * 100)
        ratio = self._strategy.requested_to_capacity_ratio
        if self._strategy.type == "RequestedToCapacityRatio" and ratio is not None:
            at = [point.utilization for point in ratio.shape]
            scores = [point.score * 10 for point in ratio.shape]
            curve: Scores = np.interp(np.where(used > 1, 100, used * 100), at, scores)
            return curve
        return np.clip(1 - used, 0, 1) * 100
