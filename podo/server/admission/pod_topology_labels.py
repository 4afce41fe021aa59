"""PodTopologyLabels: a Pod bears the zone and the region of the node that it is bound to (KEP-4742)."""

from podo.api.types.core_v1 import Node
from podo.server.admission.base import PODS, Mutating
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Mutating):
    """For Bindings, which hand their labels on to the Pod, and Pods that are made on a node."""

    resources = frozenset({PODS})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        obj = attributes.obj
        if obj is None or attributes.operation is not Operation.CREATE:
            return
        if attributes.subresource == "binding":
            target = obj.get("target") or {}
            name = target.get("name", "") if target.get("kind") in (None, "", "Node") else ""
        else:
            name = "" if attributes.subresource else obj["spec"].get("nodeName", "")
        node = await self._lookup.find(Node, name) if name else None
        found = {key: node.metadata.labels[key] for key in LABELS if key in node.metadata.labels} if node else {}
        if found:
            metadata = obj.setdefault("metadata", {})
            metadata["labels"] = (metadata.get("labels") or {}) | found
