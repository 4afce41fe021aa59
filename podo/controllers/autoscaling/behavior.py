"""How fast an autoscaler may follow what its metrics call for (KEP-853): windows and policies. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from podo.api.types.autoscaling_v2 import HorizontalPodAutoscalerBehavior, HPAScalingRules

DOWNSCALE_WINDOW = 300
"""Seconds (--horizontal-pod-autoscaler-downscale-stabilization): of what was called for meanwhile the most counts."""
MIN, DISABLED, PODS = "Min", "Disabled", "Pods"
STABLE = ("ReadyForNewScale", "recommended size matches current size")
HELD_DOWN = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
HELD_UP = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
IN_RANGE = ("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
Why = tuple[str, str]
"""Reason and message of a condition."""


class Entry(NamedTuple):
    """A number at a moment."""

    at: datetime
    number: int


@dataclass
class History:
    """What was called for, and what was done: of one autoscaler, since this process knows it."""

    called_for: list[Entry] = field(default_factory=list)
    ups: list[Entry] = field(default_factory=list)
    downs: list[Entry] = field(default_factory=list)

    def done(self, before: int, after: int, now: datetime) -> None:
        """Replicas have been changed."""
        (self.ups if after > before else self.downs).append(Entry(now, abs(after - before)))

    def forget(self, before: datetime) -> None:
        """What is older matters no more."""
        for entries in (self.called_for, self.ups, self.downs):
            entries[:] = [entry for entry in entries if entry.at >= before]


class Bounds(NamedTuple):
    """How many there are, may be at least, and at most."""

    current: int
    least: int
    most: int


class Decision(NamedTuple):
    """How many there shall be. `able` says whether a window held it back, `limit` which bound might; `limited`: did."""

    replicas: int
    able: Why
    limit: Why
    limited: bool


def decide(
    called_for: int, bounds: Bounds, behavior: HorizontalPodAutoscalerBehavior | None, history: History, now: datetime
) -> Decision:
    """Of what is called for now, what may be done now. Enters it into the history."""
    up = behavior.scale_up if behavior else None
    down = behavior.scale_down if behavior else None
    if behavior is None or up is None or down is None:
        held = _held_by_default(called_for, history, now)
        able = STABLE if held == called_for else HELD_DOWN
        replicas, limit = _limited_by_default(held, bounds)
    else:
        held = _held(called_for, bounds.current, window(up, 0), window(down, DOWNSCALE_WINDOW), history, now)
        able = STABLE if held == called_for else HELD_UP if called_for >= bounds.current else HELD_DOWN
        replicas, limit = _limited(held, bounds, up, down, history, now)
    history.called_for.append(Entry(now, called_for))
    history.forget(now - longest(behavior))
    return Decision(replicas, able, limit, replicas != held)


def window(rules: HPAScalingRules, default: int) -> int:
    """Seconds of a stabilization window."""
    return default if rules.stabilization_window_seconds is None else rules.stabilization_window_seconds


def longest(behavior: HorizontalPodAutoscalerBehavior | None) -> timedelta:
    """How far back anything matters."""
    seconds = [DOWNSCALE_WINDOW]
    for rules in (behavior.scale_up, behavior.scale_down) if behavior else ():
        if rules is not None:
            seconds += [window(rules, DOWNSCALE_WINDOW), *(p.period_seconds or 0 for p in rules.policies)]
    return timedelta(seconds=max(seconds) + 1)


def _held_by_default(called_for: int, history: History, now: datetime) -> int:
    since = now - timedelta(seconds=DOWNSCALE_WINDOW)
    return max([called_for, *(entry.number for entry in history.called_for if entry.at >= since)])


def _held(called_for: int, current: int, up: int, down: int, history: History, now: datetime) -> int:
    lowest = min([called_for, *_since(history.called_for, now, up)])
    highest = max([called_for, *_since(history.called_for, now, down)])
    return min(max(current, lowest), highest)


def _since(entries: Iterable[Entry], now: datetime, seconds: int) -> list[int]:
    return [entry.number for entry in entries if entry.at > now - timedelta(seconds=seconds)]


def _limited_by_default(wanted: int, bounds: Bounds) -> tuple[int, Why]:
    fastest = max(2 * bounds.current, 4)
    most, why = (fastest, TOO_FAST_UP) if bounds.most > fastest else (bounds.most, TOO_MANY)
    if wanted < bounds.least:
        return bounds.least, TOO_FEW
    return (most, why) if wanted > most else (wanted, IN_RANGE)


def _limited(
    wanted: int, bounds: Bounds, up: HPAScalingRules, down: HPAScalingRules, history: History, now: datetime
) -> tuple[int, Why]:
    current = bounds.current
    if wanted > current:
        fastest = max(_rate_limit(current, up, history, now, grows=True), current)
        most, why = (fastest, TOO_FAST_UP) if bounds.most > fastest else (bounds.most, TOO_MANY)
        if wanted > most:
            return most, why
    elif wanted < current:
        fastest = min(_rate_limit(current, down, history, now, grows=False), current)
        least, why = (fastest, TOO_FAST_DOWN) if bounds.least < fastest else (bounds.least, TOO_FEW)
        if wanted < least:
            return least, why
    return wanted, IN_RANGE


def _rate_limit(current: int, rules: HPAScalingRules, history: History, now: datetime, *, grows: bool) -> int:
    """How far the policies let it go now."""
    if rules.select_policy == DISABLED:
        return current
    reach: list[int] = []
    for policy in rules.policies:
        seconds, value = policy.period_seconds or 0, policy.value or 0
        start = current - sum(_since(history.ups, now, seconds)) + sum(_since(history.downs, now, seconds))
        if policy.type == PODS:
            reach.append(start + value if grows else start - value)
        else:
            reach.append(ceil(start * (1 + value / 100)) if grows else int(start * (1 - value / 100)))
    return _chosen(reach, rules.select_policy, grows=grows) if reach else current


def _chosen(reach: Sequence[int], policy: str, *, grows: bool) -> int:
    """The farthest of them, or with Min the nearest."""
    return max(reach) if grows is not (policy == MIN) else min(reach)
