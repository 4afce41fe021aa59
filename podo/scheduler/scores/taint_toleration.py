"""Prefer nodes with fewer PreferNoSchedule taints that the Pod does not tolerate."""

import numpy as np

from podo.api.taints import PREFER_NO_SCHEDULE, tolerates
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class TaintToleration:
    name = "TaintToleration"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        counts = np.zeros(snapshot.size, np.float64)
        for row in snapshot.tainted:
            soft = (t for t in snapshot.taints(row) if t.effect == PREFER_NO_SCHEDULE)
            counts[row] = sum(not any(tolerates(o, t) for o in pod.tolerations) for t in soft)
        most = counts[feasible].max(initial=0)
        return None if most == 0 else (1 - counts / most) * 100
