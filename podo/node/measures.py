"""What an agent counts and times of its own work, under the kubelet's names; turned into text only when asked for."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

Labels = tuple[tuple[str, str], ...]
DEFAULT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STARTS = (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600)
VOLUMES = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50)
OPERATIONS = tuple(round(0.005 * 2.5**n, 6) for n in range(14))


class Measure(NamedTuple):
    """One metric. Without `bounds` it is a counter."""

    help: str
    bounds: tuple[float, ...] = ()


MEASURES = {
    "kubelet_started_pods_total": Measure("Sandboxes that were begun."),
    "kubelet_started_pods_errors_total": Measure("Sandboxes that could not be made."),
    "kubelet_started_user_namespaced_pods_total": Measure("Sandboxes of Pods with users of their own."),
    "kubelet_started_user_namespaced_pods_errors_total": Measure("Such Pods that could not be started."),
    "kubelet_started_containers_total": Measure("Containers that were begun."),
    "kubelet_started_containers_errors_total": Measure("Containers that could not be started."),
    "kubelet_terminated_containers_total": Measure("Containers that have ended, by how."),
    "kubelet_evictions": Measure("Pods that were evicted, by the signal."),
    "kubelet_admission_rejections_total": Measure("Pods that were refused, by the reason."),
    "kubelet_runtime_operations_total": Measure("What the runtime was asked for."),
    "kubelet_runtime_operations_errors_total": Measure("What of it failed."),
    "kubelet_runtime_operations_duration_seconds": Measure("How long the runtime took.", OPERATIONS),
    "kubelet_pod_start_duration_seconds": Measure("From the first sight of a Pod to its containers running.", STARTS),
    "kubelet_pod_start_total_duration_seconds": Measure("From a Pod's creation to its containers running.", STARTS),
    "kubelet_pod_worker_duration_seconds": Measure("One look at a Pod.", DEFAULT),
    "storage_operation_duration_seconds": Measure("How long volumes took.", VOLUMES),
}


class Times:
    """A histogram: the sum, and how many are in each bucket (the last: above all bounds)."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.total, self.counts = bounds, 0.0, [0] * (len(bounds) + 1)

    def add(self, value: float) -> None:
        self.total += value
        self.counts[bisect_left(self.bounds, value)] += 1


class Measures:
    """Of one agent, since it was started."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, Labels], int] = {}
        self.times: dict[tuple[str, Labels], Times] = {}

    def count(self, name: str, **labels: str) -> None:
        """One more."""
        key = (name, tuple(sorted(labels.items())))
        self.counts[key] = self.counts.get(key, 0) + 1

    def observe(self, name: str, value: float, **labels: str) -> None:
        """One that took so long."""
        key = (name, tuple(sorted(labels.items())))
        times = self.times.get(key)
        if times is None:
            times = self.times[key] = Times(MEASURES[name].bounds)
        times.add(value)

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus: of what has happened."""
        for name, measure in MEASURES.items():
            counts = {labels: n for (each, labels), n in self.counts.items() if each == name}
            times = {labels: t for (each, labels), t in self.times.items() if each == name}
            if not counts and not times:
                continue
            kind = "histogram" if measure.bounds else "counter"
            yield f"# HELP {name} {measure.help}\n# TYPE {name} {kind}\n"
            for labels, number in counts.items():
                yield f"{name}{_braced(labels)} {number}\n"
            for labels, found in times.items():
                yield from _histogram(name, labels, found)


def _histogram(name: str, labels: Labels, times: Times) -> Iterator[str]:
    reached = 0
    for bound, number in zip((*(f"{b:g}" for b in times.bounds), "+Inf"), times.counts, strict=True):
        reached += number
        yield f"{name}_bucket{_braced((*labels, ('le', bound)))} {reached}\n"
    yield f"{name}_sum{_braced(labels)} {times.total}\n{name}_count{_braced(labels)} {reached}\n"


def _braced(labels: Labels) -> str:
    inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
