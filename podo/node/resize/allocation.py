"""What a Pod asks for, was granted, and has: the comparisons. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from podo.api import quantity
from podo.api.types.core_v1 import Container, Pod, PodSpec, ResourceRequirements
from podo.node.resources.sharing import NOTHING
from podo.node.runtime.config import LinuxResources

RESIZABLE = ("cpu", "memory")
RESTART = "RestartContainer"


def granted(pod: Pod, known: PodSpec) -> Pod:
    """The Pod with the resources of `known`, an earlier version of its spec, and everything else of its own."""
    resources = {c.name: c.resources for c in (*known.init_containers, *known.containers)}

    def of(containers: Iterable[Container]) -> tuple[Container, ...]:
        return tuple(replace(c, resources=resources[c.name]) if c.name in resources else c for c in containers)

    spec = replace(pod.spec, containers=of(pod.spec.containers), init_containers=of(pod.spec.init_containers))
    return replace(pod, spec=replace(spec, resources=known.resources))


def asks_for_other(spec: PodSpec, known: PodSpec) -> bool:
    """Whether any of its resources differ from those of an earlier version."""
    pairs = zip((*spec.init_containers, *spec.containers), (*known.init_containers, *known.containers), strict=False)
    differ = any(changed(old.resources, new.resources) for new, old in pairs)
    return differ or bool(changed(known.resources, spec.resources))


def changed(old: ResourceRequirements | None, new: ResourceRequirements | None) -> frozenset[str]:
    """The resources, "cpu" or "memory", of which the request or the limit is another amount."""
    before, after = old or NOTHING, new or NOTHING
    return frozenset(
        name
        for name in RESIZABLE
        if not (_same(before.requests, after.requests, name) and _same(before.limits, after.limits, name))
    )


def _same(old: Mapping[str, str], new: Mapping[str, str], name: str) -> bool:
    if (name in old) != (name in new):
        return False
    return name not in old or quantity.parse(old[name]) == quantity.parse(new[name])


def restarts(container: Container, names: Iterable[str]) -> bool:
    """Whether a change of these resources takes a restart, as the container's resize policy says."""
    policies = {p.resource_name: p.restart_policy for p in container.resize_policy}
    return any(policies.get(name) == RESTART for name in names)


def as_is(spec: PodSpec, actual: Mapping[str, ResourceRequirements], whole: ResourceRequirements | None) -> PodSpec:
    """The spec with what its containers have in fact, by name, and with what the Pod as such has."""

    def of(containers: Iterable[Container]) -> tuple[Container, ...]:
        return tuple(replace(c, resources=actual.get(c.name, c.resources)) for c in containers)

    containers, init_containers = of(spec.containers), of(spec.init_containers)
    return replace(spec, containers=containers, init_containers=init_containers, resources=whole)


def widest(one: LinuxResources, other: LinuxResources) -> LinuxResources:
    """The figures of a group in which either fits: while containers change one after the other."""
    unlimited = one.cpu_quota < 0 or other.cpu_quota < 0
    return LinuxResources(
        cpu_shares=max(one.cpu_shares, other.cpu_shares),
        cpu_quota=-1 if unlimited else max(one.cpu_quota, other.cpu_quota),
        cpu_period=one.cpu_period or other.cpu_period,
        memory_limit=max(one.memory_limit, other.memory_limit) if one.memory_limit and other.memory_limit else 0,
    )
