"""CEL's values as Python's: JSON values are themselves, the rest are the classes below. Equality, order, size.

bool, int, float, str, bytes, None, list and dict stand for bool, int, double, string, bytes, null, list, and map or
object. Python holds `True == 1`, CEL does not: compare with `equal`.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from . import types
from .errors import EvalError
from .types import Type

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1
SECOND = 1_000_000_000


class Uint(int):
    """An unsigned number of 64 bits."""

    __slots__ = ()


class Timestamp(int):
    """Nanoseconds since 1970, of UTC. `offset` are the minutes from UTC that its text has."""

    offset: int = 0


class Duration(int):
    """Nanoseconds."""

    __slots__ = ()


class Optional:
    """A value, or none."""

    __slots__ = ("present", "value")

    def __init__(self, value: Any = None, *, present: bool = True) -> None:
        self.value, self.present = value, present


NONE = Optional(present=False)


class Opaque:
    """A value of a library: a quantity, an address. `cel_type` says which; equality is Python's."""

    __slots__ = ()
    cel_type: ClassVar[Type] = types.DYN


class SetList(list[Any]):
    """A list of x-kubernetes-list-type set: equal whatever its order."""

    __slots__ = ()


class MapList(list[Any]):
    """A list of x-kubernetes-list-type map: equal whatever its order, keyed by `keys`."""

    __slots__ = ("keys",)

    def __init__(self, elements: list[Any], keys: tuple[str, ...]) -> None:
        super().__init__(elements)
        self.keys = keys


class Struct(dict[str, Any]):
    """An object that an expression made: `spec` in `Object{spec: Object.spec{…}}`. `name` is that of its type."""

    __slots__ = ("name",)

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.name = name


TYPES: dict[type, Type] = {
    bool: types.BOOL,
    int: types.INT,
    Uint: types.UINT,
    float: types.DOUBLE,
    str: types.STRING,
    bytes: types.BYTES,
    type(None): types.NULL,
    Timestamp: types.TIMESTAMP,
    Duration: types.DURATION,
    list: types.list_of(types.DYN),
    SetList: types.list_of(types.DYN),
    MapList: types.list_of(types.DYN),
    dict: types.map_of(types.DYN, types.DYN),
    Optional: types.optional_of(types.DYN),
    Type: types.TYPE,
}
NUMBERS = frozenset({int, Uint, float})
NAMES = {"null": "null_type", "timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration"}


def kind_of(value: Any) -> Type:
    """The type of a value, as far as the value itself shows it."""
    found = TYPES.get(type(value))
    if found is not None:
        return found
    if isinstance(value, Struct):
        return types.struct(value.name)
    return value.cel_type if isinstance(value, Opaque) else types.DYN


def type_name(value: Any) -> str:
    """How run-time messages call the type of a value."""
    of = kind_of(value)
    return NAMES.get(of.kind, of.name)


def equal(left: Any, right: Any) -> bool:
    """CEL's equality: numbers across kinds, lists and maps by element, different kinds are just unequal."""
    kind = type(left)
    if kind is type(right) and kind is not list and kind is not dict and kind not in SPECIAL:
        return bool(left == right)
    if kind in NUMBERS and type(right) in NUMBERS:
        return bool(left == right)
    special = SPECIAL.get(kind)
    return special is not None and special(left, right)


def _equal_lists(left: list[Any], right: Any) -> bool:
    return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))


def _equal_sets(left: list[Any], right: Any) -> bool:
    return isinstance(right, list) and len(left) == len(right) and all(contains(right, one) for one in left)


def _equal_map_lists(left: "MapList", right: Any) -> bool:
    if not isinstance(right, list) or len(left) != len(right):
        return False
    known = {map_key(one, left.keys): one for one in right}
    return all((key := map_key(one, left.keys)) in known and equal(one, known[key]) for one in left)


def map_key(element: Any, keys: tuple[str, ...]) -> tuple[Any, ...]:
    """What identifies an element in a list of type map."""
    return tuple((type(element.get(key)), element.get(key)) for key in keys) if isinstance(element, dict) else ()


def _equal_maps(left: dict[Any, Any], right: Any) -> bool:
    return (
        isinstance(right, dict)
        and len(left) == len(right)
        and all(key in right and equal(value, right[key]) for key, value in left.items())
    )


def _equal_optionals(left: Optional, right: Any) -> bool:
    if not isinstance(right, Optional) or left.present != right.present:
        return False
    return not left.present or equal(left.value, right.value)


SPECIAL: dict[type, Callable[[Any, Any], bool]] = {
    list: _equal_lists,
    SetList: _equal_sets,
    MapList: _equal_map_lists,
    dict: _equal_maps,
    Struct: _equal_maps,
    Optional: _equal_optionals,
    Type: lambda left, right: isinstance(right, Type) and (left.kind, left.name) == (right.kind, right.name),
}


def contains(within: list[Any], value: Any) -> bool:
    """Whether an element of the list equals the value."""
    return value in within if type(value) is str else any(equal(one, value) for one in within)


ORDERED = frozenset({bool, str, bytes, Timestamp, Duration})


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1; raises EvalError for values that have no order."""
    kind, other = type(left), type(right)
    if (kind is not other or kind not in ORDERED) and not (kind in NUMBERS and other in NUMBERS):
        raise EvalError("no such overload")
    if left != left or right != right:
        raise EvalError("NaN values cannot be ordered")
    return int(left > right) - int(left < right)


def size(value: Any) -> int:
    """What costs count as the size of a value: characters, bytes, elements; 1 for all else."""
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    if type(value) is Optional and value.present:
        return size(value.value)
    if isinstance(value, Opaque):
        return int(getattr(value, "cel_size", 1))
    return 1


def is_zero(value: Any) -> bool:
    """Whether the value is the zero of its type: null, false, 0, "", empty."""
    if type(value) is Timestamp:
        return value == FIRST_TIME
    return value is None or (isinstance(value, bool | int | float | str | bytes | list | dict) and not value)


def checked_int(number: int) -> int:
    """The number, when it fits in 64 bits."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise EvalError("integer overflow")


def checked_uint(number: int) -> Uint:
    if 0 <= number <= UINT_MAX:
        return Uint(number)
    raise EvalError("unsigned integer overflow")


def checked_duration(nanoseconds: int) -> Duration:
    if INT_MIN <= nanoseconds <= INT_MAX:
        return Duration(nanoseconds)
    raise EvalError("duration overflow")


FIRST_TIME, LAST_TIME = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1


def checked_timestamp(nanoseconds: int) -> Timestamp:
    if FIRST_TIME <= nanoseconds <= LAST_TIME:
        return Timestamp(nanoseconds)
    raise EvalError("timestamp overflow")
