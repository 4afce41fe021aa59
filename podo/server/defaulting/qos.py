"""The quality-of-service class of a Pod, which follows from what its containers ask for."""

from decimal import Decimal
from typing import Any

from podo.api import quantity

Object = dict[str, Any]
Amounts = dict[str, Decimal]


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort."""
    requests: Amounts = {}
    limits: Amounts = {}
    guaranteed = True
    whole = spec.get("resources")
    if whole is not None:
        parts = [whole]
    else:
        parts = [c["resources"] for key in ("containers", "initContainers") for c in spec.get(key) or ()]
    for resources in parts:
        _add(requests, resources.get("requests"))
        found = _add(limits, resources.get("limits"))
        if (whole is None or resources.get("limits")) and len(found) < 2:
            guaranteed = False
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _add(total: Amounts, resources: dict[str, str] | None) -> set[str]:
    """Add CPU and memory to the sums. Gives which of them there are."""
    found: set[str] = set()
    for name in ("cpu", "memory"):
        if resources and name in resources and (value := quantity.parse(resources[name])) > 0:
            total[name] = total.get(name, Decimal(0)) + value
            found.add(name)
    return found
