"""JSON as Go's decoder reads it: members in order with their repetitions, numbers as they are spelled.

Go is lenient where others are not: bytes that are no UTF-8, and halves of surrogate pairs, become U+FFFD.
"""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from . import syntax

MAX_DEPTH = 400
"""Deeper bodies are refused. (Kubernetes allows 10,000; no object of use comes near either.)"""

_SURROGATE = re.compile("[\ud800-\udfff]")


class JSONError(ValueError):
    """The body is not JSON; the message is Go's."""


class Pairs(list[tuple[str, Any]]):
    """An object's members in the order of the text, repetitions included."""

    def items(self) -> Iterable[tuple[str, Any]]:
        return self


class Number(str):
    """A number as it is spelled."""

    def value(self) -> int | float:
        """What an untyped Go field holds: an int64 where it is one, else a float64. Raises OverflowError."""
        if "." not in self and re.fullmatch(r"-?\d+", self):
            whole = int(self) if len(self) < 21 else 1 << 64
            if -(1 << 63) <= whole < 1 << 63:
                return whole
        number = float(self)
        if number in (float("inf"), float("-inf")):
            raise OverflowError(str(self))
        return number


def _replace(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for each byte that is not UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd", error.start + 1


codecs.register_error("podo-byte-by-byte", _replace)


def parse(body: bytes) -> Any:
    """The value: `Pairs`, lists, strings, `Number`s, booleans, None. Raises JSONError."""
    text = body.decode("utf-8", "podo-byte-by-byte")
    try:
        syntax.check_depth(text, MAX_DEPTH)
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise JSONError(syntax.explain(text) or str(error)) from error


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _pairs(members: list[tuple[str, Any]]) -> Pairs:
    return Pairs((_clean(key), _clean(value) if isinstance(value, str) else value) for key, value in members)


def _clean(text: str) -> str:
    if text.isascii() or isinstance(text, Number):
        return text
    return _SURROGATE.sub("\ufffd", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=Number, parse_int=Number, parse_constant=_no_constant, strict=True
)


def plain(value: Any) -> Any:
    """The value as dicts, lists and numbers; the last of repeated members wins. Raises OverflowError."""
    if isinstance(value, Pairs):
        return {key: plain(member) for key, member in value}
    if isinstance(value, list):
        return [_clean(v) if isinstance(v, str) and not isinstance(v, Number) else plain(v) for v in value]
    return value.value() if isinstance(value, Number) else value


class _FloatError(Exception):
    """A number with a fraction or an exponent: rare enough to be looked at twice."""


def _refuse(text: str) -> NoReturn:
    raise _FloatError(text)


_QUICK = msgspec.json.Decoder(float_hook=_refuse)


def quick(body: bytes) -> Any:
    """The value, if the body is plain: no floats, no repeated members. None if it needs `parse`."""
    try:
        value = _QUICK.decode(body)
        same_length = len(msgspec.json.format(body, indent=-1)) == len(msgspec.json.encode(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, _FloatError, RecursionError):
        return None
    return value if same_length or not _repeats(body) else None


def _repeats(body: bytes) -> bool:
    """Whether some object has two members of one name."""

    def check(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(members)
        if len(found) != len(members):
            raise ValueError("repeated member")
        return found

    try:
        json.loads(body, object_pairs_hook=check)
    except (ValueError, RecursionError):
        return True
    return False
