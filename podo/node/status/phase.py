"""The phase of a Pod, from the statuses of its containers (kubelet's getPhase)."""

from collections import Counter
from collections.abc import Mapping

from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import Container, ContainerStatus, PodSpec
from podo.node.worker.restart_policy import restarts

PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"


def phase_of(spec: PodSpec, statuses: Mapping[str, ContainerStatus], *, terminal: bool, initialized: bool) -> str:
    """The phase. `terminal`: no container will run any more; `initialized`: a main container has run already."""
    init = Counter(_init_state(spec, c, statuses) for c in spec.init_containers if not is_sidecar(c))
    if init["failed"]:
        return FAILED
    sidecars = Counter(_sidecar_state(c, statuses) for c in spec.init_containers if is_sidecar(c))
    mains = [_main_state(spec, c, statuses) for c in spec.containers]
    count = Counter(mains)
    not_begun = sidecars["waiting"] + sidecars["starting"]
    if init["pending"] or (not_begun and not initialized) or count["waiting"] or sidecars["waiting"]:
        return PENDING
    unknown = count["unknown"] + sidecars["unknown"]
    if unknown:
        return PENDING
    if count["running"] + sidecars["running"] + sidecars["starting"]:
        return RUNNING
    ended = count["succeeded"] + count["failed"] + count["restarting"]
    if not ended:
        return PENDING
    if not terminal and count["restarting"]:
        return RUNNING
    codes = [_exit_code(statuses[c.name]) for c in spec.containers]
    return SUCCEEDED if all(code == 0 for code in codes) else FAILED


def _exit_code(status: ContainerStatus) -> int | None:
    """How it ended, also if it waits for its next start; None if it never did."""
    state, last = status.state, status.last_state
    if state and state.terminated:
        return state.terminated.exit_code or 0
    if state and state.waiting and last and last.terminated:
        return last.terminated.exit_code or 0
    return None


def _init_state(spec: PodSpec, container: Container, statuses: Mapping[str, ContainerStatus]) -> str:
    code = _exit_code(statuses[container.name]) if container.name in statuses else None
    if code is None:
        return "pending"
    if code == 0:
        return "done"
    return "retrying" if restarts(spec, container, code) else "failed"


def _sidecar_state(container: Container, statuses: Mapping[str, ContainerStatus]) -> str:
    status = statuses.get(container.name)
    if status is None or status.state is None:
        return "unknown"
    if status.state.running:
        return "running" if status.started else "starting"
    return "waiting" if _exit_code(status) is None else "ended"


def _main_state(spec: PodSpec, container: Container, statuses: Mapping[str, ContainerStatus]) -> str:
    status = statuses.get(container.name)
    if status is None or status.state is None:
        return "unknown"
    if status.state.running:
        return "running"
    code = _exit_code(status)
    if code is None:
        return "waiting"
    if restarts(spec, container, code):
        return "restarting"
    return "failed" if code else "succeeded"
