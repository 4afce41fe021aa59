"""Paths such as `.spec.color` or `.spec.map['key']` into a schema."""

import re
from collections.abc import Mapping
from typing import Any

from podo.server.validation.fields import Object

_STEP = re.compile(r"\.([^.\[\]']+)|\['((?:[^'\\]|\\.)*)'\]")


class PathError(ValueError):
    """The path leads nowhere; the message says why."""


def find_field(path: str, schema: Object, *, keys: bool = False) -> Object:
    """The schema at a path; `keys` allows `['…']`. Raises PathError."""
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise PathError(_why(path[position:]))
        if step[2] is not None and not keys:
            raise PathError("array notation is not allowed")
        schema = _child(schema, step[1] if step[1] is not None else step[2], quoted=step[2] is not None)
        position = step.end()
    return schema


def normalized(path: str, schema: Mapping[str, Any]) -> str:
    """A path as messages have it: `spec.map[key]`; "" when it leads nowhere."""
    try:
        find_field(path, dict(schema), keys=True)
    except PathError:
        return ""
    found, position = "", 0
    while position < len(path):
        step = _STEP.match(path, position)
        assert step is not None
        name = step[1] if step[1] is not None else step[2]
        is_key = "properties" not in schema
        schema = schema["additionalProperties"] if is_key else schema["properties"][name]
        found += f"[{name}]" if is_key else f".{name}" if found else name
        position = step.end()
    return found


def _child(schema: Object, name: str, *, quoted: bool) -> Object:
    child = schema.get("properties", {}).get(name)
    if child is None and quoted and isinstance(schema.get("additionalProperties"), dict):
        child = schema["additionalProperties"]
    if child is None:
        raise PathError("does not refer to a valid field")
    found: Object = child
    return found


def _why(rest: str) -> str:
    if rest.startswith("["):
        return "expected single quoted string" if len(rest) > 1 else "unexpected end of JSON path"
    return f"expected [ or . but got: {rest}" if not rest.startswith(".") else "unexpected end of JSON path"
