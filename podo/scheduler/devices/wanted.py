"""Requests of claims in one shape, whether they ask for exactly one thing or for the first of several that there is."""

from collections.abc import Mapping
from dataclasses import dataclass

from podo.api.resource_claims import tolerates
from podo.api.types.resource_v1 import (
    Device,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
)

ALL, EXACT = "All", "ExactCount"
BLOCKING = ("NoSchedule", "NoExecute")


@dataclass(frozen=True)
class Wanted:
    """A request, or one of the alternatives of `parent`."""

    name: str
    class_name: str
    mode: str
    count: int
    selectors: tuple[str, ...]
    tolerations: tuple[DeviceToleration, ...]
    capacity: Mapping[str, str]
    admin: bool = False
    parent: str = ""

    @property
    def full_name(self) -> str:
        """As results and configurations name it."""
        return f"{self.parent}/{self.name}" if self.parent else self.name

    def is_among(self, names: tuple[str, ...]) -> bool:
        """Whether it is meant by a list of requests: an empty list means all, a parent all of its alternatives."""
        return not names or self.full_name in names or bool(self.parent and self.parent in names)

    def bears(self, device: Device) -> bool:
        """Whether the device's taints allow it."""
        return all(
            any(tolerates(toleration, taint) for toleration in self.tolerations)
            for taint in device.taints
            if taint.effect in BLOCKING
        )


def alternatives(request: DeviceRequest) -> tuple[Wanted, ...]:
    """What will do for a request, the best first; nothing for a request of a kind that is not known."""
    if request.exactly is not None:
        return (_wanted(request.name, request.exactly, admin=bool(request.exactly.admin_access)),)
    return tuple(_wanted(sub.name, sub, parent=request.name) for sub in request.first_available)


def _wanted(
    name: str, asked: ExactDeviceRequest | DeviceSubRequest, *, admin: bool = False, parent: str = ""
) -> Wanted:
    return Wanted(
        name=name,
        class_name=asked.device_class_name,
        mode=asked.allocation_mode or EXACT,
        count=1 if asked.count is None else asked.count,
        selectors=tuple(s.cel.expression if s.cel else "" for s in asked.selectors),
        tolerations=asked.tolerations,
        capacity=asked.capacity.requests if asked.capacity else {},
        admin=admin,
        parent=parent,
    )
