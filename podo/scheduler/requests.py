"""What a Pod asks of a node: its effective requests, ports and tolerations, worked out once a Pod."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from podo.api import quantity
from podo.api.types.core_v1 import Container, Pod, Toleration

CPU, MEMORY, PODS, EPHEMERAL = "cpu", "memory", "pods", "ephemeral-storage"
DEFAULT_MILLI_CPU, DEFAULT_MEMORY = 100, 200 * 1024 * 1024  # what scores assume of a container that requests nothing
Amounts = dict[str, int]


def amount(resource: str, text: str) -> int:
    """A quantity as the whole number that the scheduler counts in: thousandths of CPUs, bytes, pieces."""
    return quantity.to_milli(text) if resource == CPU else quantity.to_int(text)


def _amounts(container: Container) -> Amounts:
    requests = container.resources.requests if container.resources else {}
    return {name: amount(name, text) for name, text in requests.items()}


def _scored(container: Container) -> Amounts:
    have = _amounts(container)
    return {CPU: have.get(CPU, DEFAULT_MILLI_CPU), MEMORY: have.get(MEMORY, DEFAULT_MEMORY)}


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def _raise_to(total: Amounts, least: Mapping[str, int]) -> None:
    for name, number in least.items():
        total[name] = max(total.get(name, 0), number)


def effective_requests(pod: Pod, of: "Iterable[tuple[Container, Amounts]] | None" = None) -> Amounts:
    """The sum of the containers and sidecars, or what an init container needs beside the sidecars before it, if more.

    Source: "Resource sharing within containers" and KEP-753; overhead is added, Pod-level requests replace the sum
    (KEP-2837).
    """
    amounts = {id(c): a for c, a in of} if of is not None else {}

    def need(container: Container) -> Amounts:
        return amounts[id(container)] if of is not None else _amounts(container)

    total: Amounts = {}
    for container in pod.spec.containers:
        _add(total, need(container))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in pod.spec.init_containers:
        if container.restart_policy == "Always":
            _add(sidecars, need(container))
            _raise_to(peak, sidecars)
        else:
            moment = dict(sidecars)
            _add(moment, need(container))
            _raise_to(peak, moment)
    _add(total, sidecars)
    _raise_to(total, peak)
    if pod.spec.resources is not None:
        total |= {name: amount(name, text) for name, text in pod.spec.resources.requests.items()}
    _add(total, {name: amount(name, text) for name, text in pod.spec.overhead.items()})
    return total


@dataclass(frozen=True)
class HostPort:
    """A port of the node that a container takes; `address` "0.0.0.0" is every one."""

    address: str
    protocol: str
    port: int

    def collides(self, other: "HostPort") -> bool:
        """Whether both cannot be on one node."""
        if (self.port, self.protocol) != (other.port, other.protocol):
            return False
        return self.address == other.address or "0.0.0.0" in (self.address, other.address)


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
        spec = self.pod.spec
        containers = (*spec.containers, *spec.init_containers)
        found = effective_requests(self.pod, [(c, _scored(c)) for c in containers])
        return {CPU: found.get(CPU, 0), MEMORY: found.get(MEMORY, 0)}

    @cached_property
    def host_ports(self) -> tuple[HostPort, ...]:
        """The node's ports that it takes."""
        spec = self.pod.spec
        sidecars = (c for c in spec.init_containers if c.restart_policy == "Always")
        return tuple(
            HostPort(port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port)
            for container in (*spec.containers, *sidecars)
            for port in container.ports
            if port.host_port
        )

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
