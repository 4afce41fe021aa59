"""Conversions between CEL's types: `int("3")`, `string(duration)`, and their errors."""

import math
import re
from typing import Any

from ..errors import EvalError
from ..times import duration_text, parse_duration, parse_timestamp, timestamp_text
from ..values import (
    SECOND,
    Duration,
    Timestamp,
    Uint,
    checked_duration,
    checked_int,
    checked_timestamp,
    checked_uint,
)

TRUE = frozenset({"1", "t", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "false", "FALSE", "False"})
INT = re.compile(r"[+-]?[0-9]+", re.ASCII)
FLOAT = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity)|nan", re.ASCII | re.IGNORECASE
)


def _cannot(source: str, target: str) -> EvalError:
    return EvalError(f"type conversion error from '{source}' to '{target}'")


def same(value: Any) -> Any:
    return value


def string_to_bool(text: str) -> bool:
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise _cannot("string", "bool")


def string_to_int(text: str) -> int:
    if not INT.fullmatch(text):
        raise _cannot("string", "int")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise _cannot("string", "int")
    return number


def string_to_uint(text: str) -> Uint:
    if not re.fullmatch(r"[0-9]+", text, re.ASCII) or int(text) >= 2**64:
        raise _cannot("string", "uint")
    return Uint(int(text))


def string_to_double(text: str) -> float:
    if not FLOAT.fullmatch(text):
        raise _cannot("string", "double")
    return float(text)


def double_to_int(value: float) -> int:
    if not math.isfinite(value) or not -(2.0**63) < value < 2.0**63:
        raise EvalError("integer overflow")
    return int(value)


def double_to_uint(value: float) -> Uint:
    if not math.isfinite(value) or not 0 <= value < 2.0**64:
        raise EvalError("unsigned integer overflow")
    return Uint(int(value))


def int_to_uint(value: int) -> Uint:
    return checked_uint(int(value))


def uint_to_int(value: Uint) -> int:
    return checked_int(int(value))


def int_to_timestamp(value: int) -> Timestamp:
    return checked_timestamp(value * SECOND)


def int_to_duration(value: int) -> Duration:
    return checked_duration(value * SECOND)


def timestamp_to_int(value: Timestamp) -> int:
    return int(value) // SECOND


def duration_to_int(value: Duration) -> int:
    return int(value)


def string_to_duration(text: str) -> Duration:
    try:
        return parse_duration(text)
    except EvalError:
        raise _cannot("string", "google.protobuf.Duration") from None


def string_to_timestamp(text: str) -> Timestamp:
    try:
        return parse_timestamp(text)
    except EvalError:
        raise _cannot("string", "google.protobuf.Timestamp") from None


def bytes_to_string(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvalError("invalid UTF-8 in bytes, cannot convert to string") from None


def to_string(value: Any) -> str:
    """How `string()` and `%s` write a scalar."""
    if type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is float:
        return double_text(value)
    if type(value) is Timestamp:
        return timestamp_text(value)
    if type(value) is Duration:
        return duration_text(value)
    if type(value) is bytes:
        return bytes_to_string(value)
    return str(int(value))


def double_text(value: float) -> str:
    """The shortest text of a double, with an exponent as Go's %g writes it."""
    if not math.isfinite(value):
        return "NaN" if value != value else ("+Inf" if value > 0 else "-Inf")
    mantissa, _, exponent = f"{value!r}".partition("e")
    digits = mantissa.replace(".", "").replace("-", "").lstrip("0")
    power = math.floor(math.log10(abs(value))) if value else 0
    if -4 <= power < 21:
        if not exponent:
            return mantissa.removesuffix(".0")
        return f"{value:.{max(len(digits) - 1 - power, 0)}f}"
    if not exponent:
        mantissa, _, exponent = f"{value:.{max(len(digits.rstrip('0')) - 1, 0)}e}".partition("e")
    number = int(exponent)
    return f"{mantissa.removesuffix('.0')}e{'-' if number < 0 else '+'}{abs(number):02d}"
