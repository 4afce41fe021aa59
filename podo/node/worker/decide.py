"""The heart of a worker: from what is wanted and what is, to what is to be done now. No I/O, no memory.

The order of things is kubelet's (pkg/kubelet/kuberuntime, KEP-753 for sidecars): sandbox and volumes, init containers
one by one, containers in order; what exits is restarted as its policy says; what ends stops in the reverse order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podo.api import timestamps
from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import Container
from podo.node.resize.decide import is_settled, resize_step
from podo.node.runtime.observed import ContainerState, ObservedContainer, SandboxState
from podo.node.worker import actions as do
from podo.node.worker import restart_policy
from podo.node.worker.backoff import go_duration, recalled
from podo.node.worker.state import PodState, Verdict, Waiting, termination_grace
from podo.node.worker.termination import end_pod

DEADLINE = Verdict("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
EXITED, RUNNING, CREATED = ContainerState.EXITED, ContainerState.RUNNING, ContainerState.CREATED


@dataclass
class Decision:
    """What to do now, when to look again (None: when something happens), and what the status is to say meanwhile."""

    actions: list[do.Action] = field(default_factory=list)
    wake_at: datetime | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)  # by container name
    verdict: Verdict | None = None  # a new one: the Pod is to end
    finished: bool = False  # nothing runs any more, and nothing will

    def wake(self, at: datetime | None) -> None:
        """Look again at `at`, or earlier."""
        if at is not None and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at


def decide(state: PodState) -> Decision:
    """The one decision for the state of a Pod."""
    decision = Decision()
    if (grace := termination_grace(state)) is not None:
        decision.actions, decision.finished = end_pod(state, grace)
        return _undone(state, decision)
    if late := _deadline(state, decision):
        decision.verdict = late
        return decision
    if state.observed.ready_sandbox is None:
        _prepare_sandbox(state, decision)
    elif not (state.outlived and _ends_old_life(state, decision)):
        _run_containers(state, decision)
    if not decision.finished:
        _tidy(state, decision)
    return _undone(state, decision)


def _ends_old_life(state: PodState, decision: Decision) -> bool:
    """Stop what is to be replaced; but first begin what was just about to begin, so that all of it is restarted.

    Whether there is anything to be done yet.
    """
    mains, observed = state.pod.spec.containers, state.observed
    for container in mains if any(observed.latest(c.name) for c in mains) else ():
        name = container.name
        failed = any(key in state.failures for key in ("volumes", f"pull:{name}", f"start:{name}"))
        if observed.latest(name) is None and not failed:
            _start(state, decision, container)
            return True
    running = [c for c in observed.active if c.id in state.outlived]
    kills = [do.KillContainer(c.id, c.name, 0, restart=True) for c in running if c.state is RUNNING]
    decision.actions += kills or [do.RemoveContainer(c.id) for c in running]
    return bool(running)


def _undone(state: PodState, decision: Decision) -> Decision:
    """Only what is not under way already, or is to be hurried."""
    decision.actions = [
        a
        for a in decision.actions
        if a.key not in state.operations
        or (isinstance(a, do.KillContainer) and a.grace < state.kills.get(a.container_id, 0))
    ]
    return decision


def _deadline(state: PodState, decision: Decision) -> Verdict | None:
    seconds, started = state.pod.spec.active_deadline_seconds, state.pod.status.start_time
    if seconds is None or not started:
        return None
    end = timestamps.parse(started) + timedelta(seconds=seconds)
    if state.now >= end:
        return DEADLINE
    decision.wake(end)
    return None


# The sandbox


def _prepare_sandbox(state: PodState, decision: Decision) -> None:
    """Make the sandbox, and meanwhile whatever the first containers need, unless there is nothing left to run."""
    spec, dead = state.pod.spec, state.observed.sandbox
    mains = [c for c in spec.containers if _runs_again(state, c)]
    began = any(state.observed.latest(c.name) for c in spec.containers)
    never = spec.restart_policy == "Never" and dead is not None and bool(state.observed.containers)
    if (not mains and began) or never:
        _finish(state, decision)
        return
    if "sandbox" not in state.operations and _may_try(state, decision, "sandbox"):
        old = tuple(s.id for s in state.observed.sandboxes if s.state is SandboxState.READY or s is dead)
        decision.actions.append(do.RunSandbox(dead.attempt + 1 if dead else 0, replaces=old))
    _volumes_ready(state, decision)
    for container in spec.init_containers[:1] or mains:
        _image_of(state, decision, container)


def _runs_again(state: PodState, container: Container) -> bool:
    """Whether a container is to be started in a new sandbox: not one that ran for good."""
    seen = state.observed.latest(container.name)
    if seen is None or seen.state is not EXITED:
        return True
    return restart_policy.restarts(state.pod.spec, container, seen.exit_code)


# Containers


def _run_containers(state: PodState, decision: Decision) -> None:
    spec = state.pod.spec
    _volumes_ready(state, decision)  # also when nothing is to be started: an agent that is new must keep them fresh
    for ephemeral in spec.ephemeral_containers:
        container = restart_policy.as_container(ephemeral)
        if state.observed.latest(container.name) is None:
            _start_ephemeral(state, decision, container, ephemeral.target_container_name)
    initialized = _run_init_containers(state, decision)
    if not initialized:
        if not decision.finished:
            _fit_group(state, decision)
        return
    kept, held = False, False
    for container in spec.containers:
        held = held or _is_starting(state, container)
        kept = _keep(state, decision, container, held=held) or kept
        held = held or _is_starting(state, container) or _begins(decision, container)
    if not kept:
        _finish(state, decision)
    else:
        _fit_group(state, decision)


def _fit_group(state: PodState, decision: Decision) -> None:
    """All containers have what was granted: so shall the Pod's own cgroup."""
    if state.resize.under_way and is_settled(state) and _may_try(state, decision, do.ResizePod.key):
        decision.actions.append(do.ResizePod())


