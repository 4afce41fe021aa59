"""A Pod's nodeSelector and required node affinity choose its nodes."""

import numpy as np

from podo.scheduler.node_terms import matches_labels, matches_selector
from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) didn't match Pod's node affinity/selector"


class NodeAffinity:
    name = "NodeAffinity"
    helped_by = frozenset((NODE,))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        spec = pod.pod.spec
        affinity = spec.affinity.node_affinity if spec.affinity else None
        required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
        if not spec.node_selector and required is None:
            return None
        fits = np.ones(snapshot.size, bool)
        if spec.node_selector:
            fits &= matches_labels(spec.node_selector, snapshot)
        if required is not None:
            fits &= matches_selector(required, snapshot)
        return Verdict(fits, {REASON: ~fits}, hopeless=~fits)
