"""Prefer the nodes that a Pod's preferred node affinity names, by the weights of the terms that match."""

import numpy as np

from podo.api.types.core_v1 import NodeAffinity as Affinity
from podo.scheduler.node_terms import matches_term
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class NodeAffinity:
    name = "NodeAffinity"

    def __init__(self, added: Affinity | None = None) -> None:
        """`added` holds for every Pod, beside its own."""
        self._added = added.preferred_during_scheduling_ignored_during_execution if added else ()

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        affinity = pod.pod.spec.affinity
        terms = affinity.node_affinity if affinity else None
        preferred = terms.preferred_during_scheduling_ignored_during_execution if terms else ()
        total = np.zeros(snapshot.size, np.float64)
        for term in (*self._added, *preferred):
            if term.preference is not None:
                total += (term.weight or 0) * matches_term(term.preference, snapshot)
        most = total[feasible].max(initial=0)
        return None if most == 0 else total / most * 100
