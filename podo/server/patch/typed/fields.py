"""From a value to the set of fields that it sets, and from a set to the one that names containers too."""

from typing import Any

from ..fieldset import EMPTY, SELF, FieldSet, is_member
from ..fieldset import node as make
from .elements import ElementError, applicable, element_text
from .schema import ListNode, MapNode, Node


def field_set(node: Node, value: Any) -> FieldSet:
    """Every leaf and every item that the value mentions."""
    return _without_self(_below(node, value))


def _without_self(below: FieldSet | None) -> FieldSet:
    return {k: v for k, v in below.items() if k != SELF} if below else EMPTY


def _below(node: Node, value: Any) -> FieldSet | None:
    """The trie at a value's place: `{}` where it is a leaf, None where an empty container is none."""
    which = applicable(node, value)
    if isinstance(which, MapNode):
        if which.atomic:
            return EMPTY
        return _of_map(which, value) if isinstance(value, dict) else None
    if isinstance(which, ListNode):
        if which.atomic:
            return EMPTY
        return _of_list(which, value) if isinstance(value, list) else None
    return EMPTY


def _of_map(node: MapNode, value: dict[str, Any]) -> FieldSet | None:
    result: FieldSet = {}
    for key, member in value.items():
        child = node.child(key)
        below = _below(child, member) if child is not None else EMPTY
        named = member is None or member == {} or key not in node.fields
        if named or below is not None:
            result[f"f:{key}"] = _joined(named, below)
    return result or None


def _of_list(node: ListNode, value: list[Any]) -> FieldSet | None:
    result: FieldSet = {}
    repeated: set[str] = set()
    for item in value:
        try:
            element = element_text(node, item)
        except ElementError:
            continue
        if element in result:
            repeated.add(element)
        result[element] = _joined(True, _below(node.element, item))
    return result | dict.fromkeys(repeated, EMPTY) or None


def _joined(member: bool, below: FieldSet | None) -> FieldSet:
    """The trie of a place that may be a member beside what lies below it."""
    if below is None or not below:
        return EMPTY
    return {SELF: EMPTY, **below} if member and SELF not in below else below


def with_named_fields(fields: FieldSet, node: Node | None) -> FieldSet:
    """The set with each declared field a member of which anything below is one; keys of maps are left as they are."""
    result: FieldSet = {}
    for element, below in fields.items():
        if not below or element == SELF:
            result[element] = below
            continue
        named, child = declared(element, node)
        children = _without_self(with_named_fields(below, child))
        result[element] = make(named or is_member(below), children)
    return result


def declared(element: str, node: Node | None) -> tuple[bool, Node | None]:
    """(whether the element is a declared field, its node)."""
    if node is not None and element.startswith("f:") and node.map is not None:
        name = element[2:]
        return name in node.map.fields, node.map.child(name)
    if node is not None and element.startswith("k:") and node.list is not None:
        return False, node.list.element
    return False, None
