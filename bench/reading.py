"""What a measure gives: numbers, kept as numbers until they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One line of the table. Times are in seconds; `rate` is in `unit` a second; `value` is for what is no time.

    `cpu` is what the cluster's processes used for each: it tells more than `rate` where other work shares the machine.
    """

    case: str
    count: int = 1
    rate: float | None = None
    unit: str = ""
    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None
    value: str = ""
    note: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * 1000) * len(ordered) // 1000) - 1)]


def of_times(case: str, times: Sequence[float], *, cpu: float | None = None, note: str = "") -> Reading:
    """The reading of single, separately timed runs."""
    return Reading(case, len(times), p50=percentile(times, 0.5), p99=percentile(times, 0.99), cpu=cpu, note=note)
