"""`"%s has %d".format([…])`: the clauses of the strings extension."""

import json
import math
from collections.abc import Callable
from typing import Any

from ..errors import EvalError
from ..types import Type
from ..values import Duration, Timestamp, Uint, type_name
from . import convert

PRECISION = 6


def format_string(template: str, args: list[Any]) -> str:
    """Fill in the clauses; raises EvalError for a bad one, or for too few arguments."""
    out: list[str] = []
    at = used = 0
    while at < len(template):
        char = template[at]
        at += 1
        if char != "%":
            out.append(char)
            continue
        if template[at : at + 1] == "%":
            out.append("%")
            at += 1
            continue
        if at >= len(template):
            raise EvalError("unexpected end of string")
        if used >= len(args):
            raise EvalError(f"index {used} out of range")
        at, clause, precision = _clause(template, at)
        out.append(_shown(clause, precision, args[used]))
        used += 1
    return "".join(out)


def _clause(template: str, at: int) -> tuple[int, str, int]:
    """(where to go on, the letter, the precision) of the clause that starts after the percent sign."""
    precision = PRECISION
    if template[at] == ".":
        end = at + 1
        while end < len(template) and template[end].isdigit():
            end += 1
        if end == at + 1 or end == len(template):
            raise EvalError("could not parse formatting clause: error while parsing precision")
        precision, at = int(template[at + 1 : end]), end
    letter = template[at]
    if letter not in CLAUSES:
        raise EvalError(f'could not parse formatting clause: unrecognized formatting clause "{letter}"')
    return at + 1, letter, precision


def _shown(letter: str, precision: int, value: Any) -> str:
    try:
        return CLAUSES[letter](value, precision)
    except EvalError as error:
        raise EvalError(f"error during formatting: {error}") from None


def text(value: Any, precision: int = PRECISION) -> str:
    """`%s`: any value but an opaque one."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(_inner(one) for one in value)}]"
    if isinstance(value, dict):
        pairs = sorted((_inner(key), _inner(inner)) for key, inner in value.items())
        return "{" + ", ".join(f"{key}:{inner}" for key, inner in pairs) + "}"
    if isinstance(value, Type):
        return value.name
    if isinstance(value, bool | int | float | str | bytes):
        return convert.to_string(value)
    raise _refused(
        "string", "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps", value
    )


def _inner(value: Any) -> str:
    """A value within a list or map, as an expression would write it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return "b" + json.dumps(convert.bytes_to_string(value), ensure_ascii=False)
    if type(value) is float:
        return f"{value:.6f}" if math.isfinite(value) else f'"{convert.double_text(value)}"'
    if type(value) is Timestamp:
        return f'timestamp("{convert.to_string(value)}")'
    if type(value) is Duration:
        return f'duration("{convert.to_string(value)}")'
    if isinstance(value, Type):
        return f"type({value.name})"
    return text(value)


def _refused(clause: str, wanted: str, value: Any) -> EvalError:
    return EvalError(f"{clause} clause can only be used on {wanted}, was given {type_name(value)}")


def _decimal(value: Any, precision: int) -> str:
    if type(value) not in (int, Uint):
        raise _refused("decimal", "integers", value)
    return str(int(value))


def _double(clause: str, value: Any) -> float:
    if type(value) is float:
        return value
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise _refused(clause, "doubles", value)


def _special(value: float) -> str | None:
    if math.isfinite(value):
        return None
    return "NaN" if value != value else ("∞" if value > 0 else "-∞")


def _fixed(value: Any, precision: int) -> str:
    number = _double("fixed-point", value)
    return _special(number) or f"{number:,.{precision}f}"


def _scientific(value: Any, precision: int) -> str:
    number = _double("scientific", value)
    special = _special(number)
    if special is not None:
        return special
    mantissa, _, exponent = f"{number:.{precision}e}".partition("e")
    return f"{mantissa}×10{_superscript(int(exponent))}"


def _superscript(exponent: int) -> str:
    digits = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    return f"{exponent:03d}".translate(digits) if exponent < 0 else f"{exponent:02d}".translate(digits)


def _binary(value: Any, precision: int) -> str:
    if value is True or value is False:
        return "1" if value else "0"
    if type(value) in (int, Uint):
        return f"{int(value):b}"
    raise _refused("binary", "integers and bools", value)


def _hex(value: Any, precision: int) -> str:
    if isinstance(value, str):
        return value.encode().hex()
    if isinstance(value, bytes):
        return value.hex()
    if type(value) in (int, Uint):
        return f"{int(value):x}"
    raise _refused("hex", "integers, byte buffers, and strings", value)


def _octal(value: Any, precision: int) -> str:
    if type(value) in (int, Uint):
        return f"{int(value):o}"
    raise _refused("octal", "integers", value)


CLAUSES: dict[str, Callable[[Any, int], str]] = {
    "s": text,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "x": _hex,
    "X": lambda value, precision: _hex(value, precision).upper(),
    "o": _octal,
}
