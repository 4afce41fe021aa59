"""Canonical spellings of quantities and times, and the rounding of resource lists."""

from contextlib import suppress
from decimal import ROUND_CEILING
from typing import Any

from podo.api import quantity, timestamps
from podo.api.remembering import remembering

FINER_THAN_MILLI = ("n", "u")


def quantity_text(value: Any) -> str:
    """The canonical spelling of a quantity; what is none stays as it is, for the decoder to have refused."""
    text = str(value).strip()
    with suppress(quantity.QuantityError):
        return quantity.canonical(text)
    return text


def time_text(value: str) -> str:
    """A metav1.Time: UTC, to the second."""
    if len(value) == 20 and value[-1] == "Z":  # it is in this form nearly always
        return value
    with suppress(ValueError):
        return timestamps.format_time(timestamps.parse(value))
    return value


@remembering(4096)
def _round_up_to_milli(text: str) -> str:
    value = quantity.parse(text)
    rounded = (value * 1000).to_integral_value(rounding=ROUND_CEILING) / 1000
    return text if rounded == value else quantity.format_decimal(rounded)


def round_up_resources(resources: dict[str, str] | None) -> None:
    """Resource lists keep no more than thousandths."""
    if resources:
        for name, text in resources.items():
            if text[-1:] in FINER_THAN_MILLI:
                resources[name] = _round_up_to_milli(text)
