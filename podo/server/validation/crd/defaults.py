"""Defaults in schemas must fit them, and must not hold what would be pruned."""

from typing import Any

from podo.api.field_errors import invalid
from podo.server.validation.crd.structural import EMBEDDED, UNKNOWN
from podo.server.validation.fields import Errors, Object
from podo.server.validation.json_schema import schema_errors

TYPE_META = frozenset({"apiVersion", "kind", "metadata"})


def defaults(errs: Errors, schema: Object, path: str) -> None:
    """What is wrong with the defaults in a structural schema."""
    default = schema.get("default")
    if default is not None:
        where = f"{path}.default"
        if _has_unknown(default, schema, embedded=bool(schema.get(EMBEDDED))):
            errs.append(invalid(where, default, "must not have unknown fields"))
        errs += schema_errors(schema, default, where)
    if isinstance(schema.get("items"), dict):
        defaults(errs, schema["items"], f"{path}.items")
    for name, child in schema.get("properties", {}).items():
        defaults(errs, child, f"{path}.properties[{name}]")


def _has_unknown(value: Any, schema: Object, *, embedded: bool = False) -> bool:
    if isinstance(value, list):
        items = schema.get("items")
        return isinstance(items, dict) and any(
            _has_unknown(v, items, embedded=bool(items.get(EMBEDDED))) for v in value
        )
    if not isinstance(value, dict):
        return False
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
    for key, item in value.items():
        child = properties.get(key, extra if isinstance(extra, dict) else None)
        if isinstance(child, dict):
            if _has_unknown(item, child, embedded=bool(child.get(EMBEDDED))):
                return True
        elif not extra and not schema.get(UNKNOWN) and not (embedded and key in TYPE_META):
            return True
    return False
