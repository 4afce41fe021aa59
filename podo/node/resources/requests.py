"""What a Pod asks for in all as the scheduler counts it."""

from collections.abc import Mapping
from decimal import Decimal

from podo.api import pod_resources, quantity
from podo.api.types.core_v1 import Container, PodSpec

Amounts = dict[str, Decimal]


def pod_requests(spec: PodSpec) -> Amounts:
    """Requests by resource: of the containers together, or of the hungriest init container, and the overhead."""
    return _total(spec, "requests")


def pod_limits(spec: PodSpec) -> Amounts:
    """Limits by resource, summed as requests are."""
    return _total(spec, "limits")


def _total(spec: PodSpec, which: str) -> Amounts:
    found = pod_resources.total(spec, lambda container: _amounts(container, which))
    if spec.resources:  # of the Pod as a whole (KEP-2837): they replace the sum
        found |= _parsed(getattr(spec.resources, which))
    overhead = _parsed(spec.overhead)
    if which == "limits":
        overhead = {k: v for k, v in overhead.items() if k in found}
    pod_resources.add(found, overhead)
    return found


def _amounts(container: Container, which: str) -> Amounts:
    return _parsed(getattr(container.resources, which)) if container.resources else {}


def _parsed(quantities: Mapping[str, str]) -> Amounts:
    return {name: quantity.parse(value) for name, value in quantities.items()}
