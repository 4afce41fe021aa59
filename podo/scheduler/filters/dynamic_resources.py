"""A node must have, or reach, the devices that the Pod's resource claims ask for (KEP-4381)."""

import numpy as np

from podo.scheduler.devices.plan import ask, plan_for
from podo.scheduler.plugin import DEVICE, NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot


class DynamicResources:
    name = "DynamicResources"
    helped_by = frozenset((NODE, DEVICE))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        plan = plan_for(pod, snapshot)
        if plan is None:
            return None
        if plan.whole or plan.error:
            return Verdict(np.zeros(snapshot.size, bool), whole=plan.whole, error=plan.error)
        among = snapshot.exists if snapshot.candidates is None else snapshot.candidates
        fits = ask(plan, pod, snapshot, among)
        if plan.error:
            return Verdict(fits, error=plan.error)
        return Verdict(fits, plan.reasons, hopeless=~fits)
