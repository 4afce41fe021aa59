"""Prefer domains with fewer matching Pods: by ScheduleAnyway constraints, else by the Pod's controller.

A Pod without constraints of its own is spread over nodes and zones beside the other Pods of its controller, as
Kubernetes' default constraints do for the Pods of a Service or a ReplicaSet.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from podo.api.types.core_v1 import TopologySpreadConstraint
from podo.scheduler.filters.topology_spread import eligible_rows
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot
from podo.scheduler.topology import count, siblings_of

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


class TopologySpread:
    name = "PodTopologySpread"

    def __init__(self, defaults: Sequence[TopologySpreadConstraint] | None = None) -> None:
        """`defaults` are for Pods without constraints, and about their controller's Pods; None: nodes and zones."""
        self._defaults = defaults

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        cost = np.zeros(snapshot.size, np.float64)
        for column in self._costs(pod, snapshot):
            cost += column
        low, high = cost[feasible].min(initial=np.inf), cost[feasible].max(initial=0)
        return None if high <= low else (high - cost) / (high - low) * 100

    def _costs(self, pod: PodInfo, snapshot: Snapshot) -> Iterator[Scores]:
        """For each constraint how crowded each row's domain is, weighted so that large topologies do not count more."""
        own, siblings = tuple(pod.pod.spec.topology_spread_constraints), None
        if not own and pod.controller:
            siblings = siblings_of(pod, snapshot)
            own = tuple(self._defaults or ())
        for constraint in (c for c in own if c.when_unsatisfiable == "ScheduleAnyway"):
            spread = count(pod, constraint, snapshot, eligible_rows(pod, constraint, snapshot), siblings)
            domains = len(np.unique(spread.domains[snapshot.exists]))
            yield spread.counts[spread.domains] * np.log(domains + 2)
        if siblings is not None and self._defaults is None:
            for key in (HOSTNAME, ZONE):
                domains_of = snapshot.label(key)
                counts = np.bincount(domains_of, weights=siblings, minlength=int(domains_of.max(initial=0)) + 1)
                yield counts[domains_of] * (domains_of != 0)
