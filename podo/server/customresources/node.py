"""Types of custom resources for field ownership, from their schemas."""

from typing import Any

from podo.server.patch.typed.schema import ATOMIC, BOOLEAN, DEDUCED, NUMERIC, STRING, ListNode, MapNode, Node, built_in

from .schema.structural import UNSET, Structural

_SCALARS = {"string": STRING, "integer": NUMERIC, "number": NUMERIC, "boolean": BOOLEAN}
_TEXT = Node(STRING)


def root_node(structural: Structural) -> Node:
    """The type of whole objects."""
    if not structural.properties and structural.preserve:
        return Node(map=MapNode(_metadata(), element=DEDUCED))
    return _object(structural, structural.preserve, embedded=True)


def _metadata() -> dict[str, Node]:
    return {"apiVersion": _TEXT, "kind": _TEXT, "metadata": built_in("meta.v1.ObjectMeta")}


def node_of(structural: Structural, preserve: bool = False) -> Node:
    """The type of a part; `preserve`: unknown fields are kept here and below."""
    preserve = preserve or structural.preserve
    if structural.int_or_string:
        return DEDUCED
    if structural.type in _SCALARS:
        return Node(_SCALARS[structural.type])
    if structural.type == "array":
        return _list(structural, preserve)
    if structural.type == "object" or structural.properties:
        return _object(structural, preserve, embedded=structural.embedded)
    return DEDUCED


def _object(structural: Structural, preserve: bool, *, embedded: bool) -> Node:
    def fields() -> dict[str, Node]:
        found = {name: node_of(child, preserve) for name, child in structural.properties.items()}
        return found | _metadata() if embedded else found

    element: Node | None = None
    if structural.additional is not None:
        element = node_of(structural.additional, preserve)
    elif structural.source.get("additionalProperties") is not False and (
        preserve or structural.has_additional or not (structural.properties or embedded)
    ):
        element = DEDUCED
    return Node(map=MapNode(fields, element=element, atomic=structural.map_type == "atomic"))


def _list(structural: Structural, preserve: bool) -> Node:
    items = structural.items
    element = node_of(items, preserve) if items is not None else ATOMIC
    keys = structural.map_keys if structural.list_type == "map" else ()
    defaults: dict[str, Any] = {}
    for key in keys:
        child = items.properties.get(key) if items is not None else None
        if child is not None and child.default is not UNSET:
            defaults[key] = child.default
    atomic = structural.list_type not in ("set", "map")
    return Node(list=ListNode(element, atomic=atomic, keys=keys, defaults=defaults))
