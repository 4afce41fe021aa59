"""Dropping what a schema does not know: unknown fields, and nulls where none may be."""

from typing import Any

from .structural import META_FIELDS, UNSET, Structural


def prune(obj: dict[str, Any], root: Structural) -> list[str]:
    """Drop the unknown fields of an object in place; their paths, sorted: `spec.a`, `spec.list[0].b`."""
    unknown: list[str] = []
    _prune(obj, root, "", unknown, embedded=True)
    return sorted(unknown)


def prune_value(value: Any, node: Structural) -> list[str]:
    """The same for a part of an object (a default)."""
    unknown: list[str] = []
    _prune(value, node, "", unknown, embedded=node.embedded)
    return sorted(unknown)


def _prune(value: Any, node: Structural | None, path: str, unknown: list[str], *, embedded: bool) -> None:
    if node is not None and node.preserve:
        _walk_preserved(value, node, path, unknown, embedded=embedded)
    elif isinstance(value, dict):
        _prune_object(value, node, path, unknown, embedded=embedded)
    elif isinstance(value, list):
        items = node.items if node is not None else None
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                _prune(item, items, f"{path}[{index}]", unknown, embedded=items is not None and items.embedded)


def _prune_object(
    value: dict[str, Any], node: Structural | None, path: str, unknown: list[str], *, embedded: bool
) -> None:
    prefix = f"{path}." if path else ""
    if node is None:
        unknown += [prefix + name for name in value]
        value.clear()
        return
    for name in list(value):
        if embedded and name in META_FIELDS:
            continue
        member = value[name]
        if (child := node.properties.get(name)) is not None:
            _prune(member, child, prefix + name, unknown, embedded=child.embedded)
        elif node.has_additional:
            more = node.additional
            _prune(member, more, prefix + name, unknown, embedded=more is not None and more.embedded)
        else:
            unknown.append(prefix + name)
            del value[name]


def _walk_preserved(value: Any, node: Structural, path: str, unknown: list[str], *, embedded: bool) -> None:
    """Unknown fields stay, but what is below known ones is pruned."""
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        for name, member in value.items():
            child = node.properties.get(name)
            if (embedded and name in META_FIELDS) or (child is None and not node.has_additional):
                continue
            child = child if child is not None else node.additional
            _prune(member, child, prefix + name, unknown, embedded=child is not None and child.embedded)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            _walk_preserved(item, node.items, f"{path}[{index}]", unknown, embedded=node.items.embedded)


def drop_nulls(value: Any, node: Structural | None) -> None:
    """Drop the null members that may not be null and have no default, in place."""
    if isinstance(value, dict):
        for name in list(value):
            member, child = value[name], node.member(name) if node is not None else None
            if member is None and child is not None and not child.nullable and child.default is UNSET:
                del value[name]
            elif isinstance(member, dict | list):
                drop_nulls(member, child)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, node.items if node is not None else None)
