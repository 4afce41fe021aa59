"""Defaults of dynamic resource allocation."""

from collections.abc import Callable, Iterable
from typing import Any

Object = dict[str, Any]


def _requests(requests: Iterable[Object]) -> None:
    for request in requests:
        if "exactly" in request:
            _count(request["exactly"])
        for alternative in request.get("firstAvailable", ()):
            _count(alternative)


def _count(request: Object) -> None:
    if request.setdefault("allocationMode", "ExactCount") == "ExactCount" and "count" not in request:
        request["count"] = 1
    _tolerations(request)


def _tolerations(owner: Object) -> None:
    for toleration in owner.get("tolerations", ()):
        toleration.setdefault("operator", "Equal")


def claim(obj: Object) -> None:
    _requests(obj["spec"]["devices"].get("requests") or ())
    allocation = obj.get("status", {}).get("allocation") or {}
    for result in allocation.get("devices", {}).get("results", ()):
        _tolerations(result)


def claim_template(obj: Object) -> None:
    _requests(obj["spec"]["spec"]["devices"].get("requests") or ())


def resource_slice(obj: Object) -> None:
    """When a taint was added only the server knows: `ResourceSliceStrategy`."""
    for device in obj["spec"].get("devices", ()):
        for mapping in device.get("nodeAllocatableResourceMappings", {}).values():
            mapping.setdefault("allocationMultiplier", "1")


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("resource.k8s.io/v1", "ResourceClaim"): claim,
    ("resource.k8s.io/v1", "ResourceClaimTemplate"): claim_template,
    ("resource.k8s.io/v1", "ResourceSlice"): resource_slice,
}
