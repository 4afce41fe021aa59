"""Which Pods of lower priority would have to go for one that fits nowhere. Pure: the snapshot stays as it was."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np

from podo.api import selectors
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import LabelSelector
from podo.api.types.policy_v1 import PodDisruptionBudget
from podo.client.base import key_of
from podo.scheduler.placement import Nomination, Placement, assumed, relevant, unavailable
from podo.scheduler.profile import Profile
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import NodeRow, Snapshot

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
CANDIDATES_SHARE, CANDIDATES_LEAST = 0.1, 100  # so many nodes with victims are compared
REASON = "PreemptionByScheduler"


@dataclass(frozen=True)
class Candidate:
    """A node where the Pod would fit without `victims`, the most important one first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int  # how many victims a disruption budget wants to keep

    @cached_property
    def cost(self) -> tuple[int, int, int, int, str]:
        """The smaller the better: broken budgets, highest priority, sum of priorities, number, running for long."""
        highest = self.victims[0].priority
        oldest = min(started(v.pod) for v in self.victims if v.priority == highest)
        total = sum(v.priority + 2**31 for v in self.victims)
        return self.violations, highest, total, len(self.victims), _descending(oldest)


@dataclass(frozen=True)
class Preemption:
    """The best candidate, or the words for why there is none."""

    candidate: Candidate | None
    why: str = ""
    waits: bool = False  # for Pods that are going already: where the Pod will go stays as it was


def preempt(
    pod: PodInfo,
    placement: Placement,
    snapshot: Snapshot,
    profile: Profile,
    chance: Random,
    *,
    nominations: Sequence[Nomination] = (),
    budgets: Sequence[PodDisruptionBudget] = (),
) -> Preemption:
    """What to do for a Pod that `placement` found no node for."""
    assert placement.diagnosis is not None
    if why := ineligible(pod, placement, snapshot):
        return Preemption(None, why, waits=why == TERMINATING)
    possible = snapshot.exists & ~placement.diagnosis.hopeless
    rows = np.flatnonzero(possible)
    reasons = {NOT_HELPFUL: placement.nodes - len(rows)} if placement.nodes > len(rows) else {}
    if len(rows) and not snapshot.any_below(pod.priority):
        reasons[NO_VICTIMS] = len(rows)
        rows = rows[:0]
    found: list[Candidate] = []
    most = max(CANDIDATES_LEAST, int(len(rows) * CANDIDATES_SHARE))
    with assumed(relevant(pod, nominations), snapshot):
        for row in np.roll(rows, chance.randrange(len(rows)) if len(rows) else 0):
            outcome = victims_on(pod, snapshot.row_at(int(row)), snapshot, profile, budgets)
            if isinstance(outcome, Candidate):
                found.append(outcome)
                if len(found) >= most and not all(c.violations for c in found):
                    break
            else:
                for reason in outcome:
                    reasons[reason] = reasons.get(reason, 0) + 1
    if not found:
        return Preemption(None, unavailable(placement.nodes, reasons))
    return Preemption(min(found, key=lambda c: c.cost))


def ineligible(pod: PodInfo, placement: Placement, snapshot: Snapshot) -> str:
    """Why the Pod may not make others go; "" if it may."""
    if pod.pod.spec.preemption_policy == "Never":
        return NEVER
    item = snapshot.row_of(pod.pod.status.nominated_node_name)
    assert placement.diagnosis is not None
    if item is not None and not placement.diagnosis.hopeless[item.row]:
        below = (p.pod for p in item.pods.values() if p.priority < pod.priority)
        if any(leaving(p) for p in below):
            return TERMINATING
    return ""


def leaving(pod: Pod) -> bool:
    """Whether the Pod is being deleted because it was preempted."""
    if not pod.metadata.deletion_timestamp:
        return False
    return any((c.type, c.status, c.reason) == ("DisruptionTarget", "True", REASON) for c in pod.status.conditions)


def victims_on(
    pod: PodInfo, item: NodeRow, snapshot: Snapshot, profile: Profile, budgets: Sequence[PodDisruptionBudget]
) -> Candidate | list[str]:
    """The fewest and least important Pods that must leave a node; the reasons why even all of them do not help."""
    assert item.node is not None
    name = item.node.metadata.name
    below = sorted((p for p in item.pods.values() if p.priority < pod.priority), key=importance)
    if not below:
        return [NO_VICTIMS]
    with removed(below, name, snapshot):
        if refused := _refusals(pod, item.row, snapshot, profile):
            return refused
        victims, violations = [], 0
        broken = violating(below, budgets)
        for group in (True, False):  # those that budgets protect are spared first
            for info in (p for p in below if (key_of(p.pod) in broken) is group):
                snapshot.set_pod(info, name)
                if _refusals(pod, item.row, snapshot, profile):
                    snapshot.remove_pod(key_of(info.pod))
                    victims.append(info)
                    violations += group
    return Candidate(name, tuple(sorted(victims, key=importance)), violations)


def _refusals(pod: PodInfo, row: int, snapshot: Snapshot, profile: Profile) -> list[str]:
    """The words of the first filter that refuses the row."""
    only = np.zeros(snapshot.size, bool)
    only[row] = True
    for plugin in profile.filters:
        snapshot.candidates = only
        verdict = plugin.filter(pod, snapshot)
        snapshot.candidates = None
        if verdict is not None and (verdict.whole or not verdict.fits[row]):
            return [verdict.whole] if verdict.whole else [r for r, refused in verdict.reasons.items() if refused[row]]
    return []


@contextmanager
def removed(pods: Sequence[PodInfo], node: str, snapshot: Snapshot) -> Iterator[None]:
    """The snapshot without some Pods of a node."""
    for info in pods:
        snapshot.remove_pod(key_of(info.pod))
    try:
        yield
    finally:
        for info in pods:
            snapshot.set_pod(info, node)


def importance(info: PodInfo) -> tuple[int, str]:
    """The most important first: by priority, then those that run for longer."""
    return -info.priority, started(info.pod)


def started(pod: Pod) -> str:
    """When the Pod started; one that has not counts as the youngest."""
    return pod.status.start_time or "9"


def _descending(timestamp: str) -> str:
    return "".join(chr(0x7F - ord(c)) for c in timestamp)


def violating(pods: Sequence[PodInfo], budgets: Sequence[PodDisruptionBudget]) -> set[object]:
    """The keys of those that budgets would want to keep, if all went in this order."""
    left = [b.status.disruptions_allowed or 0 for b in budgets]
    chosen = [selectors.from_object(b.spec.selector) if b.spec.selector != NO_SELECTOR else None for b in budgets]
    found: set[object] = set()
    for info in pods:
        meta = info.pod.metadata
        for number, budget in enumerate(budgets):
            selector = chosen[number]
            if budget.metadata.namespace != meta.namespace or selector is None or not meta.labels:
                continue
            if meta.name in budget.status.disrupted_pods or not selector.matches(meta.labels):
                continue
            left[number] -= 1
            if left[number] < 0:
                found.add(key_of(info.pod))
    return found


NO_SELECTOR = LabelSelector()  # an empty one protects nothing here, as in kube-scheduler
