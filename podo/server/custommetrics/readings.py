"""What a Pod's metrics say at one moment, and between two. Pure.

`x_per_second` is how fast the counter `x_total` (or `x`) has grown; any other name is the value of that metric. Values
of one name with different labels are added up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.api.selectors import LabelSelector
from podo.server.custommetrics.exposition import Sample

RATE = "_per_second"
Labels = tuple[tuple[str, str], ...]
"""A sample's labels, in order."""
LEAST = 0.5
"""Seconds: readings that are nearer to each other give no rate."""


@dataclass(frozen=True)
class Reading:
    """A Pod's samples at a moment."""

    at: datetime
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Value:
    """A metric's value; `window` is None for one that is of a moment."""

    value: float
    at: datetime
    window: float | None = None


def counters_of(metric: str) -> tuple[str, ...]:
    """The counters by whose growth a metric may be told; none for one that is a value itself."""
    base = metric.removesuffix(RATE)
    return (f"{base}_total", base, f"{base}_count") if base != metric else ()


def value_of(metric: str, readings: Sequence[Reading], selector: LabelSelector | None) -> Value | None:
    """By readings, the oldest first; None if they do not say."""
    now = readings[-1]
    if (found := total(now.samples, metric, selector)) is not None:
        return Value(found, now.at)
    for counter in counters_of(metric):
        current = total(now.samples, counter, selector)
        if current is None:
            continue
        for before in readings[:-1]:
            seconds, old = (now.at - before.at).total_seconds(), total(before.samples, counter, selector) or 0.0
            if seconds >= LEAST and old <= current:  # else it was begun anew meanwhile
                return Value((current - old) / seconds, now.at, seconds)
    return None


def values_by_labels(metric: str, readings: Sequence[Reading], selector: LabelSelector | None) -> dict[Labels, Value]:
    """A value for each set of labels, by readings, the oldest first: the metric's own, or else by its counter."""
    now = readings[-1]
    for name in (metric, *counters_of(metric)):
        sets = {
            labels_of(s) for s in now.samples if s.name == name and (selector is None or selector.matches(s.labels))
        }
        if not sets:
            continue
        split = {labels: [_only(r, name, labels) for r in readings] for labels in sets}
        found = {labels: value_of(metric, only, None) for labels, only in split.items()}
        return {labels: value for labels, value in found.items() if value is not None}
    return {}


def labels_of(sample: Sample) -> Labels:
    """Comparable."""
    return tuple(sorted(sample.labels.items()))


def _only(reading: Reading, name: str, labels: Labels) -> Reading:
    return Reading(reading.at, tuple(s for s in reading.samples if s.name == name and labels_of(s) == labels))


def total(samples: Iterable[Sample], name: str, selector: LabelSelector | None) -> float | None:
    """The sum of all values of a name whose labels are selected; None if there is none."""
    found = [s.value for s in samples if s.name == name and (selector is None or selector.matches(s.labels))]
    return sum(found) if found else None
