"""DefaultIngressClass: an Ingress that names no class gets the default one."""

from podo.api.types.networking_v1 import IngressClass
from podo.server.admission.base import Mutating, created
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes

OLD_CLASS, DEFAULT = "kubernetes.io/ingress.class", "ingressclass.kubernetes.io/is-default-class"


class DefaultIngressClass(Mutating):
    """Of several default classes the newest counts, then the first by name."""

    resources = frozenset({("networking.k8s.io", "ingresses")})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        ingress = created(attributes)
        if ingress is None or ingress["spec"].get("ingressClassName") is not None:
            return
        if OLD_CLASS in (ingress["metadata"].get("annotations") or {}):
            return
        classes = await self._lookup.all(IngressClass)
        found = [entry.metadata for entry in classes if entry.metadata.annotations.get(DEFAULT) == "true"]
        if found:
            newest = max(metadata.creation_timestamp for metadata in found)
            ingress["spec"]["ingressClassName"] = min(m.name for m in found if m.creation_timestamp == newest)
