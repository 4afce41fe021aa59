"""Lists: Kubernetes' own library, CEL's lists (version 3), sets, and what transformMap builds on."""

import itertools
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from ..errors import EvalError
from ..functions import Overload
from ..run.operators import add, has_key, shown_key
from ..types import BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, UINT, Type, list_of, map_of, param
from ..values import Duration, Uint, compare, contains, equal, kind_of
from . import costs

T, U, K, V = param("T"), param("U"), param("K"), param("V")
LIST = list_of(T)
COMPARABLE = {
    "int": INT, "uint": UINT, "double": DOUBLE, "bool": BOOL, "duration": DURATION, "timestamp": TIMESTAMP,
    "string": STRING, "bytes": BYTES,
}  # fmt: skip
ZEROS = {"int": 0, "uint": Uint(0), "double": 0.0, "duration": Duration(0)}


def is_sorted(values: list[Any]) -> bool:
    return all(compare(one, other) <= 0 for one, other in itertools.pairwise(values))


def summing(zero: Any) -> Callable[[list[Any]], Any]:
    def total(values: list[Any]) -> Any:
        result = zero
        for value in values:
            result = add(result, value)
        return result

    return total


def extreme(name: str, sign: int) -> Callable[[list[Any]], Any]:
    """The greatest (sign 1) or the least (-1) element."""

    def pick(values: list[Any]) -> Any:
        if not values:
            raise EvalError(f"{name} called on empty list")
        best = values[0]
        for value in values[1:]:
            if compare(value, best) == sign:
                best = value
        return best

    return pick


def index_of(values: list[Any], wanted: Any) -> int:
    return next((at for at, value in enumerate(values) if equal(value, wanted)), -1)


def last_index_of(values: list[Any], wanted: Any) -> int:
    return next((at for at in range(len(values) - 1, -1, -1) if equal(values[at], wanted)), -1)


def slice_of(values: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise EvalError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvalError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(values) < end:
        raise EvalError(f"cannot slice({start}, {end}), list is length {len(values)}")
    return values[start:end]


def flatten(values: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise EvalError("level must be non-negative")
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list) and depth:
            flat.extend(flatten(value, depth - 1))
        else:
            flat.append(value)
    return flat


def sort_by(values: list[Any], keys: list[Any]) -> list[Any]:
    """The values in the order of their keys."""
    if len(values) != len(keys):
        sizes = f"but got {len(values)} and {len(keys)} elements respectively"
        raise EvalError(
            f"@sortByAssociatedKeys() expected a list of the same size as the associated keys list, {sizes}"
        )
    if not keys:
        return values
    first = kind_of(keys[0])
    if first not in COMPARABLE.values():
        raise EvalError("list elements must be comparable")
    if any(kind_of(key) != first for key in keys):
        raise EvalError("list elements must have the same type")
    by_key = cmp_to_key(compare)
    order = sorted(range(len(keys)), key=lambda index: by_key(keys[index]))
    return [values[index] for index in order]


def sort(values: list[Any]) -> list[Any]:
    return sort_by(values, values)


def numbers(count: int) -> list[int]:
    if count > 1_000_000:
        raise EvalError("operation cancelled: actual cost limit exceeded")
    return list(range(count))


def reverse(values: list[Any]) -> list[Any]:
    return values[::-1]


def distinct(values: list[Any]) -> list[Any]:
    seen: list[Any] = []
    for value in values:
        if not contains(seen, value):
            seen.append(value)
    return seen


def sets_contain(one: list[Any], other: list[Any]) -> bool:
    return all(contains(one, value) for value in other)


def sets_equivalent(one: list[Any], other: list[Any]) -> bool:
    return sets_contain(one, other) and sets_contain(other, one)


def sets_intersect(one: list[Any], other: list[Any]) -> bool:
    return any(contains(one, value) for value in other)


def insert(mapping: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    if has_key(mapping, key):
        raise EvalError(f"insert failed: key {shown_key(key)} already exists")
    return {**mapping, key: value}


def insert_all(mapping: dict[Any, Any], other: dict[Any, Any]) -> dict[Any, Any]:
    for key, value in other.items():
        mapping = insert(mapping, key, value)
    return mapping


def _each(id: str, run: Callable[[Any], Any], result: Type | None, cost: Any) -> list[Overload]:
    """An overload for the lists of each comparable kind."""
    return [
        Overload(id.format(kind), (list_of(of),), result or of, run, member=True, cost=cost)
        for kind, of in COMPARABLE.items()
    ]


def _flatten_cost(args: Any, result: Any) -> int:
    return costs.allocated(args[1] if len(args) == 2 else 1, len(args[0]))


def _set(id: str, run: Callable[[Any, Any], bool], factor: int) -> list[Overload]:
    return [Overload(id, (LIST, LIST), BOOL, run, cost=costs.product(factor))]


MAP_TYPE = map_of(K, V)
LIST_LIBRARY: dict[str, list[Overload]] = {
    "isSorted": _each("list_{}_is_sorted_bool", is_sorted, BOOL, costs.traversal),
    "sum": [
        Overload(
            f"list_{kind}_sum_{kind}", (list_of(COMPARABLE[kind]),), COMPARABLE[kind], summing(zero), member=True,
            cost=costs.traversal,
        )
        for kind, zero in ZEROS.items()
    ],
    "max": _each("list_{0}_max_{0}", extreme("max", 1), None, costs.traversal),
    "min": _each("list_{0}_min_{0}", extreme("min", -1), None, costs.traversal),
    "indexOf": [Overload("list_a_index_of_int", (LIST, T), INT, index_of, member=True, cost=costs.traversal)],
    "lastIndexOf": [
        Overload("list_a_last_index_of_int", (LIST, T), INT, last_index_of, member=True, cost=costs.traversal)
    ],
    "slice": [Overload("list_slice", (LIST, INT, INT), LIST, slice_of, member=True, cost=costs.list_of_result)],
    "flatten": [
        Overload("list_flatten", (list_of(LIST),), LIST, flatten, member=True, cost=_flatten_cost),
        Overload("list_flatten_int", (list_of(DYN), INT), list_of(DYN), flatten, member=True, cost=_flatten_cost),
    ],
    "sort": [
        Overload(f"list_{kind}_sort", (list_of(of),), list_of(of), sort, member=True, cost=costs.self_compared(0))
        for kind, of in COMPARABLE.items()
    ],
    "@sortByAssociatedKeys": [
        Overload(
            f"list_{kind}_sortByAssociatedKeys", (LIST, list_of(of)), LIST, sort_by, member=True,
            cost=costs.self_compared(1),
        )
        for kind, of in COMPARABLE.items()
    ],
    "lists.range": [Overload("lists_range", (INT,), list_of(INT), numbers, cost=costs.list_of_result)],
    "reverse": [
        Overload("list_reverse", (LIST,), LIST, reverse, member=True, cost=costs.list_of_result)
    ],
    "distinct": [Overload("list_distinct", (LIST,), LIST, distinct, member=True, cost=costs.self_compared(0))],
    "sets.contains": _set("list_sets_contains_list", sets_contain, 1),
    "sets.equivalent": _set("list_sets_equivalent_list", sets_equivalent, 2),
    "sets.intersects": _set("list_sets_intersects_list", sets_intersect, 1),
    "cel.@mapInsert": [
        Overload("@mapInsert_map_key_value", (MAP_TYPE, K, V), MAP_TYPE, insert),
        Overload("@mapInsert_map_map", (MAP_TYPE, MAP_TYPE), MAP_TYPE, insert_all),
    ],
}  # fmt: skip
