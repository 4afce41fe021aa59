"""The steps of a canary rollout: how many Pods of a new revision there may be so far. Pure.

A Deployment says by annotation in which steps its new revision is to grow. Which step has been reached stands on the
new ReplicaSet; without a mark it is the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from podo.api import quantity
from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.controllers.amounts import scaled

STEPS, PAUSE = "podo.dev/canary", "podo.dev/canary-pause"
METRIC, METRIC_MAX = "podo.dev/canary-metric", "podo.dev/canary-metric-max"
STEP, SINCE = "podo.dev/canary-step", "podo.dev/canary-since"
MARKS = frozenset({STEP, SINCE})
"""On ReplicaSets: the step that has been reached, and since when all its Pods are available."""
DEFAULT_PAUSE = 60


@dataclass(frozen=True)
class Canary:
    """What a Deployment asks for. Seconds; `most` is of the metric's average, in thousandths."""

    steps: tuple[int | str, ...]
    pause: int = DEFAULT_PAUSE
    metric: str = ""
    most: int = 0


def canary_of(d: Deployment) -> Canary | None:
    """What it asks for; None if it asks for none, or for what makes no sense."""
    said = d.metadata.annotations
    words = [word.strip() for word in said.get(STEPS, "").split(",") if word.strip()]
    steps = [word if word.endswith("%") else int(word) for word in words if word.rstrip("%").isdecimal()]
    pause = said.get(PAUSE, str(DEFAULT_PAUSE)).removesuffix("s")
    if not steps or len(steps) != len(words) or not pause.isdecimal():
        return None
    try:
        most = quantity.to_milli(said.get(METRIC_MAX, "0"))
    except quantity.QuantityError:
        return None
    return Canary(tuple(steps), int(pause), said.get(METRIC, ""), most)


def step_of(rs: ReplicaSet | None) -> int:
    """The step that a new revision has reached, counted from 0."""
    text = rs.metadata.annotations.get(STEP, "") if rs else ""
    return int(text) if text.isdecimal() else 0


def most_new(d: Deployment, new: ReplicaSet | None, old: Sequence[ReplicaSet], desired: int) -> int:
    """How many Pods of the new revision there may be.

    All, where there is nothing that it could be worse than, or where it has more already: that is a way back.
    """
    canary = canary_of(d)
    if canary is None or not old or step_of(new) >= len(canary.steps):
        return desired
    most = min(max(scaled(canary.steps[step_of(new)], desired, round_up=True), 1), desired)
    return desired if new is not None and (new.spec.replicas or 0) > most else most
