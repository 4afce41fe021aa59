"""The schemas of built-in kinds, from the field tables, as the types of expressions are made of."""

from functools import lru_cache
from typing import Any

from podo.api import schema
from podo.api.schema import Field

DEEPEST = 14
"""Levels of a type that contains itself; below, nothing is said."""
SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "quantity": {"type": "string"},
    "int32": {"type": "integer"},
    "int64": {"type": "integer"},
    "double": {"type": "number"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "intorstring": {"x-kubernetes-int-or-string": True},
    "rawextension": {"type": "object"},
    "fieldsv1": {"type": "object"},
}


@lru_cache(maxsize=32)
def schema_of(group: str, version: str, kind: str) -> dict[str, Any] | None:
    """The schema of a built-in kind; None when there is none."""
    try:
        found = schema.type_for(group, version, kind)
    except KeyError:
        return None
    properties = _struct(found.name, 0)
    return properties | {
        "properties": {"apiVersion": SCALARS["string"], "kind": SCALARS["string"]} | properties["properties"]
    }


def _struct(name: str, depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        return {"type": "object"}
    fields = schema.type_of(name).fields
    required = [field for field, of in fields.items() if of.required]
    properties = {field: _field(of, depth) for field, of in fields.items()}
    return {"type": "object", "properties": properties, "required": required}


def _field(field: Field, depth: int) -> dict[str, Any]:
    if field.type in SCALARS:
        one = SCALARS[field.type]
    elif field.type in schema.FREE_FORM:
        one = {}
    else:
        one = _struct(field.type, depth + 1)
    if field.shape == "list":
        return {"type": "array", "items": one}
    if field.shape == "map":
        return {"type": "object", "additionalProperties": one}
    if field.shape:
        return {"type": "object", "additionalProperties": {"type": "array", "items": one}}
    return one
