"""The probes of one Pod's containers: when they run, and what they have found.

A probe runs after its initial delay, then every period. One liberty is taken (docs/adr/0071): until a container has
passed its first startup or readiness probe, the check is also made between the periods, at growing distances; only a
success of those counts. So a container that is up in 80 ms is ready then, not after the next period.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from podo.api.types.core_v1 import Container, Pod, Probe
from podo.clock import Clock
from podo.node.events import PodEvents
from podo.node.probes.checks import Answer, CheckFailed, Checks, Target
from podo.node.probes.tally import ProbeCount, Tally
from podo.node.runtime.observed import ObservedContainer
from podo.node.worker.state import ProbeState

STARTUP, LIVENESS, READINESS = "startup", "liveness", "readiness"
EAGER_FIRST, EAGER_EXEC, EAGER_FACTOR = 0.03, 0.5, 1.6
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass
class _Probed:
    """A running container and what is known of it."""

    pod: Pod
    target: Target
    seen: ObservedContainer
    state: ProbeState
    started: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class PodProber:
    """`changed` is called when what `states` says has changed; `spawn` runs a task for as long as the worker."""

    def __init__(
        self,
        checks: Checks,
        clock: Clock,
        events: PodEvents,
        *,
        spawn: Spawn,
        changed: Callable[[], None],
        counts: Counter[ProbeCount] | None = None,
    ) -> None:
        self._checks, self._clock, self._events = checks, clock, events
        self._counts: Counter[ProbeCount] = Counter() if counts is None else counts
        self._spawn, self._changed = spawn, changed
        self._probed: dict[str, _Probed] = {}

    def states(self) -> Mapping[str, ProbeState]:
        """By container id, of all that are probed."""
        return {key: probed.state for key, probed in self._probed.items()}

    def begin(
        self, pod: Pod, container: Container, seen: ObservedContainer, address: str, known: ProbeState | None = None
    ) -> None:
        """Probe a container that runs from now on. `known` is what was found before the agent was restarted."""
        if seen.id in self._probed:
            return
        started = container.startup_probe is None or bool(known and known.started)
        ready = started and (container.readiness_probe is None or bool(known and known.ready))
        probed = _Probed(pod, Target(container, seen.id, address), seen, ProbeState(started, ready))
        self._probed[seen.id] = probed
        if started:
            probed.started.set()
        for kind, probe in self._probes(container):
            if probe is not None and not (kind == STARTUP and started):
                probed.tasks.append(self._spawn(self._run(probed, kind, probe)))

    def end(self, container_ids: Iterable[str]) -> None:
        """These run no more."""
        for container_id in container_ids:
            if probed := self._probed.pop(container_id, None):
                for task in probed.tasks:
                    task.cancel()

    def running(self) -> frozenset[str]:
        """Ids of what is probed."""
        return frozenset(self._probed)

    def quieten(self) -> None:
        """The Pod is ending: only readiness still counts."""
        for probed in self._probed.values():
            probed.state = probed.state._replace(failed="")
            for task in probed.tasks:
                if task.get_name().startswith((LIVENESS, STARTUP)):
                    task.cancel()

    @staticmethod
    def _probes(container: Container) -> tuple[tuple[str, Probe | None], ...]:
        return (
            (STARTUP, container.startup_probe),
            (LIVENESS, container.liveness_probe),
            (READINESS, container.readiness_probe),
        )

    async def _run(self, probed: _Probed, kind: str, probe: Probe) -> None:
        if task := asyncio.current_task():
            task.set_name(f"{kind} {probed.target.container.name}")
        if kind != STARTUP:
            await probed.started.wait()
        await self._clock.sleep(self._delay(probed, probe))
        tally, period = Tally.of(probe), float(probe.period_seconds or 10)
        eager = kind != LIVENESS and not (kind == READINESS and probed.state.ready)
        while True:
            due = self._clock.monotonic() + period
            found = tally.conclude(await self._check(probed, kind, probe))
            if found is not None and self._conclude(probed, kind, found):
                return
            eager = eager and not tally.last
            if eager:
                await self._check_eagerly(probed, kind, probe, tally, due)
                if self._is_settled(probed, kind):
                    return
                eager = not tally.last
            await self._clock.sleep(due - self._clock.monotonic())

    def _is_settled(self, probed: _Probed, kind: str) -> bool:
        return kind == STARTUP and probed.state.started

    def _delay(self, probed: _Probed, probe: Probe) -> float:
        if not probe.initial_delay_seconds or probed.seen.started_at is None:
            return 0
        due = probed.seen.started_at + timedelta(seconds=probe.initial_delay_seconds)
        return (due - self._clock.now()).total_seconds()

    async def _check_eagerly(self, probed: _Probed, kind: str, probe: Probe, tally: Tally, due: float) -> None:
        """Look again and again until the next regular check is due; only success is entered."""
        pause = EAGER_EXEC if probe.exec else EAGER_FIRST
        while self._clock.monotonic() + pause < due:
            await self._clock.sleep(pause)
            pause *= EAGER_FACTOR
            if await self._check(probed, kind, probe, silent=True):
                found = tally.conclude(True)
                if found is None:
                    return
                self._conclude(probed, kind, found)
                return

    async def _check(self, probed: _Probed, kind: str, probe: Probe, *, silent: bool = False) -> bool:
        try:
            answer = await self._checks.check(probe, probed.target)
        except CheckFailed as failure:
            if not silent:
                message = f"{kind.capitalize()} probe failed: {failure}"
                self._events.container_warning(probed.pod, probed.target.container, "Unhealthy", message)
                self._count(probed, kind, "failed")
            return False
        self._count(probed, kind, "successful")
        self._warn(probed, kind, answer)
        return True

    def _count(self, probed: _Probed, kind: str, result: str) -> None:
        self._counts[ProbeCount(probed.pod.metadata.uid, probed.target.container.name, kind, result)] += 1

    def _warn(self, probed: _Probed, kind: str, answer: Answer) -> None:
        if answer.warning:
            message = f"{kind.capitalize()} probe warning: {answer.warning}"
            self._events.container_warning(probed.pod, probed.target.container, "ProbeWarning", message)

    def _conclude(self, probed: _Probed, kind: str, success: bool) -> bool:
        """Enter a standing result; whether this probe has done its work for this container."""
        before = probed.state
        if kind == READINESS:
            probed.state = before._replace(ready=success)
        elif not success:
            probed.state = before._replace(failed=kind)
        elif kind == STARTUP:
            unprobed = probed.target.container.readiness_probe is None
            probed.state = before._replace(started=True, ready=before.ready or unprobed)
            probed.started.set()
        if probed.state != before:
            self._changed()
        return kind == STARTUP or (kind == LIVENESS and not success)
