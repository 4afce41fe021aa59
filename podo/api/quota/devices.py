"""What resource claims use (KEP-4381): themselves, and devices by class; these also as the extended resource that a
class stands for (KEP-5004), but for those that a Pod is charged for by its own requests."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from podo.api import quantity
from podo.api.quota.pods import DEVICES, Pods, is_extended
from podo.api.quota.scopes import Requirement
from podo.api.resource_claims import EXTENDED
from podo.api.types.core_v1 import Pod
from podo.api.types.resource_v1 import DeviceClass, DeviceRequest, ResourceClaim

COUNT, OF_CLASS = "count/resourceclaims.resource.k8s.io", ".deviceclass.resource.k8s.io/devices"
MOST = 32
"""Devices that one claim may be allocated: what `All` counts as."""


@dataclass(frozen=True)
class Surroundings:
    """What claims are to be seen with. `classes` is device class → extended resource, of those that have one; `pods`
    go by namespace and name; `claims` are all of a namespace."""

    classes: Mapping[str, str] = field(default_factory=dict)
    pod: Callable[[str, str], Pod | None] = lambda namespace, name: None
    claims: Callable[[str], Iterable[ResourceClaim]] = lambda namespace: ()


def extended_names(classes: Iterable[DeviceClass]) -> dict[str, str]:
    """The extended resource of each class that stands for one."""
    return {c.metadata.name: c.spec.extended_resource_name for c in classes if c.spec.extended_resource_name}


class DeviceClaims:
    """The evaluator of resource claims."""

    def __init__(self, surroundings: Callable[[], Surroundings] = Surroundings) -> None:
        self._surroundings = surroundings

    resource = ("resource.k8s.io", "resourceclaims")
    cls = ResourceClaim
    updates = frozenset({""})

    def covers(self, names: Iterable[str]) -> list[str]:
        classes = self._surroundings().classes
        stand_ins = {f"requests.{DEVICES}{name}" for name in classes} | {f"requests.{n}" for n in classes.values()}
        return [n for n in names if n == COUNT or n.endswith(OF_CLASS) or (is_extended(n) and n in stand_ins)]

    def usage(self, obj: ResourceClaim, now: datetime) -> dict[str, str]:
        total: dict[str, int] = {}
        for request in obj.spec.devices.requests if obj.spec.devices else ():
            for name, number in wanted(request).items():
                total[name] = total.get(name, 0) + number
        devices = {f"{name}{OF_CLASS}": str(number) for name, number in total.items()}
        return {COUNT: "1"} | devices | self._extended(obj, total, now)

    def _extended(self, claim: ResourceClaim, devices: Mapping[str, int], now: datetime) -> dict[str, str]:
        around = self._surroundings()
        wanted = {f"requests.{DEVICES}{name}": number for name, number in devices.items()}
        for name, number in devices.items():
            if extended := around.classes.get(name):
                wanted[f"requests.{extended}"] = wanted.get(f"requests.{extended}", 0) + number
        pod = charged_pod(claim, around)
        charged = Pods().usage(pod, now) if pod else {}
        left = {name: number - quantity.to_int(charged.get(name, "0")) for name, number in wanted.items()}
        return {name: str(number) for name, number in left.items() if number > 0}

    def matches(self, obj: ResourceClaim, requirement: Requirement) -> bool:
        return False

    def missing(self, obj: ResourceClaim, names: Collection[str]) -> str:
        return ""


def charged_pod(claim: ResourceClaim, around: Surroundings) -> Pod | None:
    """The Pod that a claim was made for, to stand for what its containers request: one claim, the first, a Pod."""
    meta = claim.metadata
    owner = next((o for o in meta.owner_references if o.controller and o.kind == "Pod"), None)
    if meta.annotations.get(EXTENDED) != "true" or owner is None:
        return None
    pod = around.pod(meta.namespace, owner.name)
    if pod is None or pod.metadata.uid != owner.uid:
        return None
    if status := pod.status.extended_resource_claim_status:
        return pod if status.resource_claim_name == meta.name else None
    rank = (meta.creation_timestamp, meta.name)
    earlier = any(
        (other.metadata.creation_timestamp, other.metadata.name) < rank
        for other in around.claims(meta.namespace)
        if other.metadata.annotations.get(EXTENDED) == "true"
        and any(o.uid == owner.uid for o in other.metadata.owner_references)
    )
    return None if earlier else pod


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
