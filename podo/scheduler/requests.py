"""What a Pod asks of a node: its effective requests, ports and tolerations, worked out once a Pod."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from podo.api import pod_resources, quantity
from podo.api.host_ports import HostPort, host_ports
from podo.api.types.core_v1 import Container, Pod, PodSpec, PodStatus, Toleration
from podo.scheduler.terms import PodTerms, terms_of

CPU, MEMORY, PODS, EPHEMERAL = "cpu", "memory", "pods", "ephemeral-storage"
DEFAULT_MILLI_CPU, DEFAULT_MEMORY = 100, 200 * 1024 * 1024  # what scores assume of a container that requests nothing
Amounts = dict[str, int]


def amount(resource: str, text: str) -> int:
    """A quantity as the whole number that the scheduler counts in: thousandths of CPUs, bytes, pieces."""
    return quantity.to_milli(text) if resource == CPU else quantity.to_int(text)


def _amounts(of: Container | PodSpec | PodStatus) -> Amounts:
    requests = of.resources.requests if of.resources else {}
    return {name: amount(name, text) for name, text in requests.items()}


def _scored(container: Container) -> Amounts:
    have = _amounts(container)
    return {CPU: have.get(CPU, DEFAULT_MILLI_CPU), MEMORY: have.get(MEMORY, DEFAULT_MEMORY)}


def effective_requests(pod: Pod, need: Callable[[Container], Amounts] = _amounts) -> Amounts:
    """The containers' needs together; overhead is added, Pod-level requests replace the sum (KEP-2837).

    While a Pod is resized (KEP-1287), each container counts with the most of what it asks for, was granted and has.
    """
    whole = _amounts(pod.spec)
    if _is_resizing(pod):
        need, held = _most(pod, need), _amounts(pod.status)
        whole = {name: max(number, held.get(name, 0)) for name, number in whole.items()}
    found = pod_resources.total(pod.spec, need) | whole
    pod_resources.add(found, {name: amount(name, text) for name, text in pod.spec.overhead.items()})
    return found


def _is_resizing(pod: Pod) -> bool:
    status = pod.status
    behind = (status.observed_generation or 0) < (pod.metadata.generation or 0)
    return bool(status.container_statuses) and (
        behind or any(c.type.startswith("PodResize") for c in status.conditions)
    )


def _most(pod: Pod, need: Callable[[Container], Amounts]) -> Callable[[Container], Amounts]:
    """`need`, but never less than what the container's status has."""
    known = {s.name: s for s in (*pod.status.container_statuses, *pod.status.init_container_statuses)}

    def most(container: Container) -> Amounts:
        found, status = dict(need(container)), known.get(container.name)
        if status is None:
            return found
        has = status.resources.requests if status.resources else {}
        for name, text in (*has.items(), *status.allocated_resources.items()):
            found[name] = max(found.get(name, 0), amount(name, text))
        return found

    return most


@dataclass(frozen=True)
class PodInfo:
    """A Pod with what filters and scores ask of it."""

    pod: Pod
    requests: Amounts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "requests", effective_requests(self.pod))

    @cached_property
    def scored_requests(self) -> Amounts:
        """CPU and memory with defaults for containers that request none, so that empty Pods spread too."""
        found = effective_requests(self.pod, _scored)
        return {CPU: found.get(CPU, 0), MEMORY: found.get(MEMORY, 0)}

    @cached_property
    def host_ports(self) -> tuple[HostPort, ...]:
        """The node's ports that it takes."""
        return host_ports(self.pod.spec)

    @property
    def priority(self) -> int:
        return self.pod.spec.priority or 0

    @property
    def tolerations(self) -> tuple[Toleration, ...]:
        return self.pod.spec.tolerations

    @cached_property
    def controller(self) -> str:
        """The uid of the object that owns this Pod as its controller, or ""."""
        return next((r.uid for r in self.pod.metadata.owner_references if r.controller), "")

    @cached_property
    def terms(self) -> PodTerms:
        """Its affinity and anti-affinity to other Pods."""
        return terms_of(self.pod)

    @cached_property
    def group(self) -> tuple[str, frozenset[tuple[str, str]], bool]:
        """Pods of equal groups are the same to every rule about other Pods."""
        meta = self.pod.metadata
        return meta.namespace, frozenset(meta.labels.items()), bool(meta.deletion_timestamp)
