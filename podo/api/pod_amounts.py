"""What a Pod asks for in all (KEP-753, KEP-2837), by resource, in exact numbers. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from podo.api import pod_resources, quantity
from podo.api.types.core_v1 import Container, ContainerStatus, Pod, PodSpec, ResourceRequirements

Amounts = dict[str, Decimal]


def pod_requests(spec: PodSpec) -> Amounts:
    """Requests by resource: of the containers together, or of the hungriest init container, and the overhead."""
    return _total(spec, "requests", {})


def pod_limits(spec: PodSpec) -> Amounts:
    """Limits by resource, summed as requests are."""
    return _total(spec, "limits", {})


def held_requests(pod: Pod) -> Amounts:
    """The requests, or what containers hold still, or hold already, where they are being resized (KEP-1287)."""
    return _total(pod.spec, "requests", _statuses(pod), pod.status.resources)


def held_limits(pod: Pod) -> Amounts:
    """The limits, as `held_requests`."""
    return _total(pod.spec, "limits", _statuses(pod), pod.status.resources)


def _statuses(pod: Pod) -> dict[str, ContainerStatus]:
    status = pod.status
    return {s.name: s for s in (*status.container_statuses, *status.init_container_statuses)}


def _total(
    spec: PodSpec,
    which: str,
    statuses: Mapping[str, ContainerStatus],
    held: ResourceRequirements | None = None,
) -> Amounts:
    found = pod_resources.total(spec, lambda c: _amounts(c, which, statuses.get(c.name)))
    if spec.resources:  # of the Pod as a whole (KEP-2837): they replace the sum
        has = _parsed(getattr(held, which)) if held else {}
        whole = _parsed(getattr(spec.resources, which))
        found |= {name: max(value, has.get(name, value)) for name, value in whole.items()}
    overhead = _parsed(spec.overhead)
    if which == "limits":
        overhead = {k: v for k, v in overhead.items() if k in found}
    pod_resources.add(found, overhead)
    return found


def _amounts(container: Container, which: str, status: ContainerStatus | None) -> Amounts:
    found = _parsed(getattr(container.resources, which)) if container.resources else {}
    if status is not None:
        actual = _parsed(getattr(status.resources, which)) if status.resources else {}
        allocated = _parsed(status.allocated_resources) if which == "requests" else {}
        for held in (actual, allocated):
            found = {name: max(value, held.get(name, value)) for name, value in found.items()} | {
                name: value for name, value in held.items() if name not in found
            }
    return found


def _parsed(quantities: Mapping[str, str]) -> Amounts:
    return {name: quantity.parse(value) for name, value in quantities.items()}
