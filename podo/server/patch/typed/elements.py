"""How the elements of associative lists are told apart."""

from typing import Any

from ..fieldset import encode_value, key_element, value_element
from .schema import ListNode, MapNode, Node

ABSENT: Any = object()
"""There is no value, which is not the same as null."""


class ElementError(ValueError):
    """An element that cannot be told from others."""


def element_text(node: ListNode, item: Any) -> str:
    """The path element of an item of an associative list. Raises ElementError."""
    if not node.keys:
        return value_element(_scalar(item))
    if len(node.keys) == 1 and isinstance(item, dict) and isinstance(value := item.get(node.keys[0]), str):
        return f'k:{{"{node.keys[0]}":{encode_value(value)}}}'
    if item is None:
        raise ElementError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise ElementError("associative list with keys may not have non-map elements")
    values: dict[str, Any] = {}
    for key in node.keys:
        if key in item:
            values[key] = item[key]
        elif key in node.defaults:
            values[key] = node.defaults[key]
    if not values:
        names = " ".join(f'"{key}"' for key in node.keys)
        raise ElementError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return key_element(values)


def _scalar(item: Any) -> Any:
    if isinstance(item, dict):
        raise ElementError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ElementError("not supported: associative list with lists as elements")
    if item is None:
        raise ElementError("associative list without keys has an element that's an explicit null")
    return item


def applicable(node: Node, value: Any) -> MapNode | ListNode | str:
    """Which of what a node allows this value is. One that fits none, and null, counts as the first that is allowed."""
    if isinstance(value, dict):
        if node.map is not None:
            return node.map
    elif isinstance(value, list):
        if node.list is not None:
            return node.list
    elif value is not None and node.scalar:
        return node.scalar
    return node.map or node.scalar or node.list or ""


def equal(left: Any, right: Any) -> bool:
    """Equality of values: 1 is 1.0, but neither is true; null is not empty."""
    if left is right:
        return True
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(k in right and equal(v, right[k]) for k, v in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right) and isinstance(left, bool) is isinstance(right, bool)
