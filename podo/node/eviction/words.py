"""How an eviction is told: Kubernetes' own words, which users and tools search for. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from podo.api import quantity
from podo.api.types.core_v1 import Pod
from podo.node.eviction.judge import Level
from podo.node.eviction.thresholds import RESOURCES, STORAGE, Threshold
from podo.node.stats.base import PodUse

REASON, DISRUPTION = "Evicted", "TerminationByKubelet"


def low(resource: str, pod: Pod, use: PodUse | None, starved: Sequence[Threshold], seen: Mapping[str, Level]) -> str:
    """Why a Pod goes when `resource` runs short."""
    text = f"The node was low on resource: {resource}. "
    found = next((t for t in starved if RESOURCES[t.signal] == resource and t.signal in seen), None)
    if found:
        level = seen[found.signal]
        text += f"Threshold quantity: {amount(found.level(level.capacity))}, available: {amount(level.available)}. "
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        used = _used(resource, container.name, use)
        request = (container.resources.requests if container.resources else {}).get(resource, "0")
        if used is not None and used > quantity.parse(request):
            text += (
                f"Container {container.name} was using {amount(used)}, request is {quantity.canonical(request)}, "
                f"has larger consumption of {resource}. "
            )
    return text


def condition(conditions: Sequence[str]) -> str:
    """Why a Pod is refused by a node under pressure."""
    return f"The node had condition: [{' '.join(conditions)}]. "


def volume_full(volume: str, limit: str) -> str:
    """An emptyDir is over its own limit."""
    return f'Usage of EmptyDir volume "{volume}" exceeds the limit "{quantity.canonical(limit)}". '


def pod_full(limit: Decimal) -> str:
    """All of a Pod's files are over the limits of its containers."""
    return f"Pod ephemeral local storage usage exceeds the total limit of containers {quantity.format_binary(limit)}. "


def container_full(container: str, limit: str) -> str:
    """A container's own files are over its limit."""
    return f'Container {container} exceeded its local ephemeral storage limit "{quantity.canonical(limit)}". '


def amount(number: int) -> str:
    """A number of bytes, or of others, as quantities are printed."""
    return quantity.format_binary(Decimal(number))


def _used(resource: str, container: str, use: PodUse | None) -> int | None:
    if use is None:
        return None
    if resource == STORAGE and use.disk:
        return use.disk.container(container).bytes
    stats = use.container(container)
    if resource == "memory" and stats and stats.memory:
        return stats.memory.working_set
    return None
