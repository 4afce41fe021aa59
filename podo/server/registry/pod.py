"""Pods: what their status begins with, which fields stay, how they end."""

from collections.abc import Sequence
from copy import deepcopy

from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.defaulting.qos import qos_class
from podo.server.registry.pod_fields import apply_match_label_keys, drop_disabled, sync_app_armor
from podo.server.registry.pod_warnings import pod_warnings
from podo.server.registry.traits import KEPT
from podo.server.strategy import Object, Strategy

GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
UNREPORTED = "nodeAllocatableResourceClaimStatuses"
"""A field of a feature that is off by default."""


class PodStrategy(Strategy):
    """The generation of a Pod counts changes of its spec alone."""

    graceful = True

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
        drop_disabled(obj["spec"], None)
        if obj["spec"].get("schedulingGates"):
            obj["status"]["conditions"] = [{**GATED, "lastProbeTime": None, "lastTransitionTime": format_time(ctx.now)}]
        apply_match_label_keys(obj)
        sync_app_armor(obj, ctx)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        if ctx.subresource == "ephemeralcontainers":
            self._keep_all_but(obj, old, {"ephemeralContainers": obj["spec"].get("ephemeralContainers")})
        elif ctx.subresource == "resize":
            self._prepare_resize(obj, old)
        drop_disabled(obj["spec"], old["spec"])

    def _keep_all_but(self, obj: Object, old: Object, fields: Object) -> None:
        spec = deepcopy(old["spec"])
        for key, value in fields.items():
            if value is None:
                spec.pop(key, None)
            else:
                spec[key] = value
        obj["spec"], obj["status"] = spec, old["status"]
        for field in KEPT:
            if field in old["metadata"]:
                obj["metadata"][field] = old["metadata"][field]
            else:
                obj["metadata"].pop(field, None)

    def _prepare_resize(self, obj: Object, old: Object) -> None:
        """Only resources are taken over; what adds, removes or renames containers is left for validation to refuse."""
        fields: Object = {"resources": obj["spec"].get("resources")}
        for key in ("containers", "initContainers"):
            new, stored = obj["spec"].get(key) or [], deepcopy(old["spec"].get(key) or [])
            if len(new) != len(stored):
                return
            if [c["name"] for c in new] != [c["name"] for c in stored]:
                fields[key] = new
                continue
            for container, other in zip(new, stored, strict=True):
                other["resources"] = container["resources"]
                if "resizePolicy" in container:
                    other["resizePolicy"] = container["resizePolicy"]
                else:
                    other.pop("resizePolicy", None)
            fields[key] = stored or None
        self._keep_all_but(obj, old, fields)

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        status, before = obj.setdefault("status", {}), old["status"]
        if UNREPORTED not in before:
            status.pop(UNREPORTED, None)
        if "qosClass" not in status and "qosClass" in before:
            status["qosClass"] = before["qosClass"]
        if not status.get("observedGeneration") and before.get("observedGeneration"):
            status["observedGeneration"] = before["observedGeneration"]
        seen: dict[str, list[int]] = {}
        for condition in before.get("conditions", ()):
            seen.setdefault(condition["type"], []).append(condition.get("observedGeneration", 0))
        for condition in status.get("conditions", ()):
            known = seen.get(condition["type"])
            generation = known.pop(0) if known else 0
            if generation and not condition.get("observedGeneration"):
                condition["observedGeneration"] = generation

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        return pod_warnings(obj, old)

    def grace_period(self, obj: Object, wanted: int | None) -> int:
        period = obj["spec"].get("terminationGracePeriodSeconds", 0) if wanted is None else wanted
        if not obj["spec"].get("nodeName") or obj["status"].get("phase") in ("Failed", "Succeeded"):
            return 0
        return max(period, 1) if period < 0 else int(period)
