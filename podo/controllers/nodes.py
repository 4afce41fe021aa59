"""What controllers ask of a Node: conditions and taints. Pure."""

from podo.api.taints import NO_EXECUTE
from podo.api.types.core_v1 import Node, NodeCondition, Taint

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
