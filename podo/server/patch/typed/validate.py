"""Whether a value conforms to its node, in the words of server-side apply."""

from typing import Any

from ..fieldset import show_element
from ..values import plain, source, type_name
from .elements import ElementError, applicable, element_text
from .schema import BOOLEAN, NUMERIC, STRING, ListNode, MapNode, Node


class SchemaError(ValueError):
    """The value does not conform; the message lists every place."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        lines = [f"{path}: {text}" if path else text for path, text in problems]
        super().__init__(lines[0] if len(lines) == 1 else "\n".join(["errors:", *(f"  {line}" for line in lines)]))


def validate(node: Node, value: Any, *, duplicates: bool = False) -> None:
    """Raises SchemaError unless the value conforms. `duplicates` in associative lists may be allowed."""
    problems = _problems(node, value, duplicates)
    if problems:
        raise SchemaError(problems)


def _problems(node: Node, value: Any, duplicates: bool) -> list[tuple[str, str]]:
    """(path, message) of each problem at and below a value."""
    which = applicable(node, value)
    if value is None:
        return []
    if isinstance(which, MapNode):
        return _in_map(which, value, duplicates)
    if isinstance(which, ListNode):
        return _in_list(which, value, duplicates)
    problem = _of_scalar(which, value)
    return [("", problem)] if problem else []


def _of_scalar(kind: str, value: Any) -> str:
    if kind == STRING:
        return "" if isinstance(value, str) else f"expected string, got {_pointer(value)}"
    if kind == NUMERIC:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if fits else f"expected numeric (int or float), got {type_name(value)}"
    if kind == BOOLEAN:
        return "" if isinstance(value, bool) else f"expected boolean, got {_shown(value)}"
    return f"expected any scalar, got {_shown(value)}" if isinstance(value, dict | list) else ""


def _pointer(value: Any) -> str:
    return f"&value.valueUnstructured{{Value:{source(value)}}}"


def _shown(value: Any) -> str:
    return f"&{{{plain(value)}}}"


def _in_map(node: MapNode, value: Any, duplicates: bool) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [("", f"expected map, got {_shown(value)}")]
    problems: list[tuple[str, str]] = []
    for key, member in value.items():
        child = node.child(key)
        if child is None:
            problems.append((f".{key}", "field not declared in schema"))
            break  # as Kubernetes: the rest of this object is not looked at
        problems += [(f".{key}{path}", text) for path, text in _problems(child, member, duplicates)]
    return problems


def _in_list(node: ListNode, value: Any, duplicates: bool) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return [("", f"expected list, got {_shown(value)}")]
    problems: list[tuple[str, str]] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        shown = f"[{index}]"
        if not node.atomic:
            try:
                element = element_text(node, item)
            except ElementError as error:
                return [*problems, ("", f"element {index}: {error}")]
            shown = show_element(element)
            if element in seen and not duplicates:
                problems.append(("", f"duplicate entries for key {shown}"))
            seen.add(element)
        problems += [(f"{shown}{path}", text) for path, text in _problems(node.element, item, duplicates)]
    return problems
