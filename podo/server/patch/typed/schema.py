"""What ownership needs to know of types: which lists and maps are atomic, what identifies the elements of the others.

The one for built-in kinds is read from the field tables (`built_in`); custom resources build theirs from an OpenAPI
schema with the same three classes. A tree is immutable once built, apart from members that are made when asked for.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from podo.api import schema as tables

NUMERIC, STRING, BOOLEAN, UNTYPED = "numeric", "string", "boolean", "untyped"
_SCALARS = {"string": STRING, "bytes": STRING, "bool": BOOLEAN}
_SCALARS |= dict.fromkeys(("int32", "int64", "double"), NUMERIC)
_SCALARS |= dict.fromkeys(("time", "microtime", "quantity", "intorstring"), UNTYPED)


class Node:
    """What may stand at a place: any of a scalar, a list and a map. `scalar` is "" or one of the four kinds above."""

    __slots__ = ("list", "map", "scalar")

    def __init__(self, scalar: str = "", list: "ListNode | None" = None, map: "MapNode | None" = None) -> None:
        self.scalar, self.list, self.map = scalar, list, map


class ListNode:
    """A list: atomic, or associative: a map by `keys`, and without keys a set of scalars.

    `defaults` are the values of keys that an element may leave out.
    """

    __slots__ = ("atomic", "defaults", "element", "keys")

    def __init__(
        self, element: Node, *, atomic: bool, keys: tuple[str, ...] = (), defaults: Mapping[str, Any] | None = None
    ) -> None:
        self.element, self.atomic, self.keys = element, atomic, keys
        self.defaults = defaults or {}


class MapNode:
    """An object: named `fields`, and where `element` is not None others as well, all of that type.

    Instead of its fields, a function that makes them may be given: types may contain themselves.
    """

    __slots__ = ("_make", "atomic", "element", "fields")
    fields: Mapping[str, Node]

    def __init__(
        self,
        fields: Mapping[str, Node] | Callable[[], Mapping[str, Node]] | None = None,
        *,
        element: Node | None = None,
        atomic: bool = False,
    ) -> None:
        self.element, self.atomic = element, atomic
        if callable(fields):
            self._make = fields
        else:
            self.fields = fields or {}

    def __getattr__(self, name: str) -> Any:
        if name != "fields":
            raise AttributeError(name)
        self.fields = self._make()
        return self.fields

    def child(self, name: str) -> Node | None:
        """The type of a member, None if none is declared."""
        return self.fields.get(name, self.element)


def _untyped(atomic_maps: bool) -> Node:
    node = Node(UNTYPED)
    node.map = MapNode(element=node, atomic=atomic_maps)
    node.list = ListNode(node, atomic=True)
    return node


ATOMIC = _untyped(True)
"""Any value, owned whole."""

DEDUCED = _untyped(False)
"""Any value: maps piece by piece, lists whole. The type of objects without a schema."""
DEDUCED.list = ListNode(ATOMIC, atomic=True)

_FIELDS_V1 = Node(map=MapNode(element=DEDUCED))
_KEY_DEFAULTS = {
    ("core.v1.ContainerPort", "protocol"): "TCP",
    ("core.v1.ServicePort", "protocol"): "TCP",
    ("core.v1.LocalObjectReference", "name"): "",
}
_GRANULAR = {("core.v1.PersistentVolumeSpec", "claimRef")}  # atomic types that are owned piece by piece here


@cache
def built_in(name: str) -> Node:
    """The node of a type in the field tables: `apps.v1.Deployment`. Raises KeyError."""
    type_schema = tables.type_of(name)
    return Node(map=MapNode(lambda: _fields(type_schema), atomic=type_schema.atomic))


@cache
def _granular(name: str) -> Node:
    type_schema = tables.type_of(name)
    return Node(map=MapNode(lambda: _fields(type_schema)))


def _fields(type_schema: tables.TypeSchema) -> dict[str, Node]:
    return {
        key: _granular(field.type) if (type_schema.name, key) in _GRANULAR else _field(field)
        for key, field in type_schema.fields.items()
    }


def _field(field: tables.Field) -> Node:
    inner = _value(field.type)
    if field.shape == "map of lists":
        return Node(map=MapNode(element=Node(list=ListNode(inner, atomic=True)), atomic=field.atomic))
    if field.shape == "map":
        return Node(map=MapNode(element=inner, atomic=field.atomic))
    if field.shape == "list":
        atomic = field.list_type not in ("set", "map")
        keys = field.keys if field.list_type == "map" else ()
        return Node(list=ListNode(inner, atomic=atomic, keys=keys, defaults=_key_defaults(field.type, keys)))
    return inner


def _value(type_name: str) -> Node:
    if type_name in _SCALARS:
        return Node(_SCALARS[type_name])
    if type_name == "fieldsv1":
        return _FIELDS_V1
    return ATOMIC if type_name in tables.FREE_FORM else built_in(type_name)


def _key_defaults(type_name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """A required key that is left out counts as empty; some optional ones have a default."""
    fields = tables.type_of(type_name).fields if keys else {}
    found: dict[str, Any] = {}
    for key in keys:
        default: str | int | None = _KEY_DEFAULTS.get((type_name, key))
        if default is None and fields[key].required:
            default = "" if fields[key].type == "string" else 0
        if default is not None:
            found[key] = default
    return found
