"""Nodes where claims get what they would rather have, of the alternatives that they name, are better (KEP-4816)."""

import numpy as np

from podo.scheduler.devices.plan import plan_for, preference
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Scores, Snapshot


class DynamicResources:
    name = "DynamicResources"

    def score(self, pod: PodInfo, snapshot: Snapshot, feasible: Mask) -> Scores | None:
        plan = plan_for(pod, snapshot)
        if plan is None:
            return None
        found = np.zeros(snapshot.size, np.float64)
        for row in np.flatnonzero(feasible):
            found[row] = preference(plan, int(row))
        most = found.max()
        return found * 100 / most if most > 0 else None
