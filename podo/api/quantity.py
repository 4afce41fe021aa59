"""Quantities: numbers with a decimal or binary suffix (apimachinery's resource.Quantity).

`parse` gives the exact value; `canonical` the one spelling that the API stores for it.
"""

import re
from decimal import ROUND_CEILING, ROUND_UP, Decimal

from podo.api.remembering import remembering

BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BY_EXPONENT = {v: k for k, v in DECIMAL.items()}
BY_POWER = {v: k for k, v in BINARY.items()}
_PATTERN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+|[numkMGTPE]|)")
MAX = Decimal(2**63 - 1)
SUFFIX_MESSAGE = "unable to parse quantity's suffix"
FORMAT_MESSAGE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class QuantityError(ValueError):
    """The text is no quantity; the message is the API's."""


MOST_DIGITS = 100
"""Digits on either side of the point that can make a difference to what is kept."""


def _bounded(digits: str) -> str:
    """The number, or one that is as good: beyond all bounds, or in no digit different that counts."""
    whole, point, fraction = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > MOST_DIGITS:
        whole, fraction = "1" + "0" * MOST_DIGITS, ""
    if len(fraction) > MOST_DIGITS:
        fraction = fraction[:MOST_DIGITS] + ("1" if fraction[MOST_DIGITS:].strip("0") else "")
    return f"{whole}{point}{fraction}"


@remembering(4096)
def _split(text: str) -> tuple[Decimal, str]:
    """(value, suffix) of a quantity. Raises QuantityError."""
    match = _PATTERN.fullmatch(text)
    if not match:
        number = re.match(r"[+-]?(\d+\.?\d*|\.\d+)", text)
        suffix = text[number.end() :] if number else ""
        known_letters = number is not None and re.fullmatch(r"[eEinumkKMGTP]*[-+]?[0-9]*", suffix)
        raise QuantityError(SUFFIX_MESSAGE if known_letters else FORMAT_MESSAGE)
    sign, digits, suffix = match.groups()
    value = Decimal(sign + _bounded(digits))
    if suffix in BINARY:
        value *= Decimal(1024) ** BINARY[suffix]
    elif suffix in DECIMAL:
        value = value.scaleb(DECIMAL[suffix])
    else:
        exponent = int(suffix[1:]) if len(suffix) < 20 else 1 << 62
        if abs(exponent) > 10_000:
            raise QuantityError(FORMAT_MESSAGE)
        value = value.scaleb(exponent)
    value = max(-MAX, min(MAX, value))
    nano = value.scaleb(9)
    if nano != nano.to_integral_value():  # finer than nano rounds away from zero
        value = nano.to_integral_value(rounding=ROUND_UP).scaleb(-9)
    return value, suffix


def parse(text: str | int | float) -> Decimal:
    """The exact value of a quantity. Raises QuantityError."""
    return _split(str(text))[0]


def to_int(text: str | int | float) -> int:
    """The value rounded up to a whole number: bytes, pods. Raises QuantityError."""
    return int(parse(text).to_integral_value(rounding=ROUND_CEILING))


def to_milli(text: str | int | float) -> int:
    """The value in thousandths, rounded up: millicores. Raises QuantityError."""
    return int((parse(text) * 1000).to_integral_value(rounding=ROUND_CEILING))


@remembering(4096)
def canonical(text: str) -> str:
    """The spelling that the API stores: no fraction, the largest suffix that allows it. Raises QuantityError."""
    return like(_split(text)[0], text)


def like(value: Decimal, model: str) -> str:
    """`value` in the kind of spelling that `model` has: binary, decimal or with an exponent."""
    suffix = _split(model)[1]
    if suffix in BINARY:
        return format_binary(value)
    if suffix[:1] in ("e", "E") and suffix not in DECIMAL:
        return _format_exponent(value)
    return format_decimal(value)


def format_decimal(value: Decimal) -> str:
    """With a decimal suffix: 1500m, 2, 3k."""
    mantissa, exponent = _engineering(value)
    return f"{mantissa}{BY_EXPONENT[exponent]}"


def format_binary(value: Decimal) -> str:
    """With a binary suffix where the value is a whole number of them; small fractions fall back to decimal ones."""
    if value != value.to_integral_value() or abs(value) < 1024:
        return format_decimal(value)
    number, power = int(value), 0
    while power < 6 and number and number % 1024 == 0:
        number, power = number // 1024, power + 1
    return f"{number}{BY_POWER[power] if power else ''}"


def _format_exponent(value: Decimal) -> str:
    mantissa, exponent = _engineering(value)
    return f"{mantissa}e{exponent}" if exponent else str(mantissa)


def _engineering(value: Decimal) -> tuple[int, int]:
    """(whole mantissa, exponent, a multiple of 3 from -9 to 18) with the largest exponent that keeps it whole."""
    if not value:
        return 0, 0
    exponent = -9
    number = int(value.scaleb(9))
    while exponent < 18 and number % 1000 == 0:
        number, exponent = number // 1000, exponent + 3
    return number, exponent
