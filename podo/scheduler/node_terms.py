"""Node selectors of Pods as columns: which rows match `nodeSelector` and node affinity terms."""

from collections.abc import Callable

import numpy as np

from podo.api.types.core_v1 import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from podo.scheduler.snapshot import Mask, Snapshot


def matches_labels(labels: dict[str, str], snapshot: Snapshot) -> Mask:
    """The rows that have all of the labels."""
    found = np.ones(snapshot.size, bool)
    for key, value in labels.items():
        found &= snapshot.label(key) == snapshot.label_values(key).get(value, -1)
    return found


def matches_selector(selector: NodeSelector, snapshot: Snapshot) -> Mask:
    """The rows that match any term."""
    found = np.zeros(snapshot.size, bool)
    for term in selector.node_selector_terms:
        found |= matches_term(term, snapshot)
    return found


def matches_term(term: NodeSelectorTerm, snapshot: Snapshot) -> Mask:
    """The rows that match all of a term's requirements; an empty term matches none."""
    if not term.match_expressions and not term.match_fields:
        return np.zeros(snapshot.size, bool)
    found = np.ones(snapshot.size, bool)
    for expression in term.match_expressions:
        found &= _matches(expression, snapshot)
    for field in term.match_fields:  # metadata.name is the only field that there is
        named = np.zeros(snapshot.size, bool)
        named[[r.row for r in map(snapshot.row_of, field.values) if r is not None]] = True
        found &= named if field.operator == "In" else ~named
    return found


def _matches(expression: NodeSelectorRequirement, snapshot: Snapshot) -> Mask:
    codes, values = snapshot.label(expression.key), snapshot.label_values(expression.key)
    if expression.operator in ("Exists", "DoesNotExist"):
        present: Mask = codes != 0
        return present if expression.operator == "Exists" else ~present
    if expression.operator in ("In", "NotIn"):
        among = np.isin(codes, [values[v] for v in expression.values if v in values])
        return among if expression.operator == "In" else ~among
    return np.isin(codes, [code for value, code in values.items() if _compare(expression)(value)])


def _compare(expression: NodeSelectorRequirement) -> Callable[[str], bool]:
    def holds(value: str) -> bool:
        try:
            have, limit = int(value), int(expression.values[0])
        except (ValueError, IndexError):
            return False
        return have > limit if expression.operator == "Gt" else have < limit

    return holds
