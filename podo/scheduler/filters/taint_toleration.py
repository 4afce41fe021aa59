"""A node's NoSchedule and NoExecute taints keep away Pods that do not tolerate them."""

import numpy as np

from podo.api.taints import untolerated
from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) had untolerated taint(s)"


class TaintToleration:
    name = "TaintToleration"
    helped_by = frozenset((NODE,))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        refused = [r for r in snapshot.tainted if untolerated(snapshot.taints(r), pod.tolerations) is not None]
        if not refused:
            return None
        fits = np.ones(snapshot.size, bool)
        fits[refused] = False
        return Verdict(fits, {REASON: ~fits}, hopeless=~fits)