def _is_starting(state: PodState, container: Container) -> bool:
    """Whether containers further down must wait for this one (kubelet starts them one after the other)."""
    name = container.name
    return f"start:{name}" in state.operations or f"pull:{name}" in state.operations or name in state.hooks


def _begins(decision: Decision, container: Container) -> bool:
    return any(
        isinstance(a, do.StartContainer | do.PullImage) and a.container.name == container.name for a in decision.actions
    )


def _keep(state: PodState, decision: Decision, container: Container, *, held: bool) -> bool:
    """See to one main container; whether the Pod still has something to wait for in it."""
    seen = state.observed.latest(container.name)
    if seen is not None and seen.state is RUNNING:
        if not _kill_if_unwell(state, decision, container, seen):
            _resize(state, decision, container, seen)
        return True
    if f"start:{container.name}" in state.operations:
        return True
    if seen is not None and seen.state is EXITED and not _restarts(state, container, seen):
        return False
    _start(state, decision, container, held=held)
    return True


def _restarts(state: PodState, container: Container, seen: ObservedContainer) -> bool:
    return seen.id in state.to_restart | state.outlived or restart_policy.restarts(
        state.pod.spec, container, seen.exit_code
    )


def _kill_if_unwell(state: PodState, decision: Decision, container: Container, seen: ObservedContainer) -> bool:
    """Kill a running container whose definition changed or whose probe gave it up."""
    spec, probe = state.pod.spec, state.probes.get(seen.id)
    kind = "Init container" if container in spec.init_containers else "Container"
    restart, grace = restart_policy.restarts_unwell(spec, container), spec.termination_grace_period_seconds
    if seen.image and seen.image != container.image:
        message, restart = f"{kind} {container.name} definition changed", True
    elif probe and probe.failed:
        message = f"{kind} {container.name} failed {probe.failed} probe"
        spoken = container.liveness_probe if probe.failed == "liveness" else container.startup_probe
        if spoken and spoken.termination_grace_period_seconds is not None:
            grace = spoken.termination_grace_period_seconds
    else:
        return False
    if restart and kind == "Container":
        message += ", will be restarted"
    grace = 30 if grace is None else grace
    decision.actions.append(do.KillContainer(seen.id, container.name, grace, message=message, restart=restart))
    return True


def _resize(state: PodState, decision: Decision, container: Container, seen: ObservedContainer) -> None:
    """Bring a running container on to what it was granted."""
    grace = state.pod.spec.termination_grace_period_seconds
    step = resize_step(state, container, seen, 30 if grace is None else grace)
    updating = any(isinstance(a, do.ResizeContainer) for a in decision.actions)
    if step is None or (updating and isinstance(step, do.ResizeContainer)):
        return
    if isinstance(step, do.KillContainer) or _may_try(state, decision, step.key):
        decision.actions.append(step)


def _finish(state: PodState, decision: Decision) -> None:
    """All main containers have ended for good: so do the sidecars, then the sandbox."""
    grace = state.pod.spec.termination_grace_period_seconds
    ending, decision.finished = end_pod(state, 30 if grace is None else grace)
    decision.actions = [a for a in decision.actions if not isinstance(a, do.StartContainer | do.PullImage)] + ending


# Init containers


def _run_init_containers(state: PodState, decision: Decision) -> bool:
    """Bring init containers on by one step; whether main containers may run."""
    spec = state.pod.spec
    done = any(_has_begun(state, c) for c in spec.containers)
    for container in spec.init_containers:
        seen = state.observed.current(container.name)
        if is_sidecar(container):
            begun = _run_sidecar(state, decision, container, seen)
            if not begun and not done:
                return False
        elif not done:
            if f"start:{container.name}" in state.operations:
                return False
            if seen is None or seen.state is not EXITED or seen.exit_code != 0 or seen.id in state.outlived:
                return _run_step(state, decision, container, seen)
    return True


def _has_begun(state: PodState, container: Container) -> bool:
    seen = state.observed.current(container.name)
    if f"start:{container.name}" in state.operations:
        return True
    return seen is not None and seen.started_at is not None and seen.id not in state.outlived


