"""Resources of a Pod as a whole (KEP-2837): how containers share its limits, and what its status says. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from podo.api import quantity
from podo.api.pod_amounts import pod_limits, pod_requests
from podo.api.types.core_v1 import PodSpec, ResourceRequirements
from podo.node.resources.limits import pod_resources
from podo.node.resources.sharing import NOTHING

LEAST_CPU = {"requests": Decimal("0.002"), "limits": Decimal("0.01")}  # cgroups tell smaller figures from none no more


def allocated(spec: PodSpec) -> dict[str, str]:
    """What a Pod was granted: `status.allocatedResources`."""
    return _worded(spec, "requests", pod_requests(spec))


def expected(spec: PodSpec) -> ResourceRequirements:
    """`status.resources` while the Pod does not run: what it will have."""
    return ResourceRequirements(
        requests=allocated(spec),
        limits=_worded(spec, "limits", pod_limits(spec)),
        claims=spec.resources.claims if spec.resources else (),
    )


def in_force(spec: PodSpec) -> ResourceRequirements:
    """`status.resources` while it runs: what its cgroup has. `spec` has the resources as they were put in force."""
    whole, requests, limits = spec.resources or NOTHING, allocated(spec), _worded(spec, "limits", pod_limits(spec))
    figures = pod_resources(spec)
    held = {"cpu": figures.cpu_quota > 0, "memory": figures.memory_limit > 0}
    return ResourceRequirements(
        requests=whole.requests | _told(requests, "requests"),
        limits=whole.limits | {name: value for name, value in _told(limits, "limits").items() if held[name]},
        claims=whole.claims,
    )


def _told(amounts: Mapping[str, str], which: str) -> dict[str, str]:
    found = {name: amounts[name] for name in ("cpu", "memory") if name in amounts}
    return {n: v for n, v in found.items() if n != "cpu" or quantity.parse(v) > LEAST_CPU[which]}


def _worded(spec: PodSpec, which: str, amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Sums in the spelling of what they were summed from."""
    models: dict[str, str] = {}
    resources = [spec.resources, *(c.resources for c in (*spec.containers, *spec.init_containers))]
    for texts in (*(getattr(r, which) for r in resources if r), spec.overhead):
        models = dict(texts) | models
    return {name: quantity.like(value, models[name]) for name, value in amounts.items()}
