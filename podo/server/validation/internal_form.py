"""Structures in the form that Kubernetes' validation works on, which messages show: every field, under its Go name.

`internal_types.json` says for each type which fields there are: [name, JSON name of v1, shape, type], where the shape
is "*" (may be null), "[]", "map", "inline" or "".
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from podo.server.validation.fields import Object

Row = tuple[str, str, str, str]
ZERO = {"string": "", "number": 0, "bool": False, "quantity": "0", "time": None}
MOVED = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""What v1 has in the spec of a Pod, and the internal form in its security context."""
META = (
    *("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp"),
    *("deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers"),
    "managedFields",
)
"""The fields of metadata, in the order in which they are shown."""
SELECTOR = ("matchLabels", "matchExpressions", "key", "operator", "values")


@cache
def _types() -> dict[str, list[Row]]:
    raw = (Path(__file__).parent / "internal_types.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, list[Row]])


def internal_form(type_name: str, value: Object) -> Object:
    """A structure of a type that the table has."""
    if type_name == "PodSpec":
        context = {**value.get("securityContext", {}), **{key: value[key] for key in MOVED if key in value}}
        value = {**value, "securityContext": context}
    result: Object = {}
    for name, key, shape, kind in _types()[type_name]:
        if shape == "inline":
            meta = value.get(key) or {}
            result |= {field: _sorted(meta[field]) for field in META if meta.get(field)}
        else:
            result[name] = _field(value.get(key), shape, kind)
    return result


def _sorted(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def _field(value: Any, shape: str, kind: str) -> Any:
    if value is None:
        if shape or kind in RAW:
            return None
        return ZERO.get(kind) if kind in ZERO or kind in RAW else internal_form(kind, {})
    if shape == "[]":
        return [_field(item, "", kind) for item in value]
    if shape == "map":
        return {key: _field(value[key], "", kind) for key in sorted(value)}
    if kind == "meta":
        return _tagged(value)
    if kind in EITHER:
        return EITHER[kind](value)
    return value if kind in ZERO or kind in RAW else internal_form(kind, value)


def _schema_or_list(value: Any) -> Object:
    if isinstance(value, list):
        return {"Schema": None, "JSONSchemas": [internal_form("JSONSchemaProps", item) for item in value]}
    return {"Schema": internal_form("JSONSchemaProps", value), "JSONSchemas": None}


def _schema_or_bool(value: Any) -> Object:
    if isinstance(value, bool):
        return {"Allows": value, "Schema": None}
    return {"Allows": True, "Schema": internal_form("JSONSchemaProps", value)}


def _schema_or_names(value: Any) -> Object:
    if isinstance(value, list):
        return {"Schema": None, "Property": value}
    return {"Schema": internal_form("JSONSchemaProps", value), "Property": None}


def _nothing(value: Any) -> Object:
    return {}


EITHER: dict[str, Callable[[Any], Object]] = {
    "JSONSchemaPropsOrArray": _schema_or_list,
    "JSONSchemaPropsOrBool": _schema_or_bool,
    "JSONSchemaPropsOrStringArray": _schema_or_names,
    "CustomResourceSubresourceStatus": _nothing,
}
"""Types that are one thing or another, or nothing at all."""
RAW = ("any", "runtime.RawExtension")


def _tagged(value: Any) -> Any:
    """A label selector, which looks the same in both forms."""
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = [key for key in SELECTOR if key in value]
    return {key: _tagged(value[key]) for key in [*known, *sorted(value.keys() - set(known))]}
