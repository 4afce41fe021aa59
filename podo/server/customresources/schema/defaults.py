"""Filling in the defaults of a schema."""

from typing import Any

from podo.server.patch.values import copy

from .structural import UNSET, Structural


def fill(value: Any, node: Structural | None) -> None:
    """Set what is missing and has a default, at every level that is there, in place."""
    if node is None:
        return
    if isinstance(value, dict):
        for name, child in node.properties.items():
            if child.default is not UNSET and (name not in value or _is_wrong_null(value[name], child)):
                value[name] = copy(child.default)
        for name, member in value.items():
            found = node.properties.get(name)
            value[name] = _filled(member, found) if found is not None else _filled(member, node.additional)
    elif isinstance(value, list) and node.items is not None:
        value[:] = [_filled(item, node.items) for item in value]


def _filled(value: Any, node: Structural | None) -> Any:
    if node is not None and _is_wrong_null(value, node) and node.default is not UNSET:
        value = copy(node.default)
    if isinstance(value, dict | list):
        fill(value, node)
    return value


def _is_wrong_null(value: Any, node: Structural) -> bool:
    return value is None and not node.nullable
