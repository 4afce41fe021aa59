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

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        total = np.zeros(snapshot.size, np.float64)
        for term in pod.terms.preferred:
            column = snapshot.index.selected(Selection((term.match,))).values
            total += term.weight * by_domain(snapshot.label(term.topology_key), column)
        for borne in kinds(snapshot.index.terms_about(pod), NEAR, PREFERRED):
            weight = borne.term.weight or REQUIRED_WEIGHT
            total += weight * by_domain(snapshot.label(borne.term.topology_key), borne.column.values)
        low, high = total[feasible].min(initial=np.inf), total[feasible].max(initial=-np.inf)
        return None if high <= low else (total - low) / (high - low) * 100
