"""Required affinity and anti-affinity between Pods; the latter holds for the Pods that are there already as well."""

import numpy as np

from podo.scheduler.plugin import NODE, POD_GONE, POD_PLACED, Verdict
from podo.scheduler.pod_index import APART, by_domain, kinds
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot
from podo.scheduler.terms import Selection, Term

NO_AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
OTHERS_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules"


class InterPodAffinity:
    name = "InterPodAffinity"
    helped_by = frozenset((NODE, POD_GONE, POD_PLACED))

    def filter(self, pod: PodInfo, snapshot: Snapshot) -> Verdict | None:
        terms = pod.terms
        theirs = list(kinds(snapshot.index.terms_about(pod), APART))
        if not (terms.near or terms.apart or theirs):
            return None
        near = _near(pod, terms.near, snapshot)
        apart, others = np.zeros(snapshot.size, bool), np.zeros(snapshot.size, bool)
        for term in terms.apart:
            column = snapshot.index.selected(Selection((term.match,))).values
            apart |= by_domain(snapshot.label(term.topology_key), column) > 0
        for borne in theirs:
            others |= by_domain(snapshot.label(borne.term.topology_key), borne.column.values) > 0
        reasons = {NO_AFFINITY: ~near, ANTI_AFFINITY: near & apart, OTHERS_ANTI_AFFINITY: near & ~apart & others}
        return Verdict(near & ~apart & ~others, reasons, hopeless=~near)


def _near(pod: PodInfo, terms: tuple[Term, ...], snapshot: Snapshot) -> Mask:
    """The rows where each term's domain has a Pod that all terms mean.

    Where there is no such Pod in any, the first Pod of a group that wants to be together may go to any domain.
    """
    found = np.ones(snapshot.size, bool)
    if not terms:
        return found
    matches = tuple(t.match for t in terms)
    column = snapshot.index.selected(Selection(matches)).values
    anywhere = False
    for term in terms:
        domains = snapshot.label(term.topology_key)
        anywhere |= bool(column[(domains != 0) & snapshot.exists].any())
        found &= by_domain(domains, column) > 0
    if not anywhere and snapshot.index.means(matches, pod):
        found[:] = True
        for term in terms:
            found &= snapshot.label(term.topology_key) != 0
    return found
