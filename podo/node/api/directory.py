"""Which sandbox, container and log a request means, by what the runtime observes."""

from collections.abc import Sequence

from podo.api.errors import BadRequest, NotFound
from podo.node.runtime.observed import ContainerState, Observation, ObservedContainer, ObservedSandbox, SandboxState


def sandbox_of(seen: Observation, namespace: str, pod: str, uid: str = "") -> ObservedSandbox:
    """The Pod's sandbox, the newest READY one. Raises NotFound."""
    found = [s for s in _sandboxes(seen, namespace, pod, uid) if s.state is SandboxState.READY]
    if not found:
        raise NotFound(f'pod "{pod}" is not running on this node', name=pod, kind="pods")
    return found[-1]


def running_container(seen: Observation, namespace: str, pod: str, container: str, uid: str = "") -> ObservedContainer:
    """The running container of this name. Raises NotFound."""
    found = attempts(seen, namespace, pod, container, uid)
    if not found or found[-1].state is not ContainerState.RUNNING:
        raise NotFound(f'container not found ("{container}")', name=pod, kind="pods")
    return found[-1]


def logged_container(
    seen: Observation, namespace: str, pod: str, container: str, *, previous: bool = False, uid: str = ""
) -> ObservedContainer:
    """The container whose log is meant. Raises BadRequest, in kubelet's words, if it has none yet."""
    found = [c for c in attempts(seen, namespace, pod, container, uid) if c.state is not ContainerState.CREATED]
    if previous:
        ended = [c for c in found if c.state is not ContainerState.RUNNING]
        if found and found[-1].state is not ContainerState.RUNNING:
            ended = ended[:-1] or ended  # between two attempts the last one is the current one
        if not ended:
            raise BadRequest(f'previous terminated container "{container}" in pod "{pod}" not found')
        return ended[-1]
    if not found:
        raise BadRequest(f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating')
    return found[-1]


def attempts(seen: Observation, namespace: str, pod: str, container: str, uid: str = "") -> Sequence[ObservedContainer]:
    """All attempts at the container, oldest first."""
    sandboxes = {s.id for s in _sandboxes(seen, namespace, pod, uid)}
    found = [c for c in seen.containers if c.sandbox_id in sandboxes and c.name == container]
    return sorted(found, key=lambda c: (c.attempt, c.created_at))


def _sandboxes(seen: Observation, namespace: str, pod: str, uid: str) -> list[ObservedSandbox]:
    return [s for s in seen.sandboxes if s.namespace == namespace and s.name == pod and (not uid or s.uid == uid)]
