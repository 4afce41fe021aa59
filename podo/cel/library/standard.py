"""CEL's own functions and operators, and its optionals: the declarations of the language."""

from collections.abc import Callable
from typing import Any

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..patterns import pattern
from ..types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    list_of,
    map_of,
    optional_of,
    param,
)
from ..values import NONE, Optional, is_zero, kind_of
from . import convert, costs

A, B = param("A"), param("B")
LIST, MAP = list_of(A), map_of(A, B)
NUMBERS = {"int64": INT, "uint64": UINT, "double": DOUBLE}


def _order(name: str) -> list[Overload]:
    """The overloads of a comparison: each kind with itself, numbers with each other."""
    same = {"bool": BOOL, "string": STRING, "bytes": BYTES, "timestamp": TIMESTAMP, "duration": DURATION}
    found = [Overload(f"{name}_{kind}", (of, of), BOOL) for kind, of in same.items()]
    for kind, of in NUMBERS.items():
        for other, other_of in NUMBERS.items():
            suffix = kind if kind == other else f"{kind}_{other}"
            found.append(Overload(f"{name}_{suffix}", (of, other_of), BOOL))
    return found


def _plain(name: str, **kinds: Type) -> list[Overload]:
    """The overloads of an operator on two of one kind."""
    return [Overload(f"{name}_{kind}", (of, of), of) for kind, of in kinds.items()]


OPERATORS: dict[str, list[Overload]] = {
    "_?_:_": [Overload("conditional", (BOOL, A, A), A)],
    "_&&_": [Overload("logical_and", (BOOL, BOOL), BOOL)],
    "_||_": [Overload("logical_or", (BOOL, BOOL), BOOL)],
    "!_": [Overload("logical_not", (BOOL,), BOOL)],
    "@not_strictly_false": [Overload("not_strictly_false", (BOOL,), BOOL)],
    "_==_": [Overload("equals", (A, A), BOOL)],
    "_!=_": [Overload("not_equals", (A, A), BOOL)],
    "_+_": [
        *_plain("add", bytes=BYTES, double=DOUBLE),
        Overload("add_duration_duration", (DURATION, DURATION), DURATION),
        Overload("add_duration_timestamp", (DURATION, TIMESTAMP), TIMESTAMP),
        Overload("add_timestamp_duration", (TIMESTAMP, DURATION), TIMESTAMP),
        *_plain("add", int64=INT, list=LIST, string=STRING, uint64=UINT),
    ],
    "_-_": [
        *_plain("subtract", double=DOUBLE),
        Overload("subtract_duration_duration", (DURATION, DURATION), DURATION),
        *_plain("subtract", int64=INT, uint64=UINT),
        Overload("subtract_timestamp_duration", (TIMESTAMP, DURATION), TIMESTAMP),
        Overload("subtract_timestamp_timestamp", (TIMESTAMP, TIMESTAMP), DURATION),
    ],
    "_*_": _plain("multiply", double=DOUBLE, int64=INT, uint64=UINT),
    "_/_": _plain("divide", double=DOUBLE, int64=INT, uint64=UINT),
    "_%_": _plain("modulo", int64=INT, uint64=UINT),
    "-_": [Overload("negate_double", (DOUBLE,), DOUBLE), Overload("negate_int64", (INT,), INT)],
    "_<_": _order("less"),
    "_<=_": _order("less_equals"),
    "_>_": _order("greater"),
    "_>=_": _order("greater_equals"),
    "_[_]": [
        Overload("index_list", (LIST, INT), A),
        Overload("index_map", (MAP, A), B),
        Overload("optional_list_index_int", (optional_of(LIST), INT), optional_of(A)),
        Overload("optional_map_index_value", (optional_of(MAP), A), optional_of(B)),
    ],
    "_[?_]": [
        Overload("list_optindex_optional_int", (LIST, INT), optional_of(A)),
        Overload("optional_list_optindex_optional_int", (optional_of(LIST), INT), optional_of(A)),
        Overload("map_optindex_optional_value", (MAP, A), optional_of(B)),
        Overload("optional_map_optindex_optional_value", (optional_of(MAP), A), optional_of(B)),
    ],
    "@in": [Overload("in_list", (A, LIST), BOOL), Overload("in_map", (A, MAP), BOOL)],
    "_?._": [Overload("select_optional_field", (DYN, STRING), optional_of(A))],
}


def _sizes() -> list[Overload]:
    found: list[Overload] = []
    for kind, of in {"bytes": BYTES, "list": LIST, "map": MAP, "string": STRING}.items():
        found.append(Overload(f"size_{kind}", (of,), INT, len))
        found.append(Overload(f"{kind}_size", (of,), INT, len, member=True))
    return found


def _conversions(target: Type, name: str, **sources: tuple[Type, Callable[[Any], Any]]) -> list[Overload]:
    return [Overload(f"{source}_to_{name}", (of,), target, run) for source, (of, run) in sources.items()]


