"""Defaults of HorizontalPodAutoscalers."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Object = dict[str, Any]
CPU_UTILIZATION = 80
CPU_METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_UTILIZATION}},
}
SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
SCALE_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def autoscaler_v1(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)


def autoscaler_v2(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [deepcopy(CPU_METRIC)]
    if (behavior := spec.get("behavior")) is not None:
        behavior["scaleUp"] = deepcopy(SCALE_UP) | behavior.get("scaleUp", {})
        behavior["scaleDown"] = deepcopy(SCALE_DOWN) | behavior.get("scaleDown", {})


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("autoscaling/v1", "HorizontalPodAutoscaler"): autoscaler_v1,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): autoscaler_v2,
}
