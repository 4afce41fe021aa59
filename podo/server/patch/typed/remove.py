"""A value without the fields and items of a set."""

from typing import Any

from ..fieldset import FieldSet, is_member
from .elements import ElementError, applicable, element_text
from .schema import UNTYPED, ListNode, MapNode, Node

_LEAF = Node(UNTYPED)


def remove(node: Node, value: Any, fields: FieldSet) -> Any:
    """The value without what is in `fields`. Containers stay, emptied; atomic ones cannot lose a part."""
    which = applicable(node, value)
    if isinstance(which, MapNode):
        return _from_map(which, value, fields) if isinstance(value, dict) and value and not which.atomic else None
    if isinstance(which, ListNode):
        return _from_list(which, value, fields) if isinstance(value, list) and value and not which.atomic else None
    return value


def _from_map(node: MapNode, value: dict[str, Any], fields: FieldSet) -> dict[str, Any] | None:
    result: dict[str, Any] = {}
    touched = False
    for key, member in value.items():
        below = fields.get(f"f:{key}")
        if below is None:
            result[key] = member
        elif not is_member(below):
            touched = True
            result[key] = _emptied(member, remove(node.child(key) or _LEAF, member, below))
    return result if result or touched else None


def _from_list(node: ListNode, value: list[Any], fields: FieldSet) -> list[Any] | None:
    result: list[Any] = []
    touched = False
    for item in value:
        try:
            below = fields.get(element_text(node, item))
        except ElementError:
            below = None
        if below is None:
            result.append(item)
        elif not is_member(below):
            touched = True
            result.append(_emptied(item, remove(node.element, item, below)))
    return result if result or touched else None


def _emptied(before: Any, after: Any) -> Any:
    """A container that lost all it had is empty, not null."""
    if after is None and isinstance(before, dict | list):
        return type(before)()
    return after
