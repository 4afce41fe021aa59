"""ContainerStatus of every container of a Pod, as kubelet words them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from podo.api import timestamps
from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    ContainerUser,
    LinuxContainerUser,
    ResourceRequirements,
    ResourceStatus,
    VolumeMountStatus,
)
from podo.node.resize.decide import difference
from podo.node.runtime import observed as seen_as
from podo.node.runtime.observed import ObservedContainer
from podo.node.worker import restart_all
from podo.node.worker.labels import IMAGE, IMAGE_REF
from podo.node.worker.restart_policy import as_container, restarts
from podo.node.worker.state import PodState, ProbeState, Waiting

LOST = "The container could not be located when the pod was terminated"


@dataclass(frozen=True, kw_only=True)
class StatusInput:
    """A worker's state, why containers wait, and the termination messages by container id."""

    state: PodState
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    terminal: bool = False  # nothing of the Pod runs any more, and nothing will
    host_ips: Sequence[str] = ()
    devices: Mapping[str, tuple[ResourceStatus, ...]] = field(default_factory=dict)  # by container name


def container_statuses(given: StatusInput, containers: Sequence[Container]) -> tuple[ContainerStatus, ...]:
    """The statuses of main containers, by name."""
    return tuple(_status(given, c) for c in sorted(containers, key=lambda c: c.name))


def init_statuses(given: StatusInput) -> tuple[ContainerStatus, ...]:
    """The statuses of init containers, in their order."""
    return tuple(_status(given, c, init=True) for c in given.state.pod.spec.init_containers)


def ephemeral_statuses(given: StatusInput) -> tuple[ContainerStatus, ...]:
    """The statuses of ephemeral containers, by name."""
    containers = [as_container(e) for e in given.state.pod.spec.ephemeral_containers]
    return tuple(_status(given, c, ephemeral=True) for c in sorted(containers, key=lambda c: c.name))


def _status(
    given: StatusInput, container: Container, *, init: bool = False, ephemeral: bool = False
) -> ContainerStatus:
    seen = given.state.observed.latest(container.name)
    if seen is None:
        return _never_seen(given, container)
    state = _state(given, seen)
    last = _last(given, container)
    if state.running is None and (waiting := _waits(given, container, seen, init=init, ephemeral=ephemeral)):
        if state.terminated is not None:
            last = state
        state = waiting
    probe = probe_state(given.state, container, seen)
    ready = probe.ready
    if init and not is_sidecar(container):
        ready = state.terminated is not None and state.terminated.exit_code == 0
    return ContainerStatus(
        name=container.name,
        state=state,
        last_state=last,
        ready=ready,
        started=probe.started,
        restart_count=seen.attempt,
        image=seen.annotations.get(IMAGE) or container.image,
        image_id=seen.annotations.get(IMAGE_REF) or seen.image_id,
        container_id=seen.full_id,
        resources=None if ephemeral else _resources(given.state, container, seen),
        allocated_resources={} if ephemeral or not container.resources else container.resources.requests,
        allocated_resources_status=given.devices.get(container.name, ()),
        user=_user(seen),
        volume_mounts=_mounts(container),
    )


def probe_state(state: PodState, container: Container, seen: ObservedContainer) -> ProbeState:
    """What counts as started and ready: what probes say, and what no probe denies."""
    if seen.state is not seen_as.ContainerState.RUNNING or container.name in state.hooks:
        return ProbeState()
    if known := state.probes.get(seen.id):
        return known
    started = container.startup_probe is None
    return ProbeState(started=started, ready=started and container.readiness_probe is None)


def _never_seen(given: StatusInput, container: Container) -> ContainerStatus:
    waiting = given.waiting.get(container.name, Waiting(_until_started(given)))
    state = ContainerState(waiting=ContainerStateWaiting(reason=waiting.reason, message=waiting.message))
    if given.terminal:
        previous = _previously(given, container)
        if previous and previous.state and (previous.state.running or previous.state.terminated):
            gone = ContainerStateTerminated(exit_code=137, reason="ContainerStatusUnknown", message=LOST)
            state = previous.state if previous.state.terminated else ContainerState(terminated=gone)
    return ContainerStatus(
        name=container.name,
        state=state,
        last_state=ContainerState(),
        ready=False,
        started=False,
        restart_count=0,
        image=container.image,
        image_id="",
        volume_mounts=_mounts(container),
    )


