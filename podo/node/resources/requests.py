"""What a Pod asks for in all (KEP-753's rule for sidecars; the scheduler counts the same way)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from podo.api import quantity
from podo.api.types.core_v1 import Container, PodSpec
from podo.node.worker.state import is_sidecar

Amounts = dict[str, Decimal]


def pod_requests(spec: PodSpec) -> Amounts:
    """Requests by resource: of the containers together, or of the hungriest init container, and the overhead."""
    return _total(spec, "requests")


def pod_limits(spec: PodSpec) -> Amounts:
    """Limits by resource, summed as requests are."""
    return _total(spec, "limits")


def _total(spec: PodSpec, which: str) -> Amounts:
    total = _sum(_amounts(c, which) for c in spec.containers)
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.init_containers:
        asked = _amounts(container, which)
        if is_sidecar(container):
            sidecars = _sum((sidecars, asked))
            asked = sidecars
        else:
            asked = _sum((sidecars, asked))
        peak = {k: max(peak.get(k, Decimal(0)), asked.get(k, Decimal(0))) for k in peak | asked}
    total = _sum((total, sidecars))
    total = {k: max(total.get(k, Decimal(0)), peak.get(k, Decimal(0))) for k in total | peak}
    if spec.resources:  # of the Pod as a whole (KEP-2837): they replace the sum
        total |= _parsed(getattr(spec.resources, which))
    overhead = _parsed(spec.overhead)
    if which == "limits":
        overhead = {k: v for k, v in overhead.items() if k in total}
    return _sum((total, overhead))


def _amounts(container: Container, which: str) -> Amounts:
    return _parsed(getattr(container.resources, which)) if container.resources else {}


def _parsed(quantities: Mapping[str, str]) -> Amounts:
    return {name: quantity.parse(value) for name, value in quantities.items()}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, Decimal(0)) + value
    return total
