"""What a worker's decision is taken from. All of it is immutable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from podo.api.types.core_v1 import Container, Pod, PodSpec, ResourceRequirements
from podo.node.resize.words import Resize
from podo.node.runtime.observed import ContainerState, ObservedContainer, ObservedSandbox, SandboxState
from podo.node.worker.backoff import Backoff
from podo.node.worker.restart_all import outlived


@dataclass(frozen=True)
class ObservedPod:
    """What the runtime has of one Pod, oldest first."""

    sandboxes: tuple[ObservedSandbox, ...] = ()
    containers: tuple[ObservedContainer, ...] = ()

    @cached_property
    def sandbox(self) -> ObservedSandbox | None:
        """The newest sandbox."""
        return max(self.sandboxes, key=lambda s: s.attempt, default=None)

    @cached_property
    def ready_sandbox(self) -> ObservedSandbox | None:
        """The newest sandbox, if it still stands."""
        return self.sandbox if self.sandbox and self.sandbox.state is SandboxState.READY else None

    @cached_property
    def _by_name(self) -> dict[str, list[ObservedContainer]]:
        found: dict[str, list[ObservedContainer]] = {}
        for container in sorted(self.containers, key=lambda c: c.attempt):
            found.setdefault(container.name, []).append(container)
        return found

    def latest(self, name: str) -> ObservedContainer | None:
        """The newest attempt of a container."""
        attempts = self._by_name.get(name)
        return attempts[-1] if attempts else None

    def previous(self, name: str) -> ObservedContainer | None:
        """The attempt before it, if it is still there."""
        attempts = self._by_name.get(name, [])
        return attempts[-2] if len(attempts) > 1 else None

    def current(self, name: str) -> ObservedContainer | None:
        """The newest attempt, if it lives in the newest sandbox."""
        found = self.latest(name)
        return found if found and self.sandbox and found.sandbox_id == self.sandbox.id else None

    @cached_property
    def active(self) -> tuple[ObservedContainer, ...]:
        """All that run or may run: not only the newest attempts."""
        states = (ContainerState.RUNNING, ContainerState.CREATED, ContainerState.UNKNOWN)
        return tuple(c for c in self.containers if c.state in states)

    def superseded(self) -> Iterable[ObservedContainer]:
        """Dead attempts that nobody asks for any more: all but the newest two of each container."""
        for attempts in self._by_name.values():
            yield from (c for c in attempts[:-2] if c.state is ContainerState.EXITED)


class ProbeState(NamedTuple):
    """What probes say of one container. `failed` is "", "liveness" or "startup"; then it must be killed."""

    started: bool = False
    ready: bool = False
    failed: str = ""


class Waiting(NamedTuple):
    """Why a container waits, as its status says it."""

    reason: str
    message: str = ""


class Failure(NamedTuple):
    """A step that did not work: how the status shows it, and when it may be tried again."""

    waiting: Waiting
    retry_at: datetime
    backoff: Backoff | None = None
    shown_later: Waiting | None = None  # what the status says from `later_at` on
    later_at: datetime | None = None


class Verdict(NamedTuple):
    """The Pod was ended by the node itself: a deadline, an eviction, a refused admission."""

    reason: str
    message: str
    grace: int | None = None  # seconds; None: the Pod's own
    disruption: str = ""  # the reason of a DisruptionTarget condition, if it is one


@dataclass(frozen=True, kw_only=True)
class PodState:
    """All that a decision needs. Mappings go by container name, `probes` by container id."""

    pod: Pod
    now: datetime
    observed: ObservedPod = ObservedPod()
    probes: Mapping[str, ProbeState] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)  # the image ids of containers that are about to start
    failures: Mapping[str, Failure] = field(default_factory=dict)  # by operation key
    crashes: Mapping[str, Backoff] = field(default_factory=dict)
    volumes_mounted: bool = False
    volumes_released: bool = False
    operations: frozenset[str] = frozenset()  # keys of what is under way
    kills: Mapping[str, int] = field(default_factory=dict)  # grace of the kills under way, by container id
    to_restart: frozenset[str] = frozenset()  # ids that were killed in order to be started anew
    hooks: frozenset[str] = frozenset()  # names of containers whose postStart hook runs
    actuated: Mapping[str, ResourceRequirements] = field(default_factory=dict)  # by container id
    whole: ResourceRequirements | None = None  # of the Pod as such, as its cgroup has them
    resize: Resize = field(default_factory=Resize)
    verdict: Verdict | None = None
    deleted: bool = False  # no longer in the API

    @cached_property
    def outlived(self) -> frozenset[str]:
        """The ids of containers that are to be replaced because the whole Pod is restarted."""
        return outlived(self.pod.spec, self.observed.containers)


def all_containers(spec: PodSpec) -> Iterable[Container]:
    """Init containers and containers, in their order."""
    yield from spec.init_containers
    yield from spec.containers


def termination_grace(state: PodState) -> int | None:
    """The grace period, in seconds, if the Pod is to end; None if it is to run."""
    pod, own = state.pod, state.pod.spec.termination_grace_period_seconds
    own = 30 if own is None else own
    if pod.metadata.deletion_timestamp or state.deleted:
        given = pod.metadata.deletion_grace_period_seconds
        asked = own if given is None else given
        if state.verdict and state.verdict.grace is not None:
            return min(asked, state.verdict.grace)
        return asked
    if state.verdict:
        return own if state.verdict.grace is None else state.verdict.grace
    return own if is_terminal(pod) else None


def is_terminal(pod: Pod) -> bool:
    """Whether the API knows the Pod as one that has ended: it never runs again."""
    return pod.status.phase in ("Succeeded", "Failed")