def _until_started(given: StatusInput) -> str:
    """Why a container waits whose turn has not come, or which is being made."""
    return "PodInitializing" if given.state.pod.spec.init_containers else "ContainerCreating"


def _previously(given: StatusInput, container: Container) -> ContainerStatus | None:
    status = given.state.pod.status
    known = status.init_container_statuses + status.container_statuses
    return next((s for s in known if s.name == container.name), None)


def _waits(
    given: StatusInput, container: Container, seen: ObservedContainer, *, init: bool, ephemeral: bool
) -> ContainerState | None:
    """The waiting state of a container that will be started again; None if it will not, or it is not known why."""
    if seen.state is seen_as.ContainerState.CREATED:
        return ContainerState(waiting=ContainerStateWaiting(reason=_until_started(given)))
    spec = given.state.pod.spec
    if seen.id in given.state.outlived and not given.terminal:
        why = given.waiting.get(container.name, Waiting(restart_all.WAITING))
        return ContainerState(waiting=ContainerStateWaiting(reason=why.reason, message=why.message))
    if given.terminal or ephemeral or not (waiting := given.waiting.get(container.name)):
        return None
    done = init and not is_sidecar(container) and seen.exit_code == 0
    if done or not (restarts(spec, container, seen.exit_code) or seen.id in given.state.to_restart):
        return None
    return ContainerState(waiting=ContainerStateWaiting(reason=waiting.reason, message=waiting.message))


def _state(given: StatusInput, seen: ObservedContainer) -> ContainerState:
    if seen.state is seen_as.ContainerState.RUNNING:
        return ContainerState(running=ContainerStateRunning(started_at=_time(seen.started_at)))
    if seen.state is seen_as.ContainerState.CREATED:
        return ContainerState(waiting=ContainerStateWaiting())
    if seen.state is seen_as.ContainerState.UNKNOWN:
        lost = ContainerStateTerminated(exit_code=137, reason="ContainerStatusUnknown", message=LOST)
        return ContainerState(terminated=lost)
    return ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=seen.exit_code or 0,
            reason=seen.reason,
            message=seen.message or given.messages.get(seen.id, ""),
            started_at=_time(seen.started_at),
            finished_at=_time(seen.finished_at),
            container_id=seen.full_id,
        )
    )


def _last(given: StatusInput, container: Container) -> ContainerState:
    previous = given.state.observed.previous(container.name)
    return _state(given, previous) if previous else ContainerState()


def _time(moment: datetime | None) -> str:
    return timestamps.format_time(moment) if moment else ""


def _resources(state: PodState, container: Container, seen: ObservedContainer) -> ResourceRequirements:
    """What a running container has, and what one that does not run will have."""
    will_have = container.resources or ResourceRequirements()
    if seen.state is not seen_as.ContainerState.RUNNING or not difference(state, container, seen):
        return will_have
    has = state.actuated.get(seen.id, will_have)
    return replace(has, limits={n: v for n, v in has.limits.items() if n in will_have.limits})


def _user(seen: ObservedContainer) -> ContainerUser | None:
    if seen.user is None:
        return None
    uid, gid, groups = seen.user
    return ContainerUser(linux=LinuxContainerUser(uid=uid, gid=gid, supplemental_groups=groups))


def _mounts(container: Container) -> tuple[VolumeMountStatus, ...]:
    return tuple(
        VolumeMountStatus(
            name=m.name,
            mount_path=m.mount_path,
            read_only=m.read_only or None,
            recursive_read_only=(m.recursive_read_only or "Disabled") if m.read_only else "",
        )
        for m in container.volume_mounts
    )
