"""What resource claims use (KEP-4381): themselves, and devices by class."""

from collections.abc import Collection, Iterable
from datetime import datetime

from podo.api.quota.scopes import Requirement
from podo.api.types.resource_v1 import DeviceRequest, ResourceClaim

COUNT, OF_CLASS = "count/resourceclaims.resource.k8s.io", ".deviceclass.resource.k8s.io/devices"
MOST = 32
"""Devices that one claim may be allocated: what `All` counts as."""


class DeviceClaims:
    """The evaluator of resource claims."""

    resource = ("resource.k8s.io", "resourceclaims")
    cls = ResourceClaim
    updates = frozenset({""})

    def covers(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name == COUNT or name.endswith(OF_CLASS)]

    def usage(self, obj: ResourceClaim, now: datetime) -> dict[str, str]:
        total: dict[str, int] = {}
        for request in obj.spec.devices.requests if obj.spec.devices else ():
            for name, number in wanted(request).items():
                total[name] = total.get(name, 0) + number
        return {COUNT: "1"} | {f"{name}{OF_CLASS}": str(number) for name, number in total.items()}

    def matches(self, obj: ResourceClaim, requirement: Requirement) -> bool:
        return False

    def missing(self, obj: ResourceClaim, names: Collection[str]) -> str:
        return ""


def wanted(request: DeviceRequest) -> dict[str, int]:
    """Devices by class; of alternatives, the most that any one of them wants."""
    if not request.first_available:
        exact = request.exactly
        return {exact.device_class_name: number(exact.allocation_mode, exact.count)} if exact else {}
    most: dict[str, int] = {}
    for one in request.first_available:
        most[one.device_class_name] = max(most.get(one.device_class_name, 0), number(one.allocation_mode, one.count))
    return most


def number(mode: str, count: int | None) -> int:
    """How many devices an allocation mode means."""
    return {"ExactCount": count or 0, "All": MOST}.get(mode, 0)
