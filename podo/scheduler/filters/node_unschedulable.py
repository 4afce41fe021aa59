"""A cordoned node takes only Pods that tolerate it."""

from podo.api.taints import UNSCHEDULABLE, tolerates
from podo.scheduler.plugin import NODE, Verdict
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

REASON = "node(s) were unschedulable"


class NodeUnschedulable:
    name = "NodeUnschedulable"
    helped_by = frozenset((NODE,))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        if not snapshot.unschedulable.any() or any(tolerates(t, UNSCHEDULABLE) for t in pod.tolerations):
            return None
        return Verdict(~snapshot.unschedulable, {REASON: snapshot.unschedulable}, hopeless=snapshot.unschedulable)
