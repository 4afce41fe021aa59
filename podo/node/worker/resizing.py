"""In-place resize in a worker: its memory of what was granted and actuated, and the update of a running container."""

from collections.abc import Callable

from podo.api.types.core_v1 import Container, Pod, PodSpec, PodStatus, ResourceRequirements
from podo.node.resize.allocation import asks_for_other, granted, widest
from podo.node.resize.words import IN_PROGRESS
from podo.node.resources.limits import cgroup_parent, container_resources, pod_resources
from podo.node.resources.sharing import with_shared_limits
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import LinuxResources
from podo.node.worker.parts import Parts
from podo.node.worker.state import ObservedPod

Room = Callable[[Pod], str]
"""Why the node has no room for a Pod as it wants to be; "" if it has."""


def always(pod: Pod) -> str:
    """For a node without bounds."""
    return ""


class Resizing:
    """What the runtime cannot tell. `stale`: the Pod's own cgroup is not as granted yet; `whole`: what it has of the
    resources of the Pod as such."""

    def __init__(self, room: Room, status: PodStatus, spec: PodSpec) -> None:
        self._room = room
        self._actuated: dict[str, ResourceRequirements] = {}  # by container id, with the limits that the Pod shares
        self.pending, self.generation = "", 0
        self.stale = any(c.type == IN_PROGRESS for c in status.conditions)
        known = self.stale and spec.resources is not None and status.resources is not None
        self.whole = status.resources if known else spec.resources

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

    def has(self, container_id: str, container: Container, spec: PodSpec) -> None:
        """A container of this Pod was started, or updated."""
        self._actuated[container_id] = with_shared_limits(container.resources, spec.resources)

    def fitted(self, spec: PodSpec, *, last: bool) -> None:
        """The Pod's own cgroup has these figures. `last`: no other change has come meanwhile."""
        self.whole, self.stale = spec.resources, not last

    def actuated(self, observed: ObservedPod, status: PodStatus) -> dict[str, ResourceRequirements]:
        """What containers have, by id: as this worker made it, or as an earlier one has reported it."""
        there = {c.id for c in observed.containers}
        self._actuated = {i: r for i, r in self._actuated.items() if i in there}
        reported = {
            s.container_id.partition("://")[2]: with_shared_limits(s.resources, self.whole)
            for s in (*status.init_container_statuses, *status.container_statuses)
            if s.resources is not None
        }
        return {i: r for i, r in reported.items() if i in there} | self._actuated


async def widen_group(pod: Pod, actual: PodSpec, parts: Parts) -> None:
    """Let the Pod's cgroup hold its containers as they are, and as they shall be."""
    await parts.cgroups.make(_group(pod, parts), widest(pod_resources(actual), pod_resources(pod.spec)))


async def fit_group(pod: Pod, actual: PodSpec, parts: Parts) -> None:
    """Give the Pod's cgroup the figures that were granted. Raises RuntimeFailure, CgroupFailure."""
    wanted, now = pod_resources(pod.spec).memory_limit, pod_resources(actual).memory_limit
    if wanted and (not now or wanted < now):
        for sandbox in await parts.runtime.stats():
            if sandbox.pod_uid == pod.metadata.uid and sandbox.memory:
                _refuse_below("pod", wanted, sandbox.memory.usage)
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
            if seen.container_id == container_id and seen.memory:
                _refuse_below(f'container "{name}"', limit, seen.memory.usage)


def _refuse_below(whose: str, limit: int, usage: int) -> None:
    if usage >= limit:
        text = f"attempting to set {whose} memory limit ({limit}) below current usage ({usage})"
        raise RuntimeFailure(f"cannot decrease memory limits: {text}")


def _group(pod: Pod, parts: Parts) -> str:
    return cgroup_parent(parts.facts.cgroup_root, pod)
