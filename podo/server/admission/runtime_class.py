"""RuntimeClass: its overhead and scheduling rules come into the Pods that name it."""

from typing import Any

import msgspec

from podo.api import quantity
from podo.api.types.node_v1 import RuntimeClass as Class
from podo.server.admission.base import PODS, created, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes
from podo.server.strategy import Object

DIFFERS = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
UNASKED = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


class RuntimeClasses:
    """For new Pods."""

    resources = frozenset({PODS})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        """Raises Forbidden for a class that is not there, or what the Pod says against it."""
        pod = created(attributes)
        found = await self._class(attributes, pod)
        if pod is None or found is None:
            return
        spec = pod["spec"]
        if found.overhead is not None:
            overhead = dict(found.overhead.pod_fixed)
            if spec.get("overhead") and not _equal(spec["overhead"], overhead):
                refuse(attributes, DIFFERS)
            spec["overhead"] = overhead
        if found.scheduling is not None:
            _schedule(attributes, spec, found)

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden for an overhead that is not the class's."""
        pod = created(attributes)
        if pod is None:
            return
        found, given = await self._class(attributes, pod), pod["spec"].get("overhead")
        if found is not None and found.overhead is not None:
            if not _equal(given or {}, found.overhead.pod_fixed):
                refuse(attributes, DIFFERS)
        elif given is not None:
            refuse(attributes, UNASKED)

    async def _class(self, attributes: Attributes, pod: Object | None) -> Class | None:
        name = pod["spec"].get("runtimeClassName") if pod is not None else None
        if name is None:
            return None
        found = await self._lookup.find(Class, name)
        if found is None:
            refuse(attributes, f'pod rejected: RuntimeClass "{name}" not found')
        return found


def _equal(one: Any, other: Any) -> bool:
    """Whether two sets of quantities are the same amounts."""
    return one.keys() == other.keys() and all(quantity.parse(one[k]) == quantity.parse(other[k]) for k in one)


def _schedule(attributes: Attributes, spec: Object, found: Class) -> None:
    assert found.scheduling is not None
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in found.scheduling.node_selector.items():
        if selector.get(key, value) != value:
            theirs, ours = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}", f"pod.spec.nodeSelector[{key}]"
            refuse(attributes, f"conflict: {theirs}; {ours} = {selector[key]}")
        selector[key] = value
    if selector:
        spec["nodeSelector"] = selector
    added = [msgspec.to_builtins(toleration) for toleration in found.scheduling.tolerations]
    if merged := merge_tolerations([*(spec.get("tolerations") or []), *added]):
        spec["tolerations"] = merged


def merge_tolerations(tolerations: list[Object]) -> list[Object]:
    """Without those that another one covers; of equal ones the first stays."""
    merged: list[Object] = []
    for at, one in enumerate(tolerations):
        if any(covers(other, one) for other in merged):
            continue
        if any(other != one and covers(other, one) for other in tolerations[at + 1 :]):
            continue
        merged.append(one)
    return merged


def covers(wide: Object, narrow: Object) -> bool:
    """Whether `wide` tolerates all that `narrow` does."""
    if wide == narrow:
        return True
    operator, key = wide.get("operator") or "Equal", wide.get("key", "")
    if narrow.get("key", "") != key and (key or operator != "Exists"):
        return False
    effect = wide.get("effect", "")
    if narrow.get("effect", "") != effect and effect:
        return False
    limit = wide.get("tolerationSeconds")
    if effect == "NoExecute" and limit is not None:
        seconds = narrow.get("tolerationSeconds")
        if seconds is None or seconds > limit:
            return False
    if operator == "Exists":
        return True
    return (
        operator == "Equal" and narrow.get("operator") == "Equal" and narrow.get("value", "") == wide.get("value", "")
    )
