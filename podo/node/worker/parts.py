"""What workers work with: every edge by its protocol, so that a test or a simulation can bring its own."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from podo.api.types.core_v1 import Container, Pod, PodStatus, ResourceStatus, Service
from podo.client.base import Client
from podo.clock import Clock
from podo.node.devices.ledger import Grant
from podo.node.events import PodEvents
from podo.node.id_ranges import IDRanges
from podo.node.images.base import Images
from podo.node.measures import Measures
from podo.node.probes.checks import NodeChecks
from podo.node.probes.tally import ProbeCount
from podo.node.references import References
from podo.node.runtime.base import Runtime
from podo.node.runtime.config import LinuxResources
from podo.node.volumes.base import Volumes
from podo.node.worker.facts import NodeFacts


class PodCgroups(Protocol):
    """The cgroups of Pods, by the name that the sandbox is told as its `cgroup_parent`."""

    async def make(self, name: str, resources: LinuxResources) -> None:
        """Make it, or change its figures."""
        ...

    async def remove(self, name: str) -> None:
        """Kill what is left in it and remove it. May be repeated."""
        ...

    def found(self, root: str) -> list[str]:
        """The names of all that are there below a node's group."""
        ...


class Statuses(Protocol):
    """The way of Pod statuses to the API."""

    def last(self, pod: Pod) -> PodStatus:
        """The status that was reported last, or the Pod's own."""
        ...

    def set(self, pod: Pod, status: PodStatus) -> None:
        """Report it, as soon as possible."""
        ...

    def seen(self, pod: Pod) -> None:
        """The API has this version of the Pod now."""
        ...

    async def flushed(self, uid: str) -> None:
        """Return once the API has what was set for the Pod (or has no such Pod)."""
        ...

    def forget(self, uid: str) -> None:
        """The Pod is gone."""
        ...


class Claims(Protocol):
    """The resource claims of Pods. Raises ClaimFailure."""

    async def prepare(self, pod: Pod) -> None:
        """Return when everything that the Pod's claims name is ready. May be repeated."""
        ...

    async def unprepare(self, uid: str) -> None:
        """The Pod needs its claims no more. May be repeated."""
        ...

    def devices(self, pod: Pod, container: Container) -> tuple[str, ...]:
        """The ids of the devices that a container gets (CDI)."""
        ...

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        """The devices of a container's claims, and how they are."""
        ...


class NoClaims:
    """For nodes without device drivers."""

    async def prepare(self, pod: Pod) -> None:
        """There is nothing to prepare."""

    async def unprepare(self, uid: str) -> None:
        """There is nothing to give back."""

    def devices(self, pod: Pod, container: Container) -> tuple[str, ...]:
        return ()

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        return ()


class Devices(Protocol):
    """The devices that plug-ins give to Pods, by resource."""

    @property
    def resources(self) -> Collection[str]:
        """The resources that they are of."""
        ...

    def concerns(self, pod: Pod) -> bool:
        """Whether the Pod asks for any."""
        ...

    async def allocate(self, pod: Pod, running: Collection[str]) -> None:
        """Give the Pod its devices, unless it has them. Raises NotAllocated."""
        ...

    async def granted(self, pod: Pod, container: Container) -> Grant:
        """What a container gets with them. Raises DeviceFailure."""
        ...

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        """The devices of a container, and how they are."""
        ...


class NoDevices:
    """For nodes without device plug-ins."""

    resources: Collection[str] = ()

    def concerns(self, pod: Pod) -> bool:
        return False

    async def allocate(self, pod: Pod, running: Collection[str]) -> None:
        """There is nothing to give."""

    async def granted(self, pod: Pod, container: Container) -> Grant:
        return Grant(())

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        return ()


Drained = Callable[[Pod], Awaitable[None]]
"""Returns once no Service of this node leads to the Pod any more."""


async def nothing_to_drain(pod: Pod) -> None:
    """For nodes without Services."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a node that its workers share. `services` are all those that are known."""

    runtime: Runtime
    images: Images
    volumes: Volumes
    cgroups: PodCgroups
    checks: NodeChecks
    references: References
    statuses: Statuses
    events: PodEvents
    client: Client
    clock: Clock
    facts: NodeFacts
    devices: Devices = field(default_factory=NoDevices)
    ids: IDRanges = field(default_factory=IDRanges)
    services: Callable[[], Iterable[Service]] = tuple
    drained: Drained = nothing_to_drain
    claims: Claims = field(default_factory=NoClaims)
    probes: Counter[ProbeCount] = field(default_factory=Counter)
    """How often each probe has ended how, since the agent was started."""
    measures: Measures = field(default_factory=Measures)
