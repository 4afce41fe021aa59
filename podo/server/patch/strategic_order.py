"""The order of merged lists in strategic merge patch, and the complaints of the format."""

from collections.abc import Sequence
from typing import Any

from .values import plain, same, type_name

DIRECTIVE, ORDER_PREFIX = "$patch", "$setElementOrder"
_FORMATS = {ORDER_PREFIX: "setElementOrder list", "$deleteFromPrimitiveList": "primitive list"}
_MISSING = object()


class StrategicError(Exception):
    """The patch does not fit the object or the type."""


class FormatError(StrategicError):
    """The patch itself is malformed: the client's fault, and told so."""


class ListOfListsError(StrategicError):
    """Elements of merged lists may not be lists."""


def list_name(directive: str, prefix: str) -> str:
    """The list that `$prefix/name` speaks of."""
    head, slash, name = directive.partition("/")
    if not slash or head != prefix:
        raise FormatError(f"invalid patch format of {_FORMATS[prefix]}")
    return name


def argument(value: Any, wanted: type) -> Any:
    """The value, if it is of that type."""
    if not isinstance(value, wanted):
        raise StrategicError(f"expected a {type_name(wanted())}, but received a {_received(value)}")
    return value


def _received(value: Any) -> str:
    return "%!s(<nil>)" if value is None else type_name(value)


def no_merge_key(element: dict[str, Any], key: str) -> StrategicError:
    """An element of a keyed list lacks the key."""
    return StrategicError(f"map: {plain(element)} does not contain declared merge key: {key}")


def element_kind(*lists: Sequence[Any]) -> type:
    """The one type of all elements. Raises where they differ, are lists, or there are none."""
    kinds = [type(v) for part in lists for v in part]
    if not kinds:
        raise StrategicError("no elements in any of the given slices")
    if kinds[0] is list:
        raise ListOfListsError("lists of lists are not supported")
    if any(k is not kinds[0] for k in kinds):
        raise StrategicError(f"list element types are not identical: {plain([list(part) for part in lists])}")
    return kinds[0]


def deduplicated(values: list[Any]) -> list[Any]:
    """Each scalar once; the last element takes the place of a repeated one."""
    values, end = list(values), len(values)
    at = 0
    while at < end - 1:
        other = at + 1
        while other < end:
            if same(values[at], values[other]):
                end -= 1
                values[other] = values[end]
            else:
                other += 1
        at += 1
    return values[:end]


def check(patch: list[Any], wanted: list[Any], key: str) -> None:
    """That `$setElementOrder` names every element of the patch, in the patch's order."""
    if not patch or not wanted:
        return
    rest = [e for e in patch if not _is_marked(argument(e, dict))] if key else patch
    at = 0
    for target in wanted:
        if at == len(rest):
            return
        at += _equal(rest[at], target, key)
    if at < len(rest):
        raise StrategicError(
            f"The order in patch list:\n{plain(patch)}\n doesn't match {ORDER_PREFIX} list:\n{plain(wanted)}\n"
        )


def _is_marked(element: dict[str, Any]) -> bool:
    return DIRECTIVE in element


def _equal(left: Any, right: Any, key: str) -> bool:
    if not key:
        return same(left, right)
    return same(_key_value(left, key), _key_value(right, key))


def _key_value(element: Any, key: str) -> Any:
    if key not in argument(element, dict):
        raise no_merge_key(element, key)
    return element[key]


def arranged(merged: list[Any], wanted: list[Any], live: list[Any], key: str) -> list[Any]:
    """The merged list: what `wanted` names in its order, the rest in `live`'s, the two woven by `live`'s order."""
    named: list[Any] = []
    others: list[Any] = []
    for element in merged:
        value = _key_value(element, key) if key else element
        (named if any(same(value, _peek(w, key)) for w in wanted) else others).append(element)
    left, right = _ordered(others, live, key), _ordered(named, wanted, key)
    result: list[Any] = []
    while left and right:
        before, after = _index(live, left[0], key), _index(live, right[0], key)
        take = left if 0 <= before < after else right
        result.append(take.pop(0))
    return result + left + right


def _peek(element: Any, key: str) -> Any:
    """The value that identifies an element of an order list."""
    if not key:
        return element
    if not isinstance(element, dict):
        raise StrategicError("value for key 0 is not a map")
    return element.get(key, _MISSING)


def _index(items: list[Any], element: Any, key: str) -> int:
    value = element.get(key) if key else element
    return next((i for i, item in enumerate(items) if same(item.get(key) if key else item, value)), -1)


def _ordered(items: list[Any], wanted: list[Any], key: str) -> list[Any]:
    """Sorted by the place in `wanted`; an element that is not there moves to the front, as Go's stable sort has it."""
    if key:
        for element in (*items, *wanted):
            _key_value(element, key)
    places = [_index(wanted, item, key) for item in items]
    if -1 not in places:
        return [items[i] for i in sorted(range(len(items)), key=places.__getitem__)]
    pairs: list[tuple[int, Any]] = []
    for pair in zip(places, items, strict=True):
        at = len(pairs)
        while at and (-1 in (pair[0], pairs[at - 1][0]) or pair[0] < pairs[at - 1][0]):
            at -= 1
        pairs.insert(at, pair)
    return [item for _, item in pairs]
