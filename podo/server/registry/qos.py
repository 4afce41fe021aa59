"""The quality-of-service class of a Pod (Kubernetes' qos rules), from its resources."""

from collections.abc import Iterable

from podo.api import quantity
from podo.server.strategy import Object

GUARANTEED, BURSTABLE, BEST_EFFORT = "Guaranteed", "Burstable", "BestEffort"
COUNTED = ("cpu", "memory")


def qos_class(spec: Object) -> str:
    """Guaranteed where every container has limits for all that counts, equal to its requests."""
    owners = [spec] if _amounts(spec, "requests") or _amounts(spec, "limits") else _containers(spec)
    seen, guaranteed = False, True
    for owner in owners:
        requests, limits = _amounts(owner, "requests"), _amounts(owner, "limits")
        seen = seen or bool(requests or limits)
        if len(limits) < len(COUNTED) or any(requests.get(name) != limit for name, limit in limits.items()):
            guaranteed = False
    if not seen:
        return BEST_EFFORT
    return GUARANTEED if guaranteed else BURSTABLE


def _containers(spec: Object) -> Iterable[Object]:
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _amounts(owner: Object, kind: str) -> dict[str, object]:
    given = (owner.get("resources") or {}).get(kind) or {}
    found = {name: quantity.parse(given[name]) for name in COUNTED if name in given}
    return {name: amount for name, amount in found.items() if amount}
