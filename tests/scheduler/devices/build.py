"""Claims, classes and slices with good defaults, in the API's words."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from podo.api.types.core_v1 import NodeSelector
from podo.api.types.resource_v1 import AllocationResult, DeviceClass, ResourceClaim, ResourceSlice
from podo.scheduler.devices.allocator import Supply, allocate
from podo.scheduler.devices.pools import Place, gather, pool_of
from podo.scheduler.devices.taken import Taken

DRIVER = "gpu.example.com"


def device(name: str, **fields: Any) -> dict[str, Any]:
    """Attributes are given by their Python values, versions as `v:1.2.3`; capacities as quantities."""
    attributes = {key: _attribute(value) for key, value in fields.pop("attributes", {}).items()}
    capacity = {k: v if isinstance(v, dict) else {"value": v} for k, v in fields.pop("capacity", {}).items()}
    return {"name": name, "attributes": attributes, "capacity": capacity} | fields


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.startswith("v:"):
        return {"version": value[2:]}
    return {{bool: "bool", int: "int", str: "string"}[type(value)]: value}


def uses(counter_set: str, **counters: str) -> list[dict[str, Any]]:
    return [{"counterSet": counter_set, "counters": {name: {"value": value} for name, value in counters.items()}}]


def piece(
    name: str, *devices: dict[str, Any], driver: str = DRIVER, pool: str = "", of: int = 1, generation: int = 1, **spec
) -> ResourceSlice:
    """A slice, for the node `a` unless `spec` says otherwise; its pool is named as it unless `pool` is given."""
    places = ("allNodes", "nodeSelector", "perDeviceNodeSelection", "nodeName", "sharedCounters")
    if not any(place in spec for place in places):
        spec["nodeName"] = "a"
    body = {"driver": driver, "devices": list(devices), **spec}
    body["pool"] = {"name": pool or name, "resourceSliceCount": of, "generation": generation}
    return msgspec.convert({"metadata": {"name": name}, "spec": body}, ResourceSlice)


def device_class(name: str = "gpu", *selectors: str, **spec: Any) -> DeviceClass:
    body = {"selectors": [{"cel": {"expression": s}} for s in selectors], **spec}
    return msgspec.convert({"metadata": {"name": name}, "spec": body}, DeviceClass)


def request(name: str = "r", *selectors: str, cls: str = "gpu", **fields: Any) -> dict[str, Any]:
    return {"name": name, "exactly": wish(*selectors, cls=cls, **fields)}


def first_of(name: str, **alternatives: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "firstAvailable": [{"name": sub} | body for sub, body in alternatives.items()]}


def wish(*selectors: str, cls: str = "gpu", **fields: Any) -> dict[str, Any]:
    body = {"selectors": [{"cel": {"expression": s}} for s in selectors], "deviceClassName": cls, **fields}
    if body.get("allocationMode", "ExactCount") == "ExactCount":
        body.setdefault("count", 1)
    return body


def claim(*requests: dict[str, Any], name: str = "c", allocation: AllocationResult | None = None, **devices: Any):
    meta = {"name": name, "namespace": "default", "uid": f"uid of {name}"}
    body = {"metadata": meta, "spec": {"devices": {"requests": list(requests or [request()]), **devices}}}
    made = msgspec.convert(body, ResourceClaim)
    return msgspec.structs.replace(made, status=msgspec.structs.replace(made.status, allocation=allocation))


def supply(
    pieces: Sequence[ResourceSlice], classes: Iterable[DeviceClass] = (), taken: Taken | None = None, **more
) -> Supply:
    known = {c.metadata.name: c for c in (classes or [device_class()])}
    return Supply(
        pools=lambda place: gather(pieces, place, lambda id: [p for p in pieces if pool_of(p) == id]),
        classes=known.get,
        taken=taken or Taken(),
        **more,
    )


def place(name: str = "a", **labels: str) -> Place:
    """A node; selectors are taken for what their first requirement says."""

    def selects(selector: NodeSelector) -> bool:
        (first, *_) = selector.node_selector_terms[0].match_expressions
        return labels.get(first.key) in first.values

    return Place(name, selects)


def zone(value: str) -> dict[str, Any]:
    expression = {"key": "zone", "operator": "In", "values": [value]}
    return {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}


def given(claims, pieces, *, classes=(), taken=None, node: Place | None = None) -> list[list[str]] | None:
    """For each claim, `request=device` in order; None if it cannot be."""
    results = allocations(claims, pieces, classes=classes, taken=taken, node=node)
    return results and [[f"{r.request}={r.device}" for r in result.devices.results] for result in results]


def allocations(claims, pieces, *, classes=(), taken=None, node: Place | None = None) -> list[AllocationResult] | None:
    numbers = iter(range(1000))
    return allocate(claims, node or place(), supply(pieces, classes, taken), lambda: f"share-{next(numbers)}")
