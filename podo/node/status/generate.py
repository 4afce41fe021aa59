"""A whole PodStatus from a worker's state."""

from collections.abc import Mapping

from msgspec.structs import replace

from podo.api import timestamps
from podo.api.types.core_v1 import (
    ContainerStatus,
    HostIP,
    PodCondition,
    PodIP,
    PodStatus,
    ResourceRequirements,
)
from podo.node.resize import words
from podo.node.resize.allocation import as_is
from podo.node.resize.decide import progress
from podo.node.resources import whole
from podo.node.resources.qos import qos_class
from podo.node.status import conditions
from podo.node.status.containers import StatusInput, container_statuses, ephemeral_statuses, init_statuses
from podo.node.status.phase import FAILED, PENDING, RUNNING, SUCCEEDED, phase_of
from podo.node.worker import restart_all


def pod_status(given: StatusInput, before: PodStatus) -> PodStatus:
    """The status of the Pod now. `before` is the one reported last: times, a terminal phase and its reason stay."""
    pod, state = given.state.pod, given.state
    mains, inits = container_statuses(given, pod.spec.containers), init_statuses(given)
    statuses = {s.name: s for s in inits + mains}
    initialized = any(_has_run(statuses[c.name]) for c in pod.spec.containers)
    phase, reason, message = _phase(given, before, statuses, initialized=initialized)
    made = conditions.conditions(
        pod, phase, statuses, has_sandbox=state.observed.ready_sandbox is not None, initialized=initialized
    )
    made += words.conditions(progress(state), pod) + _restarting(given, phase)
    if state.verdict and state.verdict.disruption:
        why = state.verdict
        made += (PodCondition(type=conditions.DISRUPTION, status="True", reason=why.disruption, message=why.message),)
    pod_ips, host_ips = _pod_ips(given, before), tuple(given.host_ips)
    return PodStatus(
        phase=phase,
        reason=reason,
        message=message,
        conditions=conditions.with_times(made, before.conditions or pod.status.conditions, state.now),
        container_statuses=mains,
        init_container_statuses=inits,
        ephemeral_container_statuses=ephemeral_statuses(given),
        host_ip=host_ips[0] if host_ips else "",
        host_ips=tuple(HostIP(ip=ip) for ip in host_ips),
        pod_ip=pod_ips[0] if pod_ips else "",
        pod_ips=tuple(PodIP(ip=ip) for ip in pod_ips),
        qos_class=pod.status.qos_class or qos_class(pod.spec),
        start_time=before.start_time or pod.status.start_time or timestamps.format_time(state.now),
        observed_generation=pod.metadata.generation,
        resources=_resources(given, phase),
        allocated_resources=whole.allocated(pod.spec),
    )


def _restarting(given: StatusInput, phase: str) -> tuple[PodCondition, ...]:
    """Whether the whole Pod is being restarted, of Pods that may be."""
    state, pod = given.state, given.state.pod
    if not restart_all.has_rule(pod.spec):
        return ()
    made = PodCondition(type=restart_all.CONDITION, status="False", observed_generation=pod.metadata.generation)
    if phase in (SUCCEEDED, FAILED):
        return (replace(made, reason="PodCompleted" if phase == SUCCEEDED else "PodFailed"),)
    if not state.outlived:
        return (made,)
    return (replace(made, status="True", reason=restart_all.REASON, message=restart_all.MESSAGE),)


def _resources(given: StatusInput, phase: str) -> ResourceRequirements:
    """What the Pod as a whole has, or will have."""
    state, spec = given.state, given.state.pod.spec
    if phase != RUNNING:
        return whole.expected(spec)
    by_name = {c.name: state.actuated[c.id] for c in state.observed.active if c.id in state.actuated}
    return whole.in_force(as_is(spec, by_name, state.whole))


def _has_run(status: ContainerStatus) -> bool:
    state, last = status.state, status.last_state
    return bool(state and (state.running or state.terminated)) or bool(last and last.terminated)


def _phase(
    given: StatusInput, before: PodStatus, statuses: Mapping[str, ContainerStatus], *, initialized: bool
) -> tuple[str, str, str]:
    """(phase, reason, message): a terminal phase never changes, and keeps its reason."""
    state, pod = given.state, given.state.pod
    for known in (pod.status, before):
        if known.phase in (FAILED, SUCCEEDED):
            return known.phase, known.reason, known.message
    phase = phase_of(pod.spec, statuses, terminal=given.terminal, initialized=initialized)
    if state.outlived and not given.terminal:
        return before.phase or PENDING, before.reason, before.message
    if given.terminal:
        if state.verdict:
            return FAILED, state.verdict.reason, state.verdict.message
        if phase not in (FAILED, SUCCEEDED):  # ended before all of its containers ever ran
            phase = FAILED
    elif phase in (FAILED, SUCCEEDED) and state.observed.active:  # terminal only when nothing runs any more
        phase = before.phase or PENDING
    same = phase == before.phase
    return phase, before.reason if same else "", before.message if same else ""


def _pod_ips(given: StatusInput, before: PodStatus) -> tuple[str, ...]:
    state = given.state
    if state.pod.spec.host_network:
        return tuple(given.host_ips)
    sandbox = state.observed.sandbox
    if sandbox is not None and sandbox.ips:
        return sandbox.ips
    if state.observed.ready_sandbox is None and (given.terminal or not state.observed.sandboxes):
        return tuple(ip.ip for ip in before.pod_ips)
    return ()
