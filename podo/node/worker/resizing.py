"""In-place resize in a worker: its memory of what was granted and actuated, and the update of a running container."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from podo.api.types.core_v1 import Container, Pod, PodSpec, PodStatus, ResourceRequirements
from podo.node.resize.allocation import NOTHING, asks_for_other, granted, widest
from podo.node.resize.words import IN_PROGRESS
from podo.node.resources.limits import cgroup_parent, container_resources, pod_resources
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import LinuxResources
from podo.node.worker.labels import SCHEME
from podo.node.worker.parts import Parts
from podo.node.worker.state import ObservedPod

Room = Callable[[Pod], str]
"""Why the node has no room for a Pod as it wants to be; "" if it has."""


def always(pod: Pod) -> str:
    """For a node without bounds."""
    return ""


class Resizing:
    """What the runtime cannot tell. `stale`: the Pod's own cgroup is not as granted yet."""

    def __init__(self, room: Room, status: PodStatus) -> None:
        self._room = room
        self._actuated: dict[str, ResourceRequirements] = {}  # by container id
        self.pending, self.generation = "", 0
        self.stale = any(c.type == IN_PROGRESS for c in status.conditions)

    def follow(self, desired: Pod, known: PodSpec) -> Pod:
        """The Pod to work with: as desired, or with the resources that it had, while there is no room for more."""
        if not asks_for_other(desired.spec, known):
            self.pending = ""
            return desired
        self.pending = self._room(desired)
        if self.pending:
            return granted(desired, known)
        self.generation, self.stale = desired.metadata.generation or 0, True
        return desired

    def has(self, container_id: str, resources: ResourceRequirements | None) -> None:
        """A container was started, or updated, with these resources."""
        self._actuated[container_id] = resources or NOTHING

    def actuated(self, observed: ObservedPod, status: PodStatus) -> dict[str, ResourceRequirements]:
        """What containers have, by id: as this worker made it, or as an earlier one has reported it."""
        there = {c.id for c in observed.containers}
        self._actuated = {i: r for i, r in self._actuated.items() if i in there}
        reported = {
            s.container_id.removeprefix(SCHEME): s.resources
            for s in (*status.init_container_statuses, *status.container_statuses)
            if s.resources is not None
        }
        return {i: r for i, r in reported.items() if i in there} | self._actuated


async def widen_group(pod: Pod, actual: Mapping[str, ResourceRequirements], parts: Parts) -> None:
    """Let the Pod's cgroup hold its containers as they are and as they shall be. `actual` goes by container name."""
    now = pod_resources(as_is(pod.spec, actual))
    await parts.cgroups.make(_group(pod, parts), widest(now, pod_resources(pod.spec)))


async def fit_group(pod: Pod, parts: Parts) -> None:
    """Give the Pod's cgroup the figures that were granted."""
    await parts.cgroups.make(_group(pod, parts), pod_resources(pod.spec))


async def update_container(pod: Pod, container: Container, container_id: str, parts: Parts) -> None:
    """Give a running container the resources that its Pod was granted. Raises RuntimeFailure."""
    whole = container_resources(pod, container, memory_capacity=parts.facts.memory_capacity)
    wanted = LinuxResources(
        cpu_shares=whole.cpu_shares,
        cpu_quota=whole.cpu_quota,
        cpu_period=whole.cpu_period,
        memory_limit=whole.memory_limit,
    )
    if wanted.memory_limit:
        await _leave_room(container.name, container_id, wanted.memory_limit, parts)
    await parts.runtime.update_container_resources(container_id, wanted)


async def _leave_room(name: str, container_id: str, limit: int, parts: Parts) -> None:
    """Refuse a memory limit that would have the container killed at once. Raises RuntimeFailure."""
    for sandbox in await parts.runtime.stats():
        for seen in sandbox.containers:
            if seen.container_id == container_id and seen.memory and seen.memory.usage >= limit:
                usage = seen.memory.usage
                text = f'attempting to set container "{name}" memory limit ({limit}) below current usage ({usage})'
                raise RuntimeFailure(text)


def as_is(spec: PodSpec, actual: Mapping[str, ResourceRequirements]) -> PodSpec:
    """The spec with what its containers have in fact, by name."""

    def of(containers: tuple[Container, ...]) -> tuple[Container, ...]:
        return tuple(replace(c, resources=actual.get(c.name, c.resources)) for c in containers)

    return replace(spec, containers=of(spec.containers), init_containers=of(spec.init_containers))


def _group(pod: Pod, parts: Parts) -> str:
    return cgroup_parent(parts.facts.cgroup_root, pod)
