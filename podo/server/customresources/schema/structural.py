"""The structural part of a schema: which fields there are, and what Kubernetes' extensions say of them."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
META_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
UNSET: Any = object()


class Structural:
    """One node. `source` is the schema that it was read from; children are read when first asked for.

    `additional` is the schema of members without a name of their own; `has_additional` tells "any" from "none".
    """

    __slots__ = (
        "_items",
        "_properties",
        "additional",
        "default",
        "embedded",
        "has_additional",
        "int_or_string",
        "list_type",
        "map_keys",
        "map_type",
        "nullable",
        "preserve",
        "rules",
        "source",
        "type",
    )

    def __init__(self, source: Schema) -> None:
        self.source = source
        self.type: str = source.get("type") or ""
        self.nullable = bool(source.get("nullable"))
        default = source.get("default")
        self.default: Any = UNSET if default is None else default
        self.int_or_string = bool(source.get("x-kubernetes-int-or-string"))
        self.preserve = bool(source.get("x-kubernetes-preserve-unknown-fields"))
        self.embedded = bool(source.get("x-kubernetes-embedded-resource"))
        self.list_type: str | None = source.get("x-kubernetes-list-type")
        self.map_keys: tuple[str, ...] = tuple(source.get("x-kubernetes-list-map-keys") or ())
        self.map_type: str | None = source.get("x-kubernetes-map-type")
        self.rules: tuple[Schema, ...] = tuple(source.get("x-kubernetes-validations") or ())
        additional = source.get("additionalProperties")
        self.has_additional = additional is not None
        self.additional = Structural(additional) if isinstance(additional, Mapping) else None
        self._properties: dict[str, Structural] | None = None
        self._items: Structural | None = UNSET

    @property
    def properties(self) -> "dict[str, Structural]":
        """The named fields."""
        if self._properties is None:
            fields = self.source.get("properties") or {}
            self._properties = {name: Structural(schema) for name, schema in fields.items()}
        return self._properties

    @property
    def items(self) -> "Structural | None":
        """Of a list: what its elements are."""
        if self._items is UNSET:
            source = self.source.get("items")
            self._items = Structural(source) if isinstance(source, Mapping) else None
        return self._items

    def member(self, name: str) -> "Structural | None":
        """The schema of a member, None if nothing is said about it."""
        return self.properties.get(name) or self.additional


NOTHING = Structural({})
"""No schema at all."""


def has_anywhere(node: Structural, *, default: bool = False, rules: bool = False) -> bool:
    """Whether some node has a default, or validation rules."""
    if (default and node.default is not UNSET) or (rules and node.rules):
        return True
    below = [*node.properties.values(), node.items, node.additional]
    if rules:
        below += [Structural(part) for part in node.source.get("allOf") or ()]
    return any(has_anywhere(child, default=default, rules=rules) for child in below if child is not None)