CONVERSIONS: dict[str, list[Overload]] = {
    "type": [Overload("type", (A,), types.type_of(A), kind_of)],
    "dyn": [Overload("to_dyn", (A,), DYN, convert.same)],
    "bool": _conversions(BOOL, "bool", bool=(BOOL, convert.same), string=(STRING, convert.string_to_bool)),
    "bytes": [
        Overload("bytes_to_bytes", (BYTES,), BYTES, convert.same),
        Overload("string_to_bytes", (STRING,), BYTES, str.encode, cost=costs.by_first()),
    ],
    "double": _conversions(
        DOUBLE, "double", double=(DOUBLE, convert.same), int64=(INT, float), string=(STRING, convert.string_to_double),
        uint64=(UINT, float),
    ),
    "duration": _conversions(
        DURATION, "duration", duration=(DURATION, convert.same), int64=(INT, convert.int_to_duration),
        string=(STRING, convert.string_to_duration),
    ),
    "int": _conversions(
        INT, "int64", int64=(INT, convert.same), double=(DOUBLE, convert.double_to_int),
        duration=(DURATION, convert.duration_to_int), string=(STRING, convert.string_to_int),
        timestamp=(TIMESTAMP, convert.timestamp_to_int), uint64=(UINT, convert.uint_to_int),
    ),
    "string": [
        *_conversions(STRING, "string", string=(STRING, convert.same), bool=(BOOL, convert.to_string)),
        Overload("bytes_to_string", (BYTES,), STRING, convert.bytes_to_string, cost=costs.by_first()),
        *_conversions(
            STRING, "string", double=(DOUBLE, convert.to_string), duration=(DURATION, convert.to_string),
            int64=(INT, convert.to_string), timestamp=(TIMESTAMP, convert.to_string), uint64=(UINT, convert.to_string),
        ),
    ],
    "timestamp": _conversions(
        TIMESTAMP, "timestamp", timestamp=(TIMESTAMP, convert.same), int64=(INT, convert.int_to_timestamp),
        string=(STRING, convert.string_to_timestamp),
    ),
    "uint": _conversions(
        UINT, "uint64", uint64=(UINT, convert.same), double=(DOUBLE, convert.double_to_uint),
        int64=(INT, convert.int_to_uint), string=(STRING, convert.string_to_uint),
    ),
}  # fmt: skip


def matches(text: str, wanted: str) -> bool:
    return pattern(wanted).search(text) is not None


def _text(id: str, run: Callable[[str, str], bool], cost: Any) -> list[Overload]:
    return [Overload(id, (STRING, STRING), BOOL, run, member=True, cost=cost)]


STRINGS: dict[str, list[Overload]] = {
    "size": _sizes(),
    "contains": _text("contains_string", str.__contains__, costs.substring),
    "endsWith": _text("ends_with_string", lambda text, end: text.endswith(end), costs.by_first()),
    "startsWith": _text("starts_with_string", lambda text, start: text.startswith(start), costs.by_first()),
    "matches": [
        Overload("matches", (STRING, STRING), BOOL, matches),
        Overload("matches_string", (STRING, STRING), BOOL, matches, member=True, cost=costs.regex),
    ],
}


def optional_value(value: Optional) -> Any:
    if value.present:
        return value.value
    raise EvalError("optional.none() dereference")


def unwrap(values: list[Any]) -> list[Any]:
    return [one.value for one in values if isinstance(one, Optional) and one.present]


def first(values: list[Any]) -> Optional:
    return Optional(values[0]) if values else NONE


def last(values: list[Any]) -> Optional:
    return Optional(values[-1]) if values else NONE


OPT = optional_of(A)
OPTIONALS: dict[str, list[Overload]] = {
    "optional.of": [Overload("optional_of", (A,), OPT, Optional)],
    "optional.ofNonZeroValue": [
        Overload("optional_ofNonZeroValue", (A,), OPT, lambda value: NONE if is_zero(value) else Optional(value))
    ],
    "optional.none": [Overload("optional_none", (), OPT, lambda: NONE)],
    "value": [Overload("optional_value", (OPT,), A, optional_value, member=True)],
    "hasValue": [Overload("optional_hasValue", (OPT,), BOOL, lambda value: value.present, member=True)],
    "or": [Overload("optional_or_optional", (OPT, OPT), OPT, member=True)],
    "orValue": [Overload("optional_orValue_value", (OPT, A), A, member=True)],
    "first": [Overload("list_first", (LIST,), OPT, first, member=True)],
    "last": [Overload("list_last", (LIST,), OPT, last, member=True)],
    "optional.unwrap": [Overload("optional_unwrap", (list_of(OPT),), LIST, unwrap)],
    "unwrapOpt": [Overload("optional_unwrapOpt", (list_of(OPT),), LIST, unwrap, member=True)],
}
