"""The QoS class of a Pod: it decides on its cgroup, its shares and whom the kernel kills first."""

from collections.abc import Iterable
from decimal import Decimal

from podo.api import quantity
from podo.api.types.core_v1 import PodSpec, ResourceRequirements

GUARANTEED, BURSTABLE, BEST_EFFORT = "Guaranteed", "Burstable", "BestEffort"
COUNTED = ("cpu", "memory")


def qos_class(spec: PodSpec) -> str:
    """Guaranteed: every container limits cpu and memory to what it requests; BestEffort: none says anything."""
    containers = [c.resources for c in (*spec.containers, *spec.init_containers)]
    parts = [spec.resources] if spec.resources and _says_anything([spec.resources]) else containers
    if not _says_anything(parts):
        return BEST_EFFORT
    return GUARANTEED if all(map(_is_exact, parts)) else BURSTABLE


def _says_anything(parts: Iterable[ResourceRequirements | None]) -> bool:
    return any(_positive(p.requests, name) or _positive(p.limits, name) for p in parts if p for name in COUNTED)


def _positive(quantities: dict[str, str], name: str) -> Decimal | None:
    value = quantity.parse(quantities.get(name, "0"))
    return value if value > 0 else None


def _is_exact(part: ResourceRequirements | None) -> bool:
    if part is None:
        return False
    for name in COUNTED:
        limit = _positive(part.limits, name)
        if limit is None or (_positive(part.requests, name) or limit) != limit:
            return False
    return True
