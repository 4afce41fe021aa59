"""A field set brought up to date with a schema that has changed since it was written."""

from ..fieldset import EMPTY, FieldSet
from .fields import declared
from .schema import DEDUCED, MapNode, Node


def reconcile(fields: FieldSet, node: Node) -> FieldSet:
    """Who owned a part of what is atomic now owns the whole. The same object, if nothing changes."""
    return _reconcile(fields, node) if fields else fields


def _reconcile(below: FieldSet, node: Node) -> FieldSet:
    if node.map is not None:
        if _is_deduced(node.map):
            return below
        if node.map.atomic:
            return EMPTY
    elif node.scalar or node.list is None:
        return below
    elif node.list.atomic:
        return EMPTY
    return _children(below, node)


def _is_deduced(node: MapNode) -> bool:
    return node.element is DEDUCED and not node.fields


def _children(below: FieldSet, node: Node) -> FieldSet:
    changed: FieldSet = {}
    for element, under in below.items():
        if not under:
            continue  # a leaf stays a leaf, and SELF is one
        child = node.list.element if node.map is None and node.list is not None else declared(element, node)[1]
        if child is None:
            continue
        new = _reconcile(under, child)
        if new is not under:
            changed[element] = new
    return below | changed if changed else below
