"""Quantities and semantic versions."""

import re
from decimal import Decimal
from typing import Any

from podo.api import quantity

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..types import BOOL, DOUBLE, INT, STRING
from ..values import Opaque
from . import costs
from .addresses import succeeds

QUANTITY_TYPE, SEMVER_TYPE = types.struct("kubernetes.Quantity"), types.struct("kubernetes.Semver")
NUMERIC = re.compile(r"0|[1-9][0-9]*", re.ASCII)
WORD = re.compile(r"[0-9A-Za-z-]+", re.ASCII)


class Quantity(Opaque):
    """An exact number."""

    __slots__ = ("value",)
    cel_type = QUANTITY_TYPE

    def __init__(self, value: Decimal) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


def parse_quantity(text: str) -> Quantity:
    """Raises EvalError."""
    try:
        return Quantity(quantity.parse(text))
    except quantity.QuantityError as error:
        raise EvalError(str(error)) from None


def is_integer(of: Quantity) -> bool:
    return of.value == of.value.to_integral_value() and abs(of.value) < 2**63


def as_integer(of: Quantity) -> int:
    if not is_integer(of):
        raise EvalError("cannot convert value to integer")
    return int(of.value)


def plus(one: Quantity, other: Quantity | int) -> Quantity:
    return Quantity(one.value + (other.value if isinstance(other, Quantity) else other))


def minus(one: Quantity, other: Quantity | int) -> Quantity:
    return Quantity(one.value - (other.value if isinstance(other, Quantity) else other))


def sign(of: Quantity) -> int:
    return (of.value > 0) - (of.value < 0)


class Semver(Opaque):
    """A version; `key` orders it: numbers, then pre-release parts. Build metadata does not count."""

    __slots__ = ("key", "numbers")
    cel_type = SEMVER_TYPE

    def __init__(self, numbers: tuple[int, int, int], pre: tuple[str, ...]) -> None:
        self.numbers = numbers
        ordered = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre)
        self.key = (numbers, not pre, ordered)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def parse_semver(text: str, normalize: bool = False) -> Semver:
    """`1.2.3-rc.1+build`; normalized, also `v1.2`. Raises EvalError."""
    if normalize:
        text = normalized(text)
    if not text:
        raise EvalError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise EvalError("No Major.Minor.Patch elements found")
    core, plus_sign, build = parts[2].partition("+")
    patch, dash, pre = core.partition("-")
    for name, number in zip(("major", "minor", "patch"), (parts[0], parts[1], patch), strict=True):
        if re.fullmatch(r"0[0-9]+", number):
            raise EvalError(f'{name.capitalize()} number must not contain leading zeroes "{number}"')
        if not NUMERIC.fullmatch(number):
            raise EvalError(f'Invalid character(s) found in {name} number "{number}"')
    pre_parts = tuple(pre.split(".")) if dash else ()
    for part in pre_parts:
        if not WORD.fullmatch(part):
            raise EvalError(f'Invalid character(s) found in prerelease "{part}"' if part else "Prerelease is empty")
        if part.isdigit() and not NUMERIC.fullmatch(part):
            raise EvalError(f'Numeric PreRelease version must not contain leading zeroes "{part}"')
    for part in build.split(".") if plus_sign else ():
        if not WORD.fullmatch(part):
            raise EvalError(
                f'Invalid character(s) found in build meta data "{part}"' if part else "Build meta data is empty"
            )
    return Semver((int(parts[0]), int(parts[1]), int(patch)), pre_parts)


def normalized(text: str) -> str:
    """Without the leading v and zeros, filled up to three numbers."""
    parts = text.removeprefix("v").split(".", 2)
    for at, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[at] = stripped if stripped[:1].isdigit() else "0" + stripped
    if len(parts) < 3 and ("+" in parts[-1] or "-" in parts[-1]):
        raise EvalError("short version cannot contain PreRelease/Build meta data")
    return ".".join([*parts, "0", "0"][: max(3, len(parts))])


def _order(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _member(id: str, args: tuple[Any, ...], result: Any, run: Any) -> Overload:
    return Overload(id, args, result, run, member=True, cost=costs.one)


QUANTITY2, SEMVER2 = (QUANTITY_TYPE, QUANTITY_TYPE), (SEMVER_TYPE, SEMVER_TYPE)
QUANTITY_LIBRARY: dict[str, list[Overload]] = {
    "quantity": [Overload("string_to_quantity", (STRING,), QUANTITY_TYPE, parse_quantity, cost=costs.by_first())],
    "isQuantity": [Overload("is_quantity_string", (STRING,), BOOL, succeeds(parse_quantity), cost=costs.by_first())],
    "sign": [Overload("quantity_sign", (QUANTITY_TYPE,), INT, sign, cost=costs.one)],
    "isGreaterThan": [
        _member("quantity_is_greater_than", QUANTITY2, BOOL, lambda one, other: one.value > other.value),
        _member("semver_is_greater_than", SEMVER2, BOOL, lambda one, other: one.key > other.key),
    ],
    "isLessThan": [
        _member("quantity_is_less_than", QUANTITY2, BOOL, lambda one, other: one.value < other.value),
        _member("semver_is_less_than", SEMVER2, BOOL, lambda one, other: one.key < other.key),
    ],
    "compareTo": [
        _member("quantity_compare_to", QUANTITY2, INT, lambda one, other: _order(one.value, other.value)),
        _member("semver_compare_to", SEMVER2, INT, lambda one, other: _order(one.key, other.key)),
    ],
    "asApproximateFloat": [_member("quantity_get_float", (QUANTITY_TYPE,), DOUBLE, lambda of: float(of.value))],
    "asInteger": [_member("quantity_get_int", (QUANTITY_TYPE,), INT, as_integer)],
    "isInteger": [_member("quantity_is_integer", (QUANTITY_TYPE,), BOOL, is_integer)],
    "add": [
        _member("quantity_add", QUANTITY2, QUANTITY_TYPE, plus),
        _member("quantity_add_int", (QUANTITY_TYPE, INT), QUANTITY_TYPE, plus),
    ],
    "sub": [
        _member("quantity_sub", QUANTITY2, QUANTITY_TYPE, minus),
        _member("quantity_sub_int", (QUANTITY_TYPE, INT), QUANTITY_TYPE, minus),
    ],
    "semver": [
        Overload("string_to_semver", (STRING,), SEMVER_TYPE, parse_semver, cost=costs.by_first()),
        Overload("string_bool_to_semver", (STRING, BOOL), SEMVER_TYPE, parse_semver, cost=costs.by_first()),
    ],
    "isSemver": [
        Overload("is_semver_string", (STRING,), BOOL, succeeds(parse_semver), cost=costs.by_first()),
        Overload(
            "is_semver_string_bool", (STRING, BOOL), BOOL,
            lambda text, normalize: succeeds(lambda one: parse_semver(one, normalize))(text), cost=costs.by_first(),
        ),
    ],
    "major": [_member("semver_major", (SEMVER_TYPE,), INT, lambda of: of.numbers[0])],
    "minor": [_member("semver_minor", (SEMVER_TYPE,), INT, lambda of: of.numbers[1])],
    "patch": [_member("semver_patch", (SEMVER_TYPE,), INT, lambda of: of.numbers[2])],
}  # fmt: skip
