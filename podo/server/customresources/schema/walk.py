"""All schemas of a definition, however deep."""

from collections.abc import Iterator, Mapping
from typing import Any

from .structural import Schema


def all_schemas(obj: dict[str, Any]) -> Iterator[Schema]:
    """Every schema of every version, the outer ones first."""
    for version in obj["spec"].get("versions") or ():
        root = (version.get("schema") or {}).get("openAPIV3Schema")
        if root is not None:
            yield from nested(root)


def nested(schema: Schema) -> Iterator[Schema]:
    """A schema and all within it."""
    yield schema
    items = schema.get("items")
    for one in items if isinstance(items, list) else [items]:
        if isinstance(one, Mapping):
            yield from nested(one)
    for name in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(name) or ():
            yield from nested(one)
    for name in ("not", "additionalProperties", "additionalItems"):
        if isinstance(one := schema.get(name), Mapping):
            yield from nested(one)
    for name in ("properties", "patternProperties", "definitions"):
        for one in (schema.get(name) or {}).values():
            yield from nested(one)
    for one in (schema.get("dependencies") or {}).values():
        if isinstance(one, Mapping):
            yield from nested(one)
