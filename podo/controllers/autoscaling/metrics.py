"""Where an autoscaler gets its figures from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from podo.api.types.autoscaling_v2 import CrossVersionObjectReference


class MetricsFailure(Exception):
    """There are no figures; the text is for conditions and events."""


class PodMetric(NamedTuple):
    """A Pod's figure, in thousandths, over the `window` (seconds) that ended at `at`."""

    value: int
    at: datetime
    window: float = 60.0


PodMetrics = Mapping[str, PodMetric]
"""By the Pods' names."""


class Metrics(Protocol):
    """Selectors are in their text form. Each raises MetricsFailure where there is nothing."""

    async def resource(self, resource: str, namespace: str, selector: str, container: str) -> PodMetrics:
        """CPU or memory of Pods, or of one container of each."""
        ...

    async def pods(self, metric: str, namespace: str, selector: str, metric_selector: str) -> PodMetrics:
        """A metric of Pods."""
        ...

    async def object(
        self, metric: str, namespace: str, described: CrossVersionObjectReference, metric_selector: str
    ) -> int:
        """A metric of another object, in thousandths."""
        ...

    async def external(self, metric: str, namespace: str, metric_selector: str) -> Sequence[int]:
        """All values of a metric from outside of the cluster, in thousandths."""
        ...
