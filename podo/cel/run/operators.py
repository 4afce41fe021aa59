"""Arithmetic, order and membership on values, with CEL's overflow and error rules; and what each costs."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from ..errors import EvalError
from ..values import (
    NUMBERS,
    Duration,
    MapList,
    Optional,
    SetList,
    Timestamp,
    Uint,
    checked_duration,
    checked_int,
    checked_timestamp,
    checked_uint,
    compare,
    contains,
    equal,
    map_key,
    size,
)

TRAVERSAL = 0.1
"""What reading one character costs."""


def no_overload(name: str = "") -> EvalError:
    return EvalError(f"no such overload: {name}" if name else "no such overload")


def add(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return checked_int(left + right)
        if kind is str or kind is float or kind is bytes or kind is list:
            return left + right
        if kind is Uint:
            return checked_uint(int(left) + int(right))
        if kind is Duration:
            return checked_duration(int(left) + int(right))
    return _add_mixed(left, right)


def _add_mixed(left: Any, right: Any) -> Any:
    if isinstance(left, SetList) and isinstance(right, list):
        return SetList([*left, *(one for one in right if not contains(left, one))])
    if isinstance(left, MapList) and isinstance(right, list):
        return _merged(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    if {type(left), type(right)} == {Timestamp, Duration}:
        return checked_timestamp(int(left) + int(right))
    raise no_overload("" if kind_adds(left) else "_+_")


def _merged(left: MapList, right: list[Any]) -> MapList:
    """The elements of the left with those of the right put in their place, by key; new ones at the end."""
    found = {map_key(one, left.keys): one for one in left}
    found.update({map_key(one, left.keys): one for one in right})
    return MapList(list(found.values()), left.keys)


def kind_adds(value: Any) -> bool:
    return isinstance(value, str | bytes | list) or type(value) in (int, Uint, float, Timestamp, Duration)


def subtract(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds == (int, int):
        return checked_int(left - right)
    if kinds == (float, float):
        return left - right
    if kinds == (Uint, Uint):
        return checked_uint(int(left) - int(right))
    if kinds in ((Duration, Duration), (Timestamp, Timestamp)):
        return checked_duration(int(left) - int(right))
    if kinds == (Timestamp, Duration):
        return checked_timestamp(int(left) - int(right))
    raise no_overload("" if kinds[0] in NUMBERS or kinds[0] in (Duration, Timestamp) else "_-_")


def multiply(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds == (int, int):
        return checked_int(left * right)
    if kinds == (float, float):
        return left * right
    if kinds == (Uint, Uint):
        return checked_uint(int(left) * int(right))
    raise no_overload("" if kinds[0] in NUMBERS else "_*_")


def divide(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds == (float, float):
        if right == 0:
            return math.nan if left == 0 or left != left else math.copysign(math.inf, left) * math.copysign(1, right)
        return left / right
    if kinds not in ((int, int), (Uint, Uint)):
        raise no_overload("" if kinds[0] in NUMBERS else "_/_")
    if right == 0:
        raise EvalError("division by zero")
    quotient = abs(int(left)) // abs(int(right))
    if kinds[0] is Uint:
        return Uint(quotient)
    return checked_int(quotient if (left < 0) == (right < 0) else -quotient)


def modulo(left: Any, right: Any) -> Any:
    kinds = type(left), type(right)
    if kinds not in ((int, int), (Uint, Uint)):
        raise no_overload("" if kinds[0] in NUMBERS else "_%_")
    if right == 0:
        raise EvalError("modulus by zero")
    rest = abs(int(left)) % abs(int(right))
    return Uint(rest) if kinds[0] is Uint else (-rest if left < 0 else rest)


def negate(value: Any) -> Any:
    if type(value) is int:
        return checked_int(-value)
    if type(value) is float:
        return -value
    raise no_overload("-_")


def negation(value: Any) -> bool:
    if value is True or value is False:
        return not value
    raise no_overload("!_")


def is_in(value: Any, within: Any) -> bool:
    if isinstance(within, list):
        return contains(within, value)
    if isinstance(within, dict):
        return has_key(within, value)
    raise no_overload("@in")


def has_key(mapping: dict[Any, Any], key: Any) -> bool:
    """Whether the map has the key; true is not 1."""
    if type(key) is str:
        return key in mapping
    try:
        return any(equal(one, key) for one in mapping) if key in mapping else False
    except TypeError:
        return False


def index(target: Any, key: Any) -> Any:
    """`target[key]`; raises EvalError when there is nothing."""
    if isinstance(target, dict):
        if has_key(target, key):
            return target[key]
        raise EvalError(f"no such key: {shown_key(key)}")
    if isinstance(target, list):
        at = list_index(key)
        if 0 <= at < len(target):
            return target[at]
        raise EvalError(f"index out of bounds: {at}")
    if isinstance(target, Optional):
        return Optional(index(target.value, key)) if target.present else target
    raise EvalError(f"no such key: {shown_key(key)}")


def list_index(key: Any) -> int:
    if type(key) in NUMBERS:
        if key != int(key):
            raise EvalError(f"unsupported index value {key} in list")
        return int(key)
    raise no_overload()


def shown_key(key: Any) -> str:
    return str(key).lower() if key is True or key is False else str(key)


def optional_index(target: Any, key: Any) -> Optional:
    """`target[?key]`: none where there is nothing, and through optionals."""
    if isinstance(target, Optional):
        return optional_index(target.value, key) if target.present else target
    try:
        return Optional(index(target, key))
    except EvalError as error:
        if str(error).startswith("no such overload"):
            raise
        return Optional(present=False)


def equality_cost(left: Any, right: Any) -> int:
    kind = type(left)
    if kind is str or kind is list or kind is dict or kind is bytes or isinstance(left, list | dict | Optional):
        return math.ceil(min(size(left), size(right)) * TRAVERSAL)
    return 1


def order_cost(left: Any, right: Any) -> int:
    if isinstance(left, str | bytes) and isinstance(right, str | bytes):
        return math.ceil(min(len(left), len(right)) * TRAVERSAL)
    return 1


def add_cost(left: Any, right: Any) -> int:
    if isinstance(left, str | bytes) and isinstance(right, str | bytes):
        return math.ceil((len(left) + len(right)) * TRAVERSAL)
    return list_cost(left, right) if isinstance(left, list) and isinstance(right, list) else 1


def in_cost(value: Any, within: Any) -> int:
    return len(within) if isinstance(within, list) else 1


def list_cost(left: list[Any], right: list[Any]) -> int:
    """Joining copies, so that a loop of joins is not free: a 128th an element on top of the call."""
    return 1 + (len(left) + len(right)) // 128


def flat(left: Any, right: Any) -> int:
    return 1


Operator: TypeAlias = tuple[Callable[[Any, Any], Any], Callable[[Any, Any], int]]
BINARY: dict[str, Operator] = {
    "_==_": (equal, equality_cost),
    "_!=_": (lambda left, right: not equal(left, right), equality_cost),
    "_<_": (lambda left, right: compare(left, right) < 0, order_cost),
    "_<=_": (lambda left, right: compare(left, right) <= 0, order_cost),
    "_>_": (lambda left, right: compare(left, right) > 0, order_cost),
    "_>=_": (lambda left, right: compare(left, right) >= 0, order_cost),
    "_+_": (add, add_cost),
    "_-_": (subtract, flat),
    "_*_": (multiply, flat),
    "_/_": (divide, flat),
    "_%_": (modulo, flat),
    "@in": (is_in, in_cost),
    "_[_]": (index, flat),
    "_[?_]": (optional_index, flat),
}
UNARY: dict[str, Callable[[Any], Any]] = {"!_": negation, "-_": negate}
