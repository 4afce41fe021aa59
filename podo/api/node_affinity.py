"""Whether a Pod may be on a Node, by its selector and its required node affinity. Pure."""

from podo.api.selectors import OPERATORS, Requirement
from podo.api.types.core_v1 import Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec


def allows(spec: PodSpec, node: Node) -> bool:
    """Whether the Node is one of those that the Pod may be on. Any term will do; an empty one matches nothing."""
    if not spec.node_selector.items() <= node.metadata.labels.items():
        return False
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    return required is None or any(_matches(term, node) for term in required.node_selector_terms)


def _matches(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name}
    by_label = all(_holds(r, node.metadata.labels) for r in term.match_expressions)
    return by_label and all(_holds(r, fields) for r in term.match_fields)


def _holds(requirement: NodeSelectorRequirement, values: dict[str, str]) -> bool:
    operator = OPERATORS.get(requirement.operator)
    return operator is not None and Requirement(requirement.key, operator, requirement.values).matches(values)
