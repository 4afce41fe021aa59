"""Pods: deleted with grace, and changed in few ways once they are there."""

from podo.server.context import Context
from podo.server.registry.qos import qos_class
from podo.server.strategy import Object, Strategy

GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
    "lastProbeTime": None,
    "lastTransitionTime": None,
}
DONE = frozenset({"Failed", "Succeeded"})


class PodStrategy(Strategy):
    """A Pod that no node has, or that has ended, goes at once."""

    graceful = True

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
        if obj["spec"].get("schedulingGates"):
            obj["status"]["conditions"] = [dict(GATED)]

    def grace_period(self, obj: Object, wanted: int | None) -> int:
        spec = obj["spec"]
        grace = wanted if wanted is not None else spec.get("terminationGracePeriodSeconds") or 0
        if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in DONE:
            return 0
        return 1 if grace < 0 else int(grace)
