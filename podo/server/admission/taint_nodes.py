"""TaintNodesByCondition: a new Node is not ready until it has said so."""

from podo.server.admission.base import Mutating, created
from podo.server.admission_point import Attributes

NOT_READY, NO_SCHEDULE = "node.kubernetes.io/not-ready", "NoSchedule"


class TaintNodesByCondition(Mutating):
    """Taints new Nodes; the node life cycle controller takes the taint away."""

    resources = frozenset({("", "nodes")})

    async def mutate(self, attributes: Attributes) -> None:
        node = created(attributes)
        if node is None:
            return
        spec = node.setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any((taint.get("key"), taint.get("effect")) == (NOT_READY, NO_SCHEDULE) for taint in taints):
            spec["taints"] = [*taints, {"key": NOT_READY, "effect": NO_SCHEDULE}]
