"""What controllers ask of a Node: conditions and taints. Pure."""

from collections.abc import Iterable, Sequence

from podo.api.types.core_v1 import Node, NodeCondition, Taint, Toleration

NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Whoever knows that nothing runs on a node that is not ready taints it with this (KEP-2268): its Pods are replaced and
removed at once, also those of StatefulSets."""


def condition(node: Node, kind: str) -> NodeCondition | None:
    """The Node's condition of a type."""
    return next((c for c in node.status.conditions if c.type == kind), None)


def is_ready(node: Node) -> bool:
    """Whether its Ready condition is True."""
    ready = condition(node, "Ready")
    return ready is not None and ready.status == "True"


def has_taint(node: Node, key: str) -> bool:
    """Whether it has a taint of this key, whatever its value and effect."""
    return any(t.key == key for t in node.spec.taints)


def no_execute(node: Node | None) -> list[Taint]:
    """The taints that drive Pods away."""
    return [t for t in node.spec.taints if t.effect == NO_EXECUTE] if node else []


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether a Pod with this toleration may stay in spite of the taint."""
    if toleration.effect not in ("", taint.effect) or toleration.key not in ("", taint.key):
        return False
    operator = toleration.operator or "Equal"
    if operator == "Exists":
        return True
    if operator == "Equal":
        return toleration.value == taint.value and toleration.key != ""
    return _compares(toleration, taint)


def _compares(toleration: Toleration, taint: Taint) -> bool:
    """Gt and Lt: whole numbers (KEP-5471)."""
    try:
        limit, value = int(toleration.value), int(taint.value)
    except ValueError:
        return False
    return value > limit if toleration.operator == "Gt" else value < limit


def matching(tolerations: Iterable[Toleration], taints: Sequence[Taint]) -> list[Toleration] | None:
    """For each taint the first toleration of it; None if one is not tolerated."""
    tolerations, found = list(tolerations), []
    for taint in taints:
        toleration = next((t for t in tolerations if tolerates(t, taint)), None)
        if toleration is None:
            return None
        found.append(toleration)
    return found
