"""The decision: a Pod and a snapshot in, a node or the reasons why there is none out. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np

from podo.client.base import key_of
from podo.scheduler.plugin import Filter
from podo.scheduler.profile import Profile
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot


@dataclass(frozen=True)
class Nomination:
    """A Pod for which room is being made on a node: others of no higher priority must leave it the room."""

    info: PodInfo
    node: str


@dataclass
class Diagnosis:
    """What the filters say: the rows that all let pass, and why the others do not.

    A refused node counts for the filter that refused it first. `hopeless` rows would be refused even if empty.
    """

    feasible: Mask
    hopeless: Mask
    reasons: dict[str, int] = field(default_factory=dict)
    helped_by: set[str] = field(default_factory=set)
    whole: str = ""
    error: str = ""


@dataclass(frozen=True)
class Placement:
    """`node` "" means that the Pod fits nowhere: `reasons` says how many of `nodes` nodes were refused for what."""

    node: str
    nodes: int
    reasons: Mapping[str, int]
    whole: str = ""
    preemption: str = ""  # why no other Pod makes room
    claims: str = "no new claims to deallocate"  # what was done about claims that stand in the way
    diagnosis: Diagnosis | None = None

    def message(self) -> str:
        """As the event and the condition say it."""
        if not self.nodes:
            return "no nodes available to schedule pods"
        text = unavailable(self.nodes, self.reasons, self.whole)
        return f"{text} {self.claims}, preemption: {self.preemption}" if self.preemption else text

    def without_preemption(self, why: str) -> "Placement":
        """The same, with why preemption does not help."""
        return replace(self, preemption=why)


def unavailable(nodes: int, reasons: Mapping[str, int], whole: str = "") -> str:
    """How many nodes refuse a Pod for what."""
    listed = whole or ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return f"0/{nodes} nodes are available: {listed}."


def place(
    pod: PodInfo, snapshot: Snapshot, profile: Profile, chance: Random, nominations: Iterable[Nomination] = ()
) -> Placement:
    """Choose a node: the one that the Pod is nominated for if it fits, else the best; among equals by chance."""
    diagnosis = diagnose(pod, snapshot, profile.filters)
    if kept := relevant(pod, nominations):
        with assumed(kept, snapshot):
            crowded = diagnose(pod, snapshot, profile.filters)
        crowded.feasible &= diagnosis.feasible
        diagnosis = crowded
    rows = np.flatnonzero(diagnosis.feasible)
    if not len(rows):
        return Placement("", len(snapshot), diagnosis.reasons, diagnosis.whole, diagnosis=diagnosis)
    nominated = snapshot.row_of(pod.pod.status.nominated_node_name)
    if nominated is not None and diagnosis.feasible[nominated.row]:
        row = nominated.row
    else:
        row = int(rows[0]) if len(rows) == 1 else best_row(pod, snapshot, profile, diagnosis.feasible, chance)
    node = snapshot.row_at(row).node
    assert node is not None
    return Placement(node.metadata.name, len(snapshot), diagnosis.reasons)


def relevant(pod: PodInfo, nominations: Iterable[Nomination]) -> list[Nomination]:
    """The nominations that `pod` must respect."""
    me = key_of(pod.pod)
    return [n for n in nominations if n.info.priority >= pod.priority and key_of(n.info.pod) != me]


@contextmanager
def assumed(nominations: Iterable[Nomination], snapshot: Snapshot) -> Iterator[None]:
    """The snapshot as if the nominated Pods were on their nodes."""
    added = [n for n in nominations if snapshot.row_of(n.node) is not None and not snapshot.has(key_of(n.info.pod))]
    for nomination in added:
        snapshot.set_pod(nomination.info, nomination.node)
    try:
        yield
    finally:
        for nomination in added:
            snapshot.remove_pod(key_of(nomination.info.pod))


def diagnose(pod: PodInfo, snapshot: Snapshot, filters: Iterable[Filter]) -> Diagnosis:
    """Ask the filters, until one leaves no row."""
    found = Diagnosis(snapshot.exists.copy(), np.zeros(snapshot.size, bool))
    for plugin in filters:
        before = snapshot.candidates = found.feasible
        verdict = plugin.filter(pod, snapshot)
        snapshot.candidates = None
        if verdict is None:
            continue
        found.feasible = before & verdict.fits
        if verdict.hopeless is not None:
            found.hopeless |= verdict.hopeless & before & ~verdict.fits
        for reason, refused in verdict.reasons.items():
            if number := int(np.count_nonzero(refused & before)):
                found.reasons[reason] = found.reasons.get(reason, 0) + number
                found.helped_by |= plugin.helped_by
        if verdict.error:
            found.error = f'running "{plugin.name}" filter plugin: {verdict.error}'
        if verdict.whole or verdict.error:
            found.whole = verdict.whole
            found.helped_by |= plugin.helped_by
            found.feasible, found.hopeless = np.zeros(snapshot.size, bool), snapshot.exists.copy()
        if not found.feasible.any():
            break
    return found


def best_row(pod: PodInfo, snapshot: Snapshot, profile: Profile, feasible: Mask, chance: Random) -> int:
    """The feasible row with the highest weighted score."""
    total = np.zeros(snapshot.size, np.float64)
    for plugin, weight in profile.scores:
        if (scores := plugin.score(pod, snapshot, feasible)) is not None:
            total += np.trunc(scores) * weight
    best = np.flatnonzero(feasible & (total >= total[feasible].max()))
    return int(best[chance.randrange(len(best))])
