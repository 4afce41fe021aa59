"""How a Pod ends: containers all at once, then sidecars in the reverse of their order, then the sandbox."""

from podo.api.pod_resources import is_sidecar
from podo.node.runtime.observed import ContainerState, ObservedContainer, SandboxState
from podo.node.worker import actions as do
from podo.node.worker.state import PodState


def end_pod(state: PodState, grace: int) -> tuple[list[do.Action], bool]:
    """What is to be done now to end the Pod within `grace` seconds, and whether it has ended."""
    todo: list[do.Action] = [do.Cancel(key) for key in sorted(state.operations) if _is_given_up(key)]
    active = state.observed.active
    for container in active:
        if container.state is not ContainerState.CREATED:
            todo.append(_kill(state, container, grace))
        elif f"start:{container.name}" not in state.operations:
            todo.append(do.RemoveContainer(container.id))
    starting = any(key.startswith("start:") or key == "sandbox" for key in state.operations)
    if active or starting:
        return todo, False
    standing = [s for s in state.observed.sandboxes if s.state is SandboxState.READY]
    todo += [do.StopSandbox(s.id) for s in standing]
    if standing:
        return todo, False
    if not state.volumes_released:
        todo.append(do.ReleaseVolumes())
        return todo, False
    return todo, not any(key.startswith(("stop:", "release")) for key in state.operations)


def _is_given_up(key: str) -> bool:
    return key.startswith("pull:") or key == "volumes"


def _kill(state: PodState, container: ObservedContainer, grace: int) -> do.KillContainer:
    leaves = bool(state.pod.metadata.deletion_timestamp or state.deleted)
    return do.KillContainer(
        container.id,
        container.name,
        grace,
        message=f"Stopping container {container.name}",
        after=_before(state, container.name),
        withdrawn_first=leaves,
    )


def _before(state: PodState, name: str) -> tuple[str, ...]:
    """The containers that must have ended before `name` does."""
    spec = state.pod.spec
    sidecars = [c.name for c in spec.init_containers if is_sidecar(c)]
    if name not in sidecars:
        return ()
    later = sidecars[sidecars.index(name) + 1 :]
    return tuple([c.name for c in spec.containers] + later)