def _run_step(state: PodState, decision: Decision, container: Container, seen: ObservedContainer | None) -> bool:
    """The init container that is due. Always False: what follows must wait."""
    if seen is None or seen.state is CREATED:
        _start(state, decision, container)
    elif seen.state is RUNNING:
        _resize(state, decision, container, seen)
    else:
        if seen.id in state.outlived or restart_policy.restarts(state.pod.spec, container, seen.exit_code):
            _start(state, decision, container)
        else:
            _finish(state, decision)
    return False


def _run_sidecar(state: PodState, decision: Decision, container: Container, seen: ObservedContainer | None) -> bool:
    """Keep a sidecar running; whether what follows it may start."""
    if seen is None or seen.state is not RUNNING:
        if f"start:{container.name}" not in state.operations:
            _start(state, decision, container)
        return False
    if _kill_if_unwell(state, decision, container, seen):
        return False
    _resize(state, decision, container, seen)
    probe = state.probes.get(seen.id)
    started = container.startup_probe is None or (probe is not None and probe.started)
    return started and container.name not in state.hooks


# Starting one container


def _start_ephemeral(state: PodState, decision: Decision, container: Container, target: str) -> None:
    """Start an ephemeral container, once the container whose processes it shall see runs."""
    seen = state.observed.current(target) if target else None
    running = seen.id if seen is not None and seen.state is RUNNING else ""
    if target and not running:
        why = f"unable to find target container {target}"
        decision.waiting[container.name] = Waiting("CreateContainerConfigError", why)
        return
    _start(state, decision, container, ephemeral=True, target_id=running)


def _start(
    state: PodState,
    decision: Decision,
    container: Container,
    *,
    ephemeral: bool = False,
    held: bool = False,
    target_id: str = "",
) -> None:
    """Everything that must be true before a container starts, then its start. `held`: not yet its turn."""
    name, seen = container.name, state.observed.latest(container.name)
    if seen is not None and seen.state is not EXITED:  # left over from a start that was cut short
        decision.actions.append(do.RemoveContainer(seen.id))
        return
    again = seen is not None and seen.id not in state.outlived
    if seen is not None and again and _crash_loops(state, decision, container, seen):
        return
    if not _may_try(state, decision, f"start:{name}", name):
        return
    ready, image = _volumes_ready(state, decision), _image_of(state, decision, container)
    sandbox = state.observed.ready_sandbox
    if held or not (ready and image and sandbox) or f"start:{name}" in state.operations:
        return
    attempt = seen.attempt + 1 if seen else 0
    start = do.StartContainer(
        container, attempt, sandbox.id, image, ephemeral=ephemeral, again=again, target_id=target_id
    )
    decision.actions.append(start)


def _crash_loops(state: PodState, decision: Decision, container: Container, seen: ObservedContainer) -> bool:
    """Whether it must wait, because it has ended too often."""
    backoff = state.crashes.get(container.name) or recalled(seen.attempt, seen.created_at)
    ended = seen.finished_at or seen.created_at
    until = backoff.until(ended, state.now) if backoff else None
    if backoff is None or until is None:
        return False
    meta, delay = state.pod.metadata, go_duration(backoff.delay)
    pod = f"{meta.name}_{meta.namespace}({meta.uid})"
    message = f"back-off {delay} restarting failed container={container.name} pod={pod}"
    decision.waiting[container.name] = Waiting("CrashLoopBackOff", message)
    decision.wake(until)
    return True


def _may_try(state: PodState, decision: Decision, key: str, name: str = "") -> bool:
    """Whether a step that failed may be tried again. Its waiting reason is for the container `name`."""
    failure = state.failures.get(key)
    if failure is None:
        return True
    shown = failure.waiting
    if failure.shown_later and failure.later_at:
        if state.now >= failure.later_at:
            shown = failure.shown_later
        else:
            decision.wake(failure.later_at)
    if name:
        decision.waiting[name] = shown
    if state.now >= failure.retry_at:
        return True
    decision.wake(failure.retry_at)
    return False


def _image_of(state: PodState, decision: Decision, container: Container) -> str:
    """The id of the container's image, or "" while it must be waited for."""
    if image := state.images.get(container.name):
        return image
    if _may_try(state, decision, f"pull:{container.name}", container.name):
        decision.actions.append(do.PullImage(container))
    return ""


def _volumes_ready(state: PodState, decision: Decision) -> bool:
    if state.volumes_mounted:
        return True
    if not any(isinstance(a, do.MountVolumes) for a in decision.actions) and _may_try(state, decision, "volumes"):
        decision.actions.append(do.MountVolumes())
    return False


# What nobody asks for any more


def _tidy(state: PodState, decision: Decision) -> None:
    observed = state.observed
    decision.actions += [do.RemoveContainer(c.id) for c in observed.superseded()]
    wanted: set[str] = set()
    for container in _named(state):
        for seen in (observed.latest(container), observed.previous(container)):
            wanted |= {seen.sandbox_id} if seen else set()
    for sandbox in observed.sandboxes:
        if sandbox is not observed.sandbox and sandbox.state is not SandboxState.READY and sandbox.id not in wanted:
            decision.actions.append(do.RemoveSandbox(sandbox.id))


def _named(state: PodState) -> Sequence[str]:
    return list(dict.fromkeys(c.name for c in state.observed.containers))
