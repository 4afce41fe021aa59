"""Sets of fields, in the form in which FieldsV1 is written: a trie of path elements.

A node is a dict from a path element's text to the node below; `{}` is a member without children, `{".": {}, …}` a
member with children, and any other node is there only for its children. The text of an element is `f:name` (a field),
`k:{"name":"c"}` (an element of a keyed list, keys sorted), `v:"x"` (an element of a set) or `i:0` (an index); equal
elements have equal texts. Sets are shared and never changed once built; operations keep what they can of their inputs.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from ..decoding.quoting import go_quoted
from .values import number

FieldSet: TypeAlias = dict[str, Any]
SELF = "."
EMPTY: FieldSet = {}
_ORDER = {"f": 0, "k": 1, "v": 2, "i": 3}
_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*").fullmatch  # what JSON writes as it is
_UNSAFE = re.compile("[<>&\u2028\u2029]").sub


def is_member(node: FieldSet) -> bool:
    """Whether the place of this node is itself in the set."""
    return not node or SELF in node


def node(member: bool, children: FieldSet) -> FieldSet | None:
    """The node with these children (and no SELF among them), None if it would say nothing."""
    if not children:
        return EMPTY if member else None
    return {SELF: EMPTY, **children} if member else children


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in either."""
    if not left or left is right:
        return right
    result = dict(left)
    for key, below in right.items():
        old = result.get(key)
        if old is None:
            result[key] = below
        elif old != below:
            joined = union(_children(old), _children(below))
            result[key] = node(is_member(old) or is_member(below), joined)
    return result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and not in `right`; a parent in `right` does not take its children along."""
    if not right or not left:
        return left
    result: FieldSet = {}
    for key, below in left.items():
        other = right.get(key)
        if other is None:
            result[key] = below
            continue
        if not below:
            kept = None if is_member(other) else below
        else:
            member = SELF in below and not is_member(other)
            kept = node(member, difference(_children(below), _children(other)))
        if kept is not None:
            result[key] = kept
    return result


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left`, and neither in `right` nor below a member of `right`."""
    if not right or not left:
        return left
    result: FieldSet = {}
    for key, below in left.items():
        other = right.get(key)
        if other is None:
            result[key] = below
        elif not is_member(other):
            kept = node(is_member(below), recursive_difference(_children(below), _children(other)))
            if kept is not None:
                result[key] = kept
    return result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in both."""
    result: FieldSet = {}
    if len(right) < len(left):
        left, right = right, left
    for key, below in left.items():
        other = right.get(key)
        if other is None:
            continue
        kept = node(
            is_member(below) and is_member(other), intersection(_children(below), _children(other)) if below else EMPTY
        )
        if kept is not None:
            result[key] = kept
    return result


def include(fields: FieldSet, pattern: FieldSet) -> FieldSet:
    """What is in `fields` at or below a member of `pattern`."""
    result: FieldSet = {}
    for key, below in fields.items():
        wanted = pattern.get(key)
        if wanted is None:
            continue
        if is_member(wanted):
            result[key] = below
        elif kept := include(_children(below), _children(wanted)):
            result[key] = kept
    return result


def _children(below: FieldSet) -> FieldSet:
    return {k: v for k, v in below.items() if k != SELF} if SELF in below else below


def of_paths(*paths: tuple[str, ...]) -> FieldSet:
    """The set of these paths of element texts: `of_paths(("f:spec", "f:replicas"))`."""
    result: FieldSet = {}
    for path in paths:
        one: FieldSet = EMPTY
        for element in reversed(path):
            one = {element: one}
        result = union(result, one)
    return result


def has(fields: FieldSet, path: tuple[str, ...]) -> bool:
    """Whether the path is a member."""
    at: FieldSet | None = fields
    for element in path:
        at = at.get(element) if at is not None else None
    return at is not None and is_member(at)


def paths(fields: FieldSet, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member's path: those of this level first, then those below, both in the order of elements."""
    elements = sorted_elements(fields)
    for element in elements:
        if is_member(fields[element]):
            yield (*above, element)
    for element in elements:
        if fields[element]:
            yield from paths(fields[element], (*above, element))


def sorted_elements(fields: FieldSet) -> list[str]:
    """The elements of one level in the order of the API: fields, keyed elements, values, indices."""
    if all(e.startswith("f:") for e in fields):
        return sorted(fields)
    return sorted((e for e in fields if e != SELF), key=_sort_key)


def _sort_key(element: str) -> tuple[int, Any]:
    kind, text = element[0], element[2:]
    if kind == "f":
        return 0, text
    value = json.loads(text)
    if kind == "k":
        return 1, [(name, _value_key(value[name])) for name in sorted(value)]
    return _ORDER[kind], _value_key(value)


def _value_key(value: Any) -> tuple[int, Any]:
    """Orders values of different types: numbers, strings, booleans, the rest."""
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, encode_value(value))


def ordered(fields: FieldSet) -> FieldSet:
    """The same set with its elements in order, as FieldsV1 is written."""
    result = {SELF: EMPTY} if SELF in fields else {}
    for element in sorted_elements(fields):
        result[element] = ordered(fields[element]) if fields[element] else EMPTY
    return result


def encode_value(value: Any) -> str:
    """A scalar as element texts hold it: JSON, with Go's escapes of `<`, `>` and `&`."""
    if isinstance(value, str) and _PLAIN(value):
        return f'"{value}"'
    if isinstance(value, float):
        return number(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return _UNSAFE(lambda m: f"\\u{ord(m[0]):04x}", text)


def key_element(values: dict[str, Any]) -> str:
    """The text of an element of a keyed list."""
    return "k:{" + ",".join(f"{encode_value(k)}:{encode_value(values[k])}" for k in sorted(values)) + "}"


def value_element(value: Any) -> str:
    """The text of an element of a set."""
    return "v:" + encode_value(value)


def show_path(path: tuple[str, ...]) -> str:
    """As messages print a path: `.spec.containers[name="c"].image`."""
    return "".join(map(show_element, path))


def show_element(element: str) -> str:
    """As messages print one element."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return f".{text}"
    value = json.loads(text)
    if kind == "k":
        return "[" + ",".join(f"{name}={_show(value[name])}" for name in sorted(value)) + "]"
    return f"[={_show(value)}]" if kind == "v" else f"[{value}]"


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return go_quoted(value)
    return number(value) if isinstance(value, float) else str(value)


class FieldsError(ValueError):
    """The text is no FieldsV1."""


def decode(raw: Any) -> FieldSet:
    """A set from a client's FieldsV1: texts made canonical, unknown elements dropped. Raises FieldsError."""
    if not isinstance(raw, dict):
        raise FieldsError("fields are not an object")
    result: FieldSet = {}
    for key, below in raw.items():
        element = _canonical(key) if key != SELF else None
        if element is not None:
            children = decode(below)
            member = not children or SELF in below
            result[element] = node(member, children)
    return result


def _canonical(key: str) -> str | None:
    """The one text of an element, None for a kind that is not known."""
    if len(key) < 2:
        raise FieldsError("key must be 2 characters long:")
    if key[1] != ":":
        raise FieldsError(f"missing colon: {key}")
    try:
        if key[0] == "f":
            return key
        if key[0] == "k":
            values = json.loads(key[2:])
            if not isinstance(values, dict):
                raise FieldsError(f"not an object: {key}")
            return key_element(values)
        if key[0] == "v":
            return value_element(json.loads(key[2:]))
        return f"i:{int(key[2:])}" if key[0] == "i" else None
    except (ValueError, RecursionError) as error:
        raise FieldsError(str(error)) from error
