"""New Pods ask for what a VerticalPodAutoscaler recommends; only where podo acts on those (`podo up` was told so)."""

import msgspec

from podo.api import scheme
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.types.apps_v1 import ReplicaSet
from podo.api.types.core_v1 import ResourceRequirements
from podo.api.vertical import (
    DEFINITION,
    GROUP,
    OFF,
    OURS,
    PLURAL,
    VERSION,
    VerticalPodAutoscaler,
    amended,
    policy_for,
    recommended_for,
)
from podo.server.admission.base import PODS, Mutating, created
from podo.server.admission.lookup import CachedLookup
from podo.server.admission_point import Attributes
from podo.server.registry.catalog import Catalog
from podo.server.strategy import Object
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.selection import Selection

UPDATES, OBSERVED = "vpaUpdates", "vpaObservedContainers"
Owner = tuple[str, str]
"""Kind and name."""


class VerticalAutoscaling(Mutating):
    """Costs a look into the catalog where the API is not served."""

    resources = frozenset({PODS})

    def __init__(self, lookup: CachedLookup, cache: WatchCache, catalog: Catalog) -> None:
        self._lookup, self._cache, self._catalog = lookup, cache, catalog

    async def mutate(self, attributes: Attributes) -> None:
        served, pod = self._catalog.by_path(GROUP, VERSION, PLURAL), created(attributes)
        if served is None or pod is None:
            return
        definition = await self._lookup.find(CustomResourceDefinition, DEFINITION)
        if definition is None or OURS not in definition.metadata.annotations:
            return
        owners = await self._owners(pod, attributes.namespace)
        for entry in self._cache.resource(served.stored.prefix).select(Selection(attributes.namespace)):
            autoscaler = scheme.decode(VerticalPodAutoscaler, b"{" + entry.tail)
            target = autoscaler.spec.target_ref
            if target is None or (target.kind, target.name) not in owners:
                continue
            if autoscaler.spec.update_policy.update_mode != OFF:
                amend(pod, autoscaler)
                return

    async def _owners(self, pod: Object, namespace: str) -> set[Owner]:
        """What controls the Pod, and what controls that."""
        found = {(r["kind"], r["name"]) for r in pod["metadata"].get("ownerReferences") or () if r.get("controller")}
        for kind, name in list(found):
            between = await self._lookup.find(ReplicaSet, name, namespace) if kind == "ReplicaSet" else None
            references = between.metadata.owner_references if between is not None else ()
            found |= {(r.kind, r.name) for r in references if r.controller}
        return found


def amend(pod: Object, autoscaler: VerticalPodAutoscaler) -> None:
    """Have the Pod ask for what is recommended; annotations say what was changed."""
    told = []
    for number, container in enumerate(pod["spec"].get("containers") or ()):
        found = recommended_for(autoscaler, container["name"])
        if found is None or not found.target:
            continue
        before = msgspec.convert(container.get("resources") or {}, ResourceRequirements)
        new = amended(before, found.target, policy_for(autoscaler, container["name"]))
        if not new.changed:
            continue
        container["resources"] = {
            **(container.get("resources") or {}),
            "requests": new.requests,
            **({"limits": new.limits} if new.limits else {}),
        }
        told.append(f"container {number}: {', '.join(new.changed)}")
    annotations = pod["metadata"].setdefault("annotations", {})
    annotations[OBSERVED] = ", ".join(c["name"] for c in pod["spec"].get("containers") or ())
    if told:
        annotations[UPDATES] = f"Pod resources updated by {autoscaler.metadata.name}: {'; '.join(told)}"
