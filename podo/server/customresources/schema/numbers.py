"""Limits of numbers, with Go's difference between integers and floats."""

import struct
from collections.abc import Iterator

from .results import Code, Finding, go_number
from .structural import Schema

_SAFE = (1 << 53) - 1
_RANGES = {"int32": 1 << 31, "int64": 1 << 63}


def is_whole(value: float) -> bool:
    """Whether a float stands for an integer, as JSON has it."""
    if value != value or value in (float("inf"), float("-inf")) or abs(value) > _SAFE:
        return False
    rounded = float(int(value))
    return value == rounded or (rounded != 0 and abs(value - rounded) / (abs(value) + abs(rounded)) < 1e-9)


def number_findings(value: float, schema: Schema, path: str, type: str, format: str) -> Iterator[Finding]:
    """What is wrong with a number; `type` is "" where it is not the only one."""
    if (finding := _range(value, "Checked", path, type, format)) is not None:
        yield finding
    if (factor := schema.get("multipleOf")) is not None:
        yield from _multiple(value, factor, path, type, format)
    if (most := schema.get("maximum")) is not None:
        yield from _limit(value, most, path, type, format, bool(schema.get("exclusiveMaximum")), most=True)
    if (least := schema.get("minimum")) is not None:
        yield from _limit(value, least, path, type, format, bool(schema.get("exclusiveMinimum")), most=False)


def _range(value: float, what: str, path: str, type: str, format: str) -> Finding | None:
    """That the number can be of the type and format at all."""
    if type == "integer":
        limit = _RANGES.get(format, 1 << 63)
        good = not (isinstance(value, float) and not value.is_integer()) and -limit <= int(value) < limit
    else:
        good = format != "float" or _fits_float32(value)
    if good:
        return None
    how = f"with format {format}" if format else "(default format)"
    return Finding(Code.COMPOSITE, f"{what} value must be of type {type or 'number'} {how} in {path}")


def _fits_float32(value: float) -> bool:
    try:
        struct.pack("f", value)
    except OverflowError:
        return False
    return True


def _multiple(value: float, factor: float, path: str, type: str, format: str) -> Iterator[Finding]:
    wrong = _range(factor, "MultipleOf", path, type, format)
    if wrong is not None:
        yield wrong
    whole = wrong is None and isinstance(value, int)
    divisor = int(factor) if whole else factor
    if divisor <= 0:
        text = f"factor MultipleOf declared for {path} must be positive: {go_number(divisor)}"
        yield Finding(Code.OTHER, text, path, divisor)
        return
    quotient = 1 / divisor * value if divisor < 1 else value / divisor
    if not (value % divisor == 0 if whole else is_whole(quotient)):
        yield Finding(Code.OTHER, f"{path} in body should be a multiple of {go_number(divisor)}", path, value)


def _limit(
    value: float, limit: float, path: str, type: str, format: str, exclusive: bool, *, most: bool
) -> Iterator[Finding]:
    what = "Maximum boundary" if most else "Minimum boundary"
    wrong = _range(limit, what, path, type, format)
    if wrong is not None:
        yield wrong
    bound = int(limit) if wrong is None and isinstance(value, int) else limit
    broken = value > bound if most else value < bound
    if broken or (exclusive and value == bound):
        words = "less than" if most else "greater than"
        words += "" if exclusive else " or equal to"
        yield Finding(Code.OTHER, f"{path} in body should be {words} {go_number(bound)}", path, value)
