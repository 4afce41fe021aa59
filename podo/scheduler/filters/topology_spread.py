"""DoNotSchedule constraints: no domain may have maxSkew more matching Pods than the emptiest (KEP-895)."""

from collections.abc import Sequence

import numpy as np

from podo.api.types.core_v1 import TopologySpreadConstraint
from podo.scheduler.filters.node_affinity import NodeAffinity
from podo.scheduler.filters.taint_toleration import TaintToleration
from podo.scheduler.plugin import NODE, POD_GONE, POD_PLACED, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot
from podo.scheduler.topology import count, siblings_of

REASON = "node(s) didn't match pod topology spread constraints"
MISSING_LABEL = "node(s) didn't match pod topology spread constraints (missing required label)"


class TopologySpread:
    name = "PodTopologySpread"
    helped_by = frozenset((NODE, POD_GONE, POD_PLACED))

    def __init__(self, defaults: Sequence[TopologySpreadConstraint] = ()) -> None:
        """`defaults` are for Pods that have a controller and no constraints; they are about its Pods."""
        self._defaults = defaults

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        own, siblings = pod.pod.spec.topology_spread_constraints, None
        if not own and self._defaults and pod.controller:
            own, siblings = tuple(self._defaults), siblings_of(pod, snapshot)
        wanted = [c for c in own if c.when_unsatisfiable == "DoNotSchedule"]
        if not wanted:
            return None
        missing, skewed = np.zeros(snapshot.size, bool), np.zeros(snapshot.size, bool)
        labelled = snapshot.exists.copy()
        for constraint in wanted:
            labelled &= snapshot.label(constraint.topology_key) != 0
        for constraint in wanted:
            spread = count(pod, constraint, snapshot, labelled & eligible_rows(pod, constraint, snapshot), siblings)
            missing |= spread.domains == 0
            skew = spread.counts[spread.domains] + int(spread.self_match) - spread.minimum()
            skewed |= (skew > (constraint.max_skew or 1)) & (spread.domains != 0)
        skewed &= ~missing
        return Verdict(~(missing | skewed), {REASON: skewed, MISSING_LABEL: missing}, hopeless=missing)


def eligible_rows(pod: PodInfo, constraint: TopologySpreadConstraint, snapshot: Snapshot) -> Mask:
    """The nodes whose domains count: by default those that the Pod's affinity admits, whatever their taints."""
    rows: Mask = snapshot.exists.copy()
    if constraint.node_affinity_policy != "Ignore" and (verdict := NodeAffinity().filter(pod, snapshot)):
        rows &= verdict.fits
    if constraint.node_taints_policy == "Honor" and (verdict := TaintToleration().filter(pod, snapshot)):
        rows &= verdict.fits
    return rows
