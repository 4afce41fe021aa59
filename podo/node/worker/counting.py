"""What is counted and timed of one Pod on its way."""

from collections.abc import Iterable

from podo.api import timestamps
from podo.api.types.core_v1 import Pod, PodStatus
from podo.clock import Clock
from podo.node.measures import Measures
from podo.node.runtime.observed import ContainerState, ObservedContainer
from podo.node.worker.starting import container_type


class PodCounting:
    """Begins when the agent sees the Pod first; of one that ran already, the start is not timed."""

    def __init__(self, pod: Pod, measures: Measures, clock: Clock) -> None:
        self._measures, self._clock, self._since = measures, clock, clock.now()
        self._starting = not pod.status.container_statuses
        self._ended: set[str] = set()  # ids of containers

    def reported(self, pod: Pod, status: PodStatus) -> None:
        """All containers of a Pod run for the first time: it has started."""
        states = [s.state for s in status.container_statuses]
        if not self._starting or not states or not all(s and (s.running or s.terminated) for s in states):
            return
        self._starting, now = False, self._clock.now()
        self._measures.observe("kubelet_pod_start_duration_seconds", (now - self._since).total_seconds())
        if created := pod.metadata.creation_timestamp:
            whole = (now - timestamps.parse(created)).total_seconds()
            self._measures.observe("kubelet_pod_start_total_duration_seconds", max(whole, 0.0))

    def ended(self, pod: Pod, containers: Iterable[ObservedContainer]) -> None:
        """Count those that have ended since, once each."""
        for seen in containers:
            if seen.state is not ContainerState.EXITED or seen.id in self._ended:
                continue
            self._ended.add(seen.id)
            if seen.finished_at and seen.finished_at >= self._since:
                self._measures.count(
                    "kubelet_terminated_containers_total",
                    container_type=container_type(pod, seen.name),
                    exit_code=str(seen.exit_code),
                    reason=seen.reason,
                )
