"""The fields in which two values of a node differ."""

from typing import Any, NamedTuple

from ..fieldset import EMPTY, SELF, FieldSet, union
from .elements import ABSENT, ElementError, applicable, element_text, equal
from .schema import UNTYPED, ListNode, MapNode, Node
from .validate import SchemaError


class Comparison(NamedTuple):
    """What the right value lacks, has changed, and has more. A field is in one of the three at most."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet


def compare(node: Node, left: Any, right: Any) -> Comparison:
    """From `left` to `right`. Raises SchemaError where elements of a list cannot be told apart."""
    difference = _Difference()
    try:
        _compare(node, left, right, difference)
    except ElementError as error:
        raise SchemaError([("", str(error))]) from error
    return Comparison(difference.removed, difference.modified, difference.added)


class _Difference:
    """The three tries under construction, at one place."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.removed: FieldSet = {}
        self.modified: FieldSet = {}
        self.added: FieldSet = {}


def _compare_child(node: Node, element: str, left: Any, right: Any, out: _Difference) -> None:
    """Compare what stands under `element` on both sides and add it to the tries of the place above."""
    if left is ABSENT:
        out.added[element] = everything(node, right)
    elif right is ABSENT:
        out.removed[element] = everything(node, left)
    elif left is not right:
        if node.scalar != UNTYPED and left == right:
            return  # typed values that compare equal in Python are equal
        below = _Difference()
        if _compare(node, left, right, below):
            out.modified[element] = {SELF: EMPTY, **below.modified} if below.modified else EMPTY
        elif below.modified:
            out.modified[element] = below.modified
        if below.removed:
            out.removed[element] = below.removed
        if below.added:
            out.added[element] = below.added


def _compare(node: Node, left: Any, right: Any, out: _Difference) -> bool:
    """Fill `out` with what differs below this place; True if the place itself is a leaf that is modified."""
    one, other = applicable(node, left), applicable(node, right)
    modified = _compare_as(one, left, right, out)
    if one is not other:
        below = _Difference()
        modified = _compare_as(other, left, right, below) or modified
        out.removed = union(out.removed, below.removed)
        out.modified = union(out.modified, below.modified)
        out.added = union(out.added, below.added)
    return modified


def _compare_as(which: MapNode | ListNode | str, left: Any, right: Any, out: _Difference) -> bool:
    if isinstance(which, MapNode):
        one = left if isinstance(left, dict) else EMPTY
        other = right if isinstance(right, dict) else EMPTY
        if not which.atomic and (one or other):
            _compare_maps(which, one, other, out)
            return False
    elif isinstance(which, ListNode):
        items = left if isinstance(left, list) else []
        others = right if isinstance(right, list) else []
        if not which.atomic and (items or others):
            _compare_lists(which, items, others, out)
            return False
    return not equal(left, right)


_LEAF = Node(UNTYPED)


def _compare_maps(node: MapNode, left: dict[str, Any], right: dict[str, Any], out: _Difference) -> None:
    for key, value in left.items():
        _compare_child(node.child(key) or _LEAF, f"f:{key}", value, right.get(key, ABSENT), out)
    for key, value in right.items():
        if key not in left:
            out.added[f"f:{key}"] = everything(node.child(key) or _LEAF, value)


def _compare_lists(node: ListNode, left: list[Any], right: list[Any], out: _Difference) -> None:
    ours, theirs = grouped(node, left), grouped(node, right)
    for element, values in ours.items():
        others = theirs.get(element, ())
        if len(values) == 1 and len(others) <= 1:
            _compare_child(node.element, element, values[0], others[0] if others else ABSENT, out)
        elif len(values) > 1 and len(others) > 1:
            if not equal(values, others):
                out.modified[element] = EMPTY
        elif len(values) > 1:
            if others:
                out.added[element] = everything(node.element, others[0])
            out.removed[element] = EMPTY
        else:
            out.removed[element] = everything(node.element, values[0])
            out.added[element] = EMPTY
    for element, values in theirs.items():
        if element not in ours:
            out.added[element] = everything(node.element, values[0]) if len(values) == 1 else EMPTY


def grouped(node: ListNode, items: list[Any]) -> dict[str, list[Any]]:
    """The items of an associative list by their path elements."""
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(element_text(node, item), []).append(item)
    return groups


def everything(node: Node, value: Any) -> FieldSet:
    """The trie of a value that stands on one side only: every place in it, containers too."""
    which = applicable(node, value)
    if isinstance(which, MapNode) and not which.atomic and isinstance(value, dict) and value:
        return {SELF: EMPTY} | {f"f:{k}": everything(which.child(k) or _LEAF, v) for k, v in value.items()}
    if isinstance(which, ListNode) and not which.atomic and isinstance(value, list) and value:
        groups = grouped(which, value)
        return {SELF: EMPTY} | {
            element: everything(which.element, values[0]) if len(values) == 1 else EMPTY
            for element, values in groups.items()
        }
    return EMPTY
