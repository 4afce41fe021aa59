"""A Pod that names its node fits on no other."""

import numpy as np

from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) didn't match the requested node name"


class NodeName:
    name = "NodeName"
    helped_by = frozenset((NODE,))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        wanted = pod.pod.spec.node_name
        if not wanted:
            return None
        fits = np.zeros(snapshot.size, bool)
        if (row := snapshot.row_of(wanted)) is not None:
            fits[row.row] = True
        return Verdict(fits, {REASON: ~fits}, hopeless=~fits)
