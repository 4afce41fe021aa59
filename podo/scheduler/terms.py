"""Which Pods a rule means: affinity terms and spread constraints as values that can be compared and kept. Pure.

matchLabelKeys and mismatchLabelKeys need nothing here: the API server merges them into the selector (KEP-3633).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from podo.api import selectors
from podo.api.selectors import EVERYTHING, NOTHING, LabelSelector, Nothing
from podo.api.types.core_v1 import Pod, PodAffinityTerm

NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True)
class PodMatch:
    """Pods by their namespace, which is listed or selected by its labels, and by their labels."""

    namespaces: frozenset[str]
    namespace_selector: LabelSelector | Nothing
    selector: LabelSelector | Nothing

    @property
    def by_namespace_labels(self) -> bool:
        """Whether the labels of namespaces matter to it."""
        return isinstance(self.namespace_selector, LabelSelector) and self.namespace_selector != EVERYTHING

    def matches(self, namespace: str, labels: Mapping[str, str], of_namespace: Mapping[str, str]) -> bool:
        """Whether it means a Pod with these labels, in a namespace with those."""
        if namespace not in self.namespaces and not self.namespace_selector.matches(of_namespace):
            return False
        return self.selector.matches(labels)


@dataclass(frozen=True)
class Selection:
    """The Pods that all of `matches` mean; those that are being deleted only if `terminating`."""

    matches: tuple[PodMatch, ...]
    terminating: bool = True


@dataclass(frozen=True)
class Term:
    """A rule about being in the same domain of a topology as the Pods of a match; `weight` 0 is a requirement.

    The weight of a preference against them is negative.
    """

    match: PodMatch
    topology_key: str
    weight: int = 0


def term_of(term: PodAffinityTerm, pod: Pod, weight: int = 0) -> Term:
    """An affinity term of `pod`: without namespaces and namespace selector it means the Pod's own namespace."""
    namespaces = frozenset(term.namespaces)
    if not namespaces and term.namespace_selector is None:
        namespaces = frozenset((pod.metadata.namespace,))
    chosen = NOTHING if term.namespace_selector is None else selectors.from_object(term.namespace_selector)
    return Term(PodMatch(namespaces, chosen, selectors.from_object(term.label_selector)), term.topology_key, weight)


@dataclass(frozen=True)
class PodTerms:
    """All inter-Pod terms of a Pod: required ones toward and away from others, and preferences by weight."""

    near: tuple[Term, ...] = ()
    apart: tuple[Term, ...] = ()
    preferred: tuple[Term, ...] = ()


NO_TERMS = PodTerms()


def terms_of(pod: Pod) -> PodTerms:
    """The inter-Pod affinity and anti-affinity of a Pod."""
    affinity = pod.spec.affinity
    if affinity is None or (affinity.pod_affinity is None and affinity.pod_anti_affinity is None):
        return NO_TERMS
    near: tuple[Term, ...] = ()
    apart: tuple[Term, ...] = ()
    preferred: list[Term] = []
    for rules, sign in ((affinity.pod_affinity, 1), (affinity.pod_anti_affinity, -1)):
        if rules is None:
            continue
        required = tuple(term_of(t, pod) for t in rules.required_during_scheduling_ignored_during_execution)
        near, apart = (required, apart) if sign > 0 else (near, required)
        preferred.extend(
            term_of(weighted.pod_affinity_term, pod, sign * weighted.weight)
            for weighted in rules.preferred_during_scheduling_ignored_during_execution
            if weighted.pod_affinity_term is not None and weighted.weight
        )
    return PodTerms(near, apart, tuple(preferred))
