"""Structures in the form that Kubernetes' validation works on, which messages show: every field, under its Go name.

`internal_types.json` says for each type which fields there are: [name, JSON name of v1, shape, type], where the shape
is "*" (may be null), "[]", "map" or "".
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from podo.server.validation.fields import Object

Row = tuple[str, str, str, str]
ZERO = {"string": "", "number": 0, "bool": False, "quantity": "0", "time": None}
MOVED = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""What v1 has in the spec of a Pod, and the internal form in its security context."""
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
    return {name: _field(value.get(key), shape, kind) for name, key, shape, kind in _types()[type_name]}


def _field(value: Any, shape: str, kind: str) -> Any:
    if value is None:
        if shape:
            return None
        return ZERO[kind] if kind in ZERO else internal_form(kind, {})
    if shape == "[]":
        return [_field(item, "", kind) for item in value]
    if shape == "map":
        return {key: _field(value[key], "", kind) for key in sorted(value)}
    if kind == "meta":
        return _tagged(value)
    return value if kind in ZERO else internal_form(kind, value)


def _tagged(value: Any) -> Any:
    """A label selector, which looks the same in both forms."""
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = [key for key in SELECTOR if key in value]
    return {key: _tagged(value[key]) for key in [*known, *sorted(value.keys() - set(known))]}
