"""The CEL type of each node of a schema, with what bounds the size of its values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import types
from .property_names import RESERVED, escaped
from .types import Type

MAX_REQUEST = 3 * 1024 * 1024
"""Bytes of the largest request."""
KEYS = "@keys"
TEXT, META = {"type": "string"}, ("name", "generateName")
TYPE_META = {
    "kind": TEXT,
    "apiVersion": TEXT,
    "metadata": {"type": "object", "properties": dict.fromkeys(META, TEXT)},
}
FORMATS: Mapping[str, tuple[Type, int, int]] = {
    "duration": (types.DURATION, 3, 32),
    "date": (types.TIMESTAMP, 12, 12),
    "date-time": (types.TIMESTAMP, 21, 32),
}
"""Of a format of strings: the type, and the fewest and the most characters."""


@dataclass
class Declared:
    """A node: `most` elements or characters, at `least` so many bytes of JSON; what is below it, by names in CEL."""

    type: Type
    least: int
    most: int = 0
    fields: dict[str, "Declared"] = field(default_factory=dict)
    element: "Declared | None" = None
    is_map: bool = False


Schema = Mapping[str, Any]
EMBEDDED, EITHER = "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"


class Declarations:
    """The types of one schema; `structs` is what expressions may look up."""

    def __init__(self) -> None:
        self.structs: dict[str, Mapping[str, Type]] = {}

    def declare(self, schema: Schema, name: str, *, root: bool) -> Declared | None:
        """The type of a schema (a `root` also has kind, apiVersion, metadata); None when the schema gives it none."""
        if schema.get(EITHER):
            most = schema.get("maxLength")
            return Declared(types.DYN, 1, MAX_REQUEST - 2 if most is None else max(most, 0) * 4)
        if root:
            schema = with_type_meta(schema)
        kind = schema.get("type") or ""
        if kind == "array":
            return self._list(schema, name)
        if kind == "object":
            values = schema.get("additionalProperties")
            return self._map(schema, values, name) if isinstance(values, Mapping) else self._struct(schema, name)
        if kind == "string":
            return _string(schema)
        plain = {"boolean": (types.BOOL, 4), "number": (types.DOUBLE, 1), "integer": (types.INT, 1)}.get(kind)
        return None if plain is None else Declared(*plain)

    def _below(self, schema: Schema, name: str) -> Declared | None:
        return self.declare(schema, name, root=bool(schema.get(EMBEDDED)))

    def _list(self, schema: Schema, name: str) -> Declared | None:
        items = schema.get("items")
        element = self._below(items, f"{name}.@idx") if isinstance(items, Mapping) else None
        if element is None:
            return None
        most = schema.get("maxItems")
        most = (MAX_REQUEST - 2) // (element.least + 1) if most is None else max(most, 0)
        return Declared(types.list_of(element.type), 2, most, element=element)

    def _map(self, schema: Schema, values: Schema, name: str) -> Declared | None:
        value = self._below(values, f"{name}.@elem")
        if value is None:
            return None
        most = schema.get("maxProperties")
        most = (MAX_REQUEST - 2) // (value.least + 6) if most is None else max(most, 0)
        return Declared(types.map_of(types.STRING, value.type), 2, most, element=value, is_map=True)

    def _struct(self, schema: Schema, name: str) -> Declared:
        required = frozenset(schema.get("required") or ())
        found: dict[str, Declared] = {}
        least = 2
        for property, child in (schema.get("properties") or {}).items():
            declared = self._below(child, f"{name}.{property}")
            if declared is None:
                continue
            known_as = escaped(property)
            if known_as is not None:
                found[known_as] = declared
                if property in RESERVED:
                    found[property] = declared
            if property in required and child.get("default") is None:
                least += len(property) + declared.least + 4
        self.structs[name] = {known_as: declared.type for known_as, declared in found.items()}
        return Declared(types.struct(name), least, fields=found)


def with_type_meta(schema: Schema) -> Schema:
    """The schema with what each object has, whatever it says itself."""
    properties = schema.get("properties") or {}
    metadata = properties.get("metadata") or {}
    texts = [properties.get("kind"), properties.get("apiVersion")]
    texts += [(metadata.get("properties") or {}).get(name) for name in META]
    if metadata.get("type") == "object" and all(text and text.get("type") == "string" for text in texts):
        return schema
    return {**schema, "properties": {**properties, **TYPE_META}}


def _string(source: Mapping[str, Any]) -> Declared:
    found = FORMATS.get(source.get("format") or "")
    if found is not None:
        return Declared(*found)
    most = source.get("maxLength")
    if source.get("format") == "byte":
        return Declared(types.BYTES, 2, MAX_REQUEST - 2 if most is None else max(most, 0))
    if most is not None:
        return Declared(types.STRING, 2, max(most, 0) * 4)
    choices = source.get("enum") or ()
    if choices:
        return Declared(types.STRING, 2, max((len(one.encode()) for one in choices if isinstance(one, str)), default=0))
    return Declared(types.STRING, 2, MAX_REQUEST - 2)


def size_of(root: Declared, path: tuple[str, ...]) -> int | None:
    """The most elements at a path, whose first part is the variable; None where nothing bounds them."""
    node = root
    for position, part in enumerate(path[1:], 1):
        if part == KEYS:
            return 0 if node.is_map and position == len(path) - 1 else None
        below = node.element if part in ("@items", "@values") else node.fields.get(part)
        if below is None:
            return None
        node = below
    return node.most
