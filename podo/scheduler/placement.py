"""The decision: a Pod and a snapshot in, a node or the reasons why there is none out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import numpy as np

from podo.scheduler.profile import Profile
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot


@dataclass(frozen=True)
class Placement:
    """`node` "" means that the Pod fits nowhere: `reasons` says how many of `nodes` nodes were refused for what."""

    node: str
    nodes: int
    reasons: Mapping[str, int]

    def message(self) -> str:
        """As the event and the condition say it."""
        if not self.nodes:
            return "no nodes available to schedule pods"
        listed = ", ".join(sorted(f"{count} {reason}" for reason, count in self.reasons.items()))
        return f"0/{self.nodes} nodes are available: {listed}."


def place(pod: PodInfo, snapshot: Snapshot, profile: Profile, chance: Random) -> Placement:
    """Choose a node; among equally good ones by chance."""
    feasible, reasons = feasible_rows(pod, snapshot, profile)
    rows = np.flatnonzero(feasible)
    if not len(rows):
        return Placement("", len(snapshot), reasons)
    row = int(rows[0]) if len(rows) == 1 else best_row(pod, snapshot, profile, feasible, chance)
    node = snapshot.row_at(row).node
    assert node is not None
    return Placement(node.metadata.name, len(snapshot), reasons)


def feasible_rows(pod: PodInfo, snapshot: Snapshot, profile: Profile) -> tuple[Mask, dict[str, int]]:
    """The rows that all filters let pass; each node that one refuses counts for the first that did."""
    feasible: Mask = snapshot.exists.copy()
    reasons: dict[str, int] = {}
    for plugin in profile.filters:
        verdict = plugin.filter(pod, snapshot)
        if verdict is None:
            continue
        for reason, refused in verdict.reasons.items():
            if number := int(np.count_nonzero(refused & feasible)):
                reasons[reason] = reasons.get(reason, 0) + number
        feasible &= verdict.fits
        if not feasible.any():
            break
    return feasible, reasons


def best_row(pod: PodInfo, snapshot: Snapshot, profile: Profile, feasible: Mask, chance: Random) -> int:
    """The feasible row with the highest weighted score."""
    total = np.zeros(snapshot.size, np.float64)
    for plugin, weight in profile.scores:
        if (scores := plugin.score(pod, snapshot, feasible)) is not None:
            total += np.trunc(scores) * weight
    best = np.flatnonzero(feasible & (total >= total[feasible].max()))
    return int(best[chance.randrange(len(best))])
