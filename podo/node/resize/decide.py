"""What a worker does about a resize, one step at a time. Pure."""

from podo.api.types.core_v1 import Container
from podo.node.resize.allocation import changed, restarts
from podo.node.resize.words import Resize
from podo.node.resources.sharing import with_shared_limits
from podo.node.runtime.observed import ContainerState, ObservedContainer
from podo.node.worker import actions as do
from podo.node.worker.state import PodState, all_containers

KEY = "resize:"


def difference(state: PodState, container: Container, seen: ObservedContainer) -> frozenset[str]:
    """The resources of which a running container has another amount than it was granted."""
    if f"start:{container.name}" in state.operations:
        return frozenset()  # what it is started with is not known yet
    granted = with_shared_limits(container.resources, state.pod.spec.resources)
    return changed(state.actuated.get(seen.id, granted), granted)


def resize_step(state: PodState, container: Container, seen: ObservedContainer, grace: int) -> do.Action | None:
    """Restart it, or update it, if it differs; one update at a time, as all of them share the Pod's cgroup."""
    names = difference(state, container, seen)
    if not names:
        return None
    if restarts(container, names):
        message = f"Container {container.name} resize requires restart"
        return do.KillContainer(seen.id, container.name, grace, message=message, restart=True)
    if any(key.startswith(KEY) for key in state.operations):
        return None
    return do.ResizeContainer(container, seen.id)


def is_settled(state: PodState) -> bool:
    """Whether all that runs has what it was granted."""
    if any(key.startswith(KEY) for key in state.operations):
        return False
    for container in all_containers(state.pod.spec):
        seen = state.observed.latest(container.name)
        if seen is not None and seen.state is ContainerState.RUNNING and difference(state, container, seen):
            return False
    return True


def progress(state: PodState) -> Resize:
    """What the status is to say."""
    error = next((f.waiting.message for key, f in state.failures.items() if key.startswith(KEY)), "")
    return state.resize._replace(under_way=state.resize.under_way or not is_settled(state), error=error)
