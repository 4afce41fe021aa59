"""The loop of one Pod: look, decide, act; then sleep until something happens. Nothing here polls.

What happens: the Pod changes, the runtime tells of a container, a probe changes its mind, an operation ends, a time
that the decision named has come. The loop's memory is only what the runtime cannot tell: back-offs, images that are
about to be used, hooks that run. A new agent does without it.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import Container, Pod, PodSpec, PodStatus, ResourceStatus
from podo.node.images.base import Image
from podo.node.probes.prober import PodProber
from podo.node.resize.allocation import as_is, granted
from podo.node.resize.words import Resize
from podo.node.resize.words import events as resize_events
from podo.node.runtime.observed import ContainerState, ObservedContainer
from podo.node.status.containers import StatusInput
from podo.node.status.generate import pod_status
from podo.node.status.writer import status_changes
from podo.node.worker.backoff import Backoff
from podo.node.worker.counting import PodCounting
from podo.node.worker.decide import Decision, decide
from podo.node.worker.operations import Operations
from podo.node.worker.parts import Parts
from podo.node.worker.pod_files import PodFiles
from podo.node.worker.resizing import Resizing, Room, always
from podo.node.worker.state import (
    Failure,
    ObservedPod,
    PodState,
    ProbeState,
    Verdict,
    all_containers,
    is_terminal,
    termination_grace,
)
from podo.node.worker.stopping import confirm_deletion, container_named, remove_traces
from podo.node.worker.wakeup import Wakeup

log = logging.getLogger(__name__)
REFRESH_EVERY = timedelta(minutes=10)
ASK_AGAIN = timedelta(seconds=5)  # whether there is room for a resize by now


class PodWorker:
    """One Pod, from its arrival to its confirmed end. Its methods but `run` may be called at any time."""

    def __init__(self, pod: Pod, parts: Parts, room: Room = always) -> None:
        self.desired, self.observed = pod, ObservedPod()
        self._parts, self._clock = parts, parts.clock
        self._files = PodFiles(parts.facts, pod.metadata.uid)
        saved = self._files.saved()
        self.pod = granted(pod, saved.spec) if saved else pod  # what it was granted; `desired` is the API's
        self.resizing = Resizing(room, saved.status if saved else pod.status, self.pod.spec)
        self._counting = PodCounting(pod, parts.measures, parts.clock)
        self._wakeup = Wakeup(parts.clock)
        self._verdict: Verdict | None = None
        self._deleted, self.ended = False, False
        self.stopped = asyncio.Event()  # nothing of the Pod runs any more, and nothing will
        self.images: dict[str, Image] = {}
        self.failures: dict[str, Failure] = {}
        self.crashes: dict[str, Backoff] = {}
        self.kills: dict[str, int] = {}
        self.to_restart: set[str] = set()
        self.hooks: set[str] = set()
        self.volumes_mounted = self.volumes_released = False
        self._refresh_at: datetime | None = None
        self._messages: dict[str, str] = {}
        self._looping: set[str] = set()
        self._looked = asyncio.Condition()
        self._prober: PodProber | None = None
        self._operations: Operations | None = None

    # What others tell it

    def update(self, pod: Pod) -> None:
        """The API has a new version of the Pod."""
        old, self.desired = self.pod, pod
        self.pod = self.resizing.follow(pod, old.spec)
        self._parts.statuses.seen(pod)
        before, now = old.metadata, pod.metadata
        if before.labels != now.labels or before.annotations != now.annotations:
            self._refresh_at = self._clock.now()  # the downward API shows them
        elif before.generation == now.generation and before.deletion_timestamp == now.deletion_timestamp:
            self._wakeup.set()
            return
        self._files.save(self.pod)
        self._wakeup.set()

    def actual_spec(self) -> PodSpec:
        """The spec with the resources that are in force."""
        found = self.resizing.actuated(self.observed, self._parts.statuses.last(self.pod))
        by_name = {c.name: found[c.id] for c in self.observed.active if c.id in found}
        return as_is(self.pod.spec, by_name, self.resizing.whole)

    def poke(self) -> None:
        """Look again: a container, a probe or an operation has changed."""
        self._wakeup.set()

    def refresh(self) -> None:
        """An object that its volumes are made from has changed."""
        self._refresh_at = self._clock.now()
        self.failures.pop("volumes", None)
        for key in [k for k, f in self.failures.items() if f.waiting.reason == "CreateContainerConfigError"]:
            del self.failures[key]
        self._wakeup.set()

    def remove(self) -> None:
        """The API has no such Pod any more: end what runs."""
        self._deleted = True
        self._wakeup.set()

    def end(self, verdict: Verdict) -> None:
        """End the Pod for a reason of the node's own (an eviction); the first reason counts."""
        self._verdict = self._verdict or verdict
        self._wakeup.set()

    @property
    def is_forgotten(self) -> bool:
        """Whether the API knows it no more."""
        return self._deleted

    @property
    def is_ending(self) -> bool:
        """Whether the Pod has been told to end, or has ended."""
        state = PodState(pod=self.pod, now=self._clock.now(), verdict=self._verdict, deleted=self._deleted)
        return termination_grace(state) is not None

    # The loop

    async def run(self) -> None:
        """Work until the Pod's end is confirmed. Cancelling leaves its containers running."""
        self._files.save(self.pod)
        async with asyncio.TaskGroup() as tasks:
            self._operations = Operations(self, self._parts, tasks)
            self._prober = PodProber(
                self._parts.checks,
                self._clock,
                self._parts.events,
                spawn=tasks.create_task,
                changed=self._wakeup.set,
                counts=self._parts.probes,
            )
            while not await self._turn(self._operations, self._prober):
                await self._wakeup.wait()
            self._prober.end(self._prober.running())
            self._operations.cancel_all()
        self.ended = True

    async def _turn(self, operations: Operations, prober: PodProber) -> bool:
        """One look and what follows from it; whether the Pod is no more."""
        self._wakeup.clear()
        begun = self._clock.monotonic()
        await self._look(prober)
        if self.pod is not self.desired:
            self._ask_for_room()
        state = self._state(operations, prober)
        decision = decide(state)
        if decision.verdict and self._verdict is None:
            self._verdict = decision.verdict
            self._parts.events.normal(self.pod, decision.verdict.reason, decision.verdict.message)
            state = self._state(operations, prober)
            decision = decide(state)
        self._report(state, decision)
        took = self._clock.monotonic() - begun
        self._parts.measures.observe("kubelet_pod_worker_duration_seconds", took, operation_type="sync")
        if decision.finished:
            self.stopped.set()
        if decision.finished and (self.pod.metadata.deletion_timestamp or self._deleted):
            await self._leave(operations)
            return True
        for action in decision.actions:
            operations.begin(action)
        self._refresh_when_due(operations, decision)
        if self.resizing.pending:
            decision.wake(self._clock.now() + ASK_AGAIN)
        self._wakeup.at(decision.wake_at)
        return False

    def _ask_for_room(self) -> None:
        """There was none for what the Pod wants: perhaps there is by now."""
        self.pod = self.resizing.follow(self.desired, self.pod.spec)
        if self.pod is self.desired:
            self._files.save(self.pod)

    async def _look(self, prober: PodProber) -> None:
        uid = self.pod.metadata.uid
        seen = await self._parts.runtime.observe()
        self.observed = ObservedPod(
            tuple(s for s in seen.sandboxes if s.uid == uid), tuple(c for c in seen.containers if c.pod_uid == uid)
        )
        self._probe(prober)
        self._read_messages()
        async with self._looked:
            self._looked.notify_all()

    def _state(self, operations: Operations, prober: PodProber) -> PodState:
        return PodState(
            pod=self.pod,
            now=self._clock.now(),
            observed=self.observed,
            probes=prober.states(),
            images={name: image.id for name, image in self.images.items()},
            failures=self.failures,
            crashes=self.crashes,
            volumes_mounted=self.volumes_mounted,
            volumes_released=self.volumes_released,
            operations=operations.keys(),
            kills=self.kills,
            to_restart=frozenset(self.to_restart),
            hooks=frozenset(self.hooks),
            actuated=self.resizing.actuated(self.observed, self._parts.statuses.last(self.pod)),
            whole=self.resizing.whole,
            resize=Resize(self.resizing.pending, self.resizing.generation, under_way=self.resizing.stale),
            verdict=self._verdict,
            deleted=self._deleted,
        )

    def _report(self, state: PodState, decision: Decision) -> None:
        statuses = self._parts.statuses
        if not self.observed.sandboxes and is_terminal(self.pod):
            return  # it was refused, or has ended long ago: there is nothing to add
        self._tell_of_crashes(decision)
        given = StatusInput(
            state=state,
            waiting=decision.waiting,
            messages=self._messages,
            terminal=decision.finished,
            host_ips=self._parts.facts.host_ips,
            devices=self._devices(),
        )
        before = statuses.last(self.pod)
        status = pod_status(given, before)
        if status_changes(before, status):
            self._tell_of_resize(before, status)
            self._counting.reported(self.pod, status)
            self._files.save(replace(self.pod, status=status))  # what a new agent needs while the API is away
            statuses.set(self.pod, status)

    def _devices(self) -> dict[str, tuple[ResourceStatus, ...]]:
        devices, claims = self._parts.devices, self._parts.claims
        found = {}
        for container in self.pod.spec.containers:
            if container.resources is not None:
                told = devices.statuses(self.pod, container)
                if container.resources.claims:
                    told += claims.statuses(self.pod, container)
                found[container.name] = told
        return found

    def _tell_of_crashes(self, decision: Decision) -> None:
        looping = {name for name, waiting in decision.waiting.items() if waiting.reason == "CrashLoopBackOff"}
        meta = self.pod.metadata
        for name in looping - self._looping:
            message = f"Back-off restarting failed container {name} in pod {meta.name}_{meta.namespace}({meta.uid})"
            self._parts.events.container_warning(self.pod, container_named(self.pod, name), "BackOff", message)
        self._looping = looping

    def _tell_of_resize(self, before: PodStatus, after: PodStatus) -> None:
        if self.is_ending:
            return
        for told in resize_events(self.desired.spec, self.pod.spec, before, after):
            record = self._parts.events.warning if told.warning else self._parts.events.normal
            record(self.pod, told.reason, told.message)

    async def _leave(self, operations: Operations) -> None:
        """All has ended: say so, then leave no trace."""
        statuses, uid = self._parts.statuses, self.pod.metadata.uid
        operations.cancel_all()
        if not self._deleted:
            await statuses.flushed(uid)
            await confirm_deletion(self.pod, self._parts)
        statuses.forget(uid)
        await remove_traces(self.pod, self.observed, self._parts)

    # Probes and messages

    def _probe(self, prober: PodProber) -> None:
        """Probe what runs, and nothing else."""
        if self.is_ending:
            prober.quieten()
            running = {c.id for c in self.observed.containers if c.state is ContainerState.RUNNING}
            prober.end(prober.running() - running)
            return
        running = set()
        for container in all_containers(self.pod.spec):
            seen = self.observed.latest(container.name)
            if seen is None or seen.state is not ContainerState.RUNNING or not self._is_probed(container):
                continue
            running.add(seen.id)
            if container.name not in self.hooks and f"start:{container.name}" not in self._busy():
                prober.begin(self.pod, container, seen, self.address(), self._known(seen))
        prober.end(prober.running() - running)

    def _busy(self) -> frozenset[str]:
        return self._operations.keys() if self._operations else frozenset()

    def _is_probed(self, container: Container) -> bool:
        is_init = any(c.name == container.name for c in self.pod.spec.init_containers)
        asked = container.startup_probe or container.liveness_probe or container.readiness_probe
        return bool(asked) and (not is_init or is_sidecar(container))

    def _known(self, seen: ObservedContainer) -> ProbeState | None:
        """What the API was told of this very container: a new agent must not make it unready for a while."""
        status = self._parts.statuses.last(self.pod)
        for known in status.container_statuses + status.init_container_statuses:
            if known.container_id == seen.full_id:
                return ProbeState(bool(known.started), bool(known.ready))
        return None

    def _read_messages(self) -> None:
        there = {c.id: c for c in self.observed.containers if c.state is ContainerState.EXITED}
        self._messages = {i: m for i, m in self._messages.items() if i in there}
        self._counting.ended(self.pod, there.values())
        for container_id, seen in there.items():
            if container_id not in self._messages:
                self._messages[container_id] = self._files.message(container_named(self.pod, seen.name), seen)

    def address(self) -> str:
        """Where the Pod's ports can be reached from the node."""
        sandbox = self.observed.sandbox
        if sandbox and sandbox.ips:
            return sandbox.ips[0]
        host_ips = self._parts.facts.host_ips
        return host_ips[0] if self.pod.spec.host_network and host_ips else "127.0.0.1"

    async def ended_all(self, names: Iterable[str]) -> None:
        """Return once none of the named containers runs."""
        waited = set(names)
        async with self._looked:
            await self._looked.wait_for(lambda: not any(c.name in waited for c in self.observed.active))

    # Volumes

    def _refresh_when_due(self, operations: Operations, decision: Decision) -> None:
        if not self.volumes_mounted or self.volumes_released:
            return
        now = self._clock.now()
        if self._refresh_at is None:
            self._refresh_at = now  # learns when the first token is to be renewed
        if self._refresh_at <= now:
            self._refresh_at = now + REFRESH_EVERY
            operations.spawn("refresh", self._refresh())
        decision.wake(self._refresh_at)

    async def _refresh(self) -> None:
        renew_at = await self._parts.volumes.refresh(self.pod)
        if renew_at and self._refresh_at and renew_at < self._refresh_at:
            self._refresh_at = renew_at
