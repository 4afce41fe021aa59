"""What work queues report, as Prometheus' metrics by the names that client-go has."""

from bisect import bisect_left
from collections.abc import Iterator

BUCKETS = (1e-08, 1e-07, 1e-06, 1e-05, 0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)


class QueueCount:
    """A `QueueMetrics` that counts."""

    def __init__(self) -> None:
        self.depth, self.adds, self.retries = 0, 0, 0
        self.waits, self.works = Times(), Times()

    def added(self, depth: int) -> None:
        self.depth = depth
        self.adds += 1

    def started(self, depth: int, waited: float) -> None:
        self.depth = depth
        self.waits.add(waited)

    def finished(self, worked: float) -> None:
        self.works.add(worked)

    def retried(self) -> None:
        self.retries += 1


class Times:
    """A histogram of seconds."""

    def __init__(self) -> None:
        self.total, self.counts = 0.0, [0] * (len(BUCKETS) + 1)

    def add(self, seconds: float) -> None:
        self.total += seconds
        self.counts[bisect_left(BUCKETS, seconds)] += 1

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """The text form."""
        reached = 0
        for bound, count in zip((*(f"{b:g}" for b in BUCKETS), "+Inf"), self.counts, strict=True):
            reached += count
            yield f'{name}_bucket{{{labels},le="{bound}"}} {reached}\n'
        yield f"{name}_sum{{{labels}}} {self.total}\n{name}_count{{{labels}}} {reached}\n"


class QueueCounts:
    """The counts of all queues of a process, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, QueueCount] = {}

    def of(self, name: str) -> QueueCount:
        """The count of one queue."""
        return self._by_name.setdefault(name, QueueCount())

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        for metric, kind, text in (
            ("depth", "gauge", "Keys that wait."),
            ("adds_total", "counter", "Keys that were added."),
            ("retries_total", "counter", "Keys that were added again after a failure."),
        ):
            yield f"# HELP workqueue_{metric} {text}\n# TYPE workqueue_{metric} {kind}\n"
            for name, count in self._by_name.items():
                value = {"depth": count.depth, "adds_total": count.adds, "retries_total": count.retries}[metric]
                yield f'workqueue_{metric}{{name="{name}"}} {value}\n'
        for metric, text in (
            ("queue_duration_seconds", "How long keys wait."),
            ("work_duration_seconds", "How long keys are worked on."),
        ):
            yield f"# HELP workqueue_{metric} {text}\n# TYPE workqueue_{metric} histogram\n"
            for name, count in self._by_name.items():
                times = count.waits if metric.startswith("queue") else count.works
                yield from times.lines(f"workqueue_{metric}", f'name="{name}"')
