"""Node affinity that names nodes, as each Pod of a DaemonSet has it, leaves only these nodes to look at."""

import numpy as np

from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
CONFLICT = "pod affinity terms conflict"


class NamedNodes:
    name = "NodeAffinity"
    helped_by = frozenset((NODE,))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        names = named(pod)
        if names is None:
            return None
        fits = np.zeros(snapshot.size, bool)
        fits[[r.row for r in map(snapshot.row_of, names) if r is not None]] = True
        return Verdict(fits, {REASON: ~fits}, hopeless=~fits, whole="" if names else CONFLICT)


def named(pod: PodInfo) -> set[str] | None:
    """The nodes that the Pod's required terms name; None if a term names none."""
    affinity = pod.pod.spec.affinity
    rules = affinity.node_affinity if affinity else None
    required = rules.required_during_scheduling_ignored_during_execution if rules else None
    if required is None or not required.node_selector_terms:
        return None
    found: set[str] = set()
    for term in required.node_selector_terms:
        fields = [set(f.values) for f in term.match_fields if (f.key, f.operator) == ("metadata.name", "In")]
        if not fields:
            return None
        found |= set.intersection(*fields)
    return found
