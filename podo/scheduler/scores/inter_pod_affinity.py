"""Prefer the domains of Pods that this one likes or that like it, and avoid those of Pods that it or they dislike.

A Pod that requires others near it counts as one that likes them, with weight 1.
"""

import numpy as np

from podo.scheduler.pod_index import NEAR, PREFERRED, by_domain, kinds
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot
from podo.scheduler.terms import Selection

REQUIRED_WEIGHT = 1


class InterPodAffinity:
    name = "InterPodAffinity"

    def __init__(self, required_weight: int = REQUIRED_WEIGHT, *, ignores_preferences: bool = False) -> None:
        """`ignores_preferences` of the Pods that are there."""
        self._required_weight, self._ignores = required_weight, ignores_preferences

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        total = np.zeros(snapshot.size, np.float64)
        for term in pod.terms.preferred:
            column = snapshot.index.selected(Selection((term.match,))).values
            total += term.weight * by_domain(snapshot.label(term.topology_key), column)
        for borne in kinds(snapshot.index.terms_about(pod), NEAR, *(() if self._ignores else (PREFERRED,))):
            weight = borne.term.weight or self._required_weight
            total += weight * by_domain(snapshot.label(borne.term.topology_key), borne.column.values)
        low, high = total[feasible].min(initial=np.inf), total[feasible].max(initial=-np.inf)
        return None if high <= low else (total - low) / (high - low) * 100
