"""A Pod's nodeSelector and required node affinity choose its nodes, and what a profile adds to them."""

import numpy as np

from podo.api.types.core_v1 import NodeAffinity as Affinity
from podo.scheduler.node_terms import matches_labels, matches_selector
from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) didn't match Pod's node affinity/selector"
ENFORCED = "node(s) didn't match scheduler-enforced node affinity"


class NodeAffinity:
    name = "NodeAffinity"
    helped_by = frozenset((NODE,))

    def __init__(self, added: Affinity | None = None) -> None:
        """`added` holds for every Pod, beside its own."""
        self._added = added.required_during_scheduling_ignored_during_execution if added else None

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        own = self._of_pod(pod, snapshot)
        if self._added is None:
            return own
        allowed = matches_selector(self._added, snapshot)
        if own is None:
            return Verdict(allowed, {ENFORCED: ~allowed}, hopeless=~allowed)
        fits = own.fits & allowed
        return Verdict(fits, {ENFORCED: ~allowed, REASON: allowed & ~own.fits}, hopeless=~fits)

    @staticmethod
    def _of_pod(pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
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
