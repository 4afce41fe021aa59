"""How many matching Pods each topology domain has: what spreading looks at."""

from dataclasses import dataclass

import numpy as np

from podo.api import selectors
from podo.api.selectors import NOTHING, LabelSelector, Nothing
from podo.api.types.core_v1 import TopologySpreadConstraint
from podo.api.types.meta_v1 import LabelSelector as LabelSelectorObject
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Numbers, Snapshot
from podo.scheduler.terms import PodMatch, Selection


@dataclass(frozen=True)
class Spread:
    """One constraint against a snapshot. Domains are the codes of the topology label."""

    constraint: TopologySpreadConstraint
    domains: Numbers  # by row; 0: the node is in none
    counts: Numbers  # of matching Pods, by domain code
    eligible: Mask  # the rows whose domains count toward the minimum
    self_match: bool  # whether the Pod itself will count

    def minimum(self) -> int:
        """The smallest count over the eligible domains; 0 if there are fewer of them than minDomains."""
        nodes = np.bincount(self.domains[self.eligible], minlength=len(self.counts))
        nodes[0] = 0
        present = np.flatnonzero(nodes)
        if len(present) < (self.constraint.min_domains or 1):
            return 0
        return int(self.counts[present].min()) if len(present) else 0


def selector_of(pod: PodInfo, constraint: TopologySpreadConstraint) -> LabelSelector | Nothing:
    """The constraint's selector, narrowed by the Pod's own values of matchLabelKeys (KEP-3243)."""
    labels = pod.pod.metadata.labels
    extra = {key: labels[key] for key in constraint.match_label_keys if key in labels}
    if not extra:
        return selectors.from_object(constraint.label_selector)
    base = constraint.label_selector or LabelSelectorObject()
    narrowed = LabelSelectorObject(match_labels=base.match_labels | extra, match_expressions=base.match_expressions)
    return selectors.from_object(narrowed)


def siblings_of(pod: PodInfo, snapshot: Snapshot) -> Numbers:
    """By row, how many Pods of the same controller are there."""
    found = np.zeros(snapshot.size, np.int64)
    for row, number in snapshot.controlled_by(pod.controller).items():
        found[row] = number
    return found


def count(
    pod: PodInfo,
    constraint: TopologySpreadConstraint,
    snapshot: Snapshot,
    eligible: Mask,
    column: Numbers | None = None,
) -> Spread:
    """Count the Pods of the same namespace that the constraint selects, by domain; not those that are going.

    `column` is how many there are by row, where the constraint does not say which are meant; the Pod is one of them.
    """
    selector, meta = selector_of(pod, constraint), pod.pod.metadata
    domains = snapshot.label(constraint.topology_key)
    selects_itself = column is not None or selector.matches(meta.labels)
    if column is None:
        match = PodMatch(frozenset((meta.namespace,)), NOTHING, selector)
        column = snapshot.index.selected(Selection((match,), terminating=False)).values
    length = int(domains.max(initial=0)) + 1
    counts = np.bincount(domains[eligible], weights=column[eligible], minlength=length).astype(np.int64)
    counts[0] = 0
    return Spread(constraint, domains, counts, eligible, selects_itself)
