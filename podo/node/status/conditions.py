"""The Pod conditions that the agent owns. Times are set by comparing with what was there before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from podo.api import timestamps
from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import ContainerStatus, Pod, PodCondition, PodSpec
from podo.node.status.phase import FAILED, SUCCEEDED

READY_TO_START, INITIALIZED, READY = "PodReadyToStartContainers", "Initialized", "Ready"
CONTAINERS_READY, SCHEDULED = "ContainersReady", "PodScheduled"
OWNED = (READY_TO_START, INITIALIZED, READY, CONTAINERS_READY, SCHEDULED)
DISRUPTION = "DisruptionTarget"

TRUE, FALSE = "True", "False"


def conditions(
    pod: Pod, phase: str, statuses: Mapping[str, ContainerStatus], *, has_sandbox: bool, initialized: bool
) -> tuple[PodCondition, ...]:
    """All owned conditions, without their times. `initialized`: a main container has run already."""
    containers = _containers_ready(pod.spec, phase, statuses)
    made = [
        PodCondition(type=READY_TO_START, status=TRUE if has_sandbox else FALSE),
        _initialized(pod.spec, phase, statuses, initialized=initialized),
        _ready(pod, containers),
        containers,
        PodCondition(type=SCHEDULED, status=TRUE),
    ]
    return tuple(replace(c, observed_generation=pod.metadata.generation) for c in made)


def with_times(
    wanted: Iterable[PodCondition], before: Sequence[PodCondition], now: datetime
) -> tuple[PodCondition, ...]:
    """The conditions with their transition times: kept while the status is the same."""
    known = {c.type: c for c in before}
    result = []
    for condition in wanted:
        old = known.get(condition.type)
        same = old is not None and old.status == condition.status and old.last_transition_time
        time = old.last_transition_time if same and old else timestamps.format_time(now)
        result.append(replace(condition, last_transition_time=time))
    return tuple(result)


def _list(names: Sequence[str]) -> str:
    return f"[{' '.join(names)}]"


def _containers_ready(spec: PodSpec, phase: str, statuses: Mapping[str, ContainerStatus]) -> PodCondition:
    names = [c.name for c in spec.init_containers if is_sidecar(c)] + [c.name for c in spec.containers]
    unknown = [n for n in names if n not in statuses]
    unready = [n for n in names if n in statuses and not statuses[n].ready]
    if phase == SUCCEEDED and not unknown:
        return PodCondition(type=CONTAINERS_READY, status=FALSE, reason="PodCompleted")
    if phase == FAILED:
        return PodCondition(type=CONTAINERS_READY, status=FALSE, reason="PodFailed")
    messages = [f"containers with unknown status: {_list(unknown)}"] if unknown else []
    messages += [f"containers with unready status: {_list(unready)}"] if unready else []
    if not messages:
        return PodCondition(type=CONTAINERS_READY, status=TRUE)
    message = ", ".join(messages)
    return PodCondition(type=CONTAINERS_READY, status=FALSE, reason="ContainersNotReady", message=message)


def _ready(pod: Pod, containers: PodCondition) -> PodCondition:
    if containers.status != TRUE:
        return replace(containers, type=READY)
    known = {c.type: c for c in pod.status.conditions}
    messages = []
    for gate in pod.spec.readiness_gates:
        found = known.get(gate.condition_type)
        if found is None:
            text = f'corresponding condition of pod readiness gate "{gate.condition_type}" does not exist.'
            messages.append(text)
        elif found.status != TRUE:
            text = f'the status of pod readiness gate "{gate.condition_type}" is not "True", but {found.status}'
            messages.append(text)
    if not messages:
        return PodCondition(type=READY, status=TRUE)
    return PodCondition(type=READY, status=FALSE, reason="ReadinessGatesNotReady", message=", ".join(messages))


def _initialized(
    spec: PodSpec, phase: str, statuses: Mapping[str, ContainerStatus], *, initialized: bool
) -> PodCondition:
    unknown = [c.name for c in spec.init_containers if c.name not in statuses]
    if phase == SUCCEEDED and not unknown:
        return PodCondition(type=INITIALIZED, status=TRUE, reason="PodCompleted")
    if initialized:
        return PodCondition(type=INITIALIZED, status=TRUE)
    incomplete = []
    for container in spec.init_containers:
        status = statuses.get(container.name)
        if status and not (status.started if is_sidecar(container) else status.ready):
            incomplete.append(container.name)
    messages = [f"containers with unknown status: {_list(unknown)}"] if unknown else []
    messages += [f"containers with incomplete status: {_list(incomplete)}"] if incomplete else []
    if not messages:
        return PodCondition(type=INITIALIZED, status=TRUE)
    message = ", ".join(messages)
    return PodCondition(type=INITIALIZED, status=FALSE, reason="ContainersNotInitialized", message=message)
