"""Values that are a number of Pods or a share of them."""

from typing import Any

from podo.api import names
from podo.api.field_errors import invalid
from podo.server.validation.fields import NEGATIVE, Errors


def non_negative(errs: Errors, path: str, value: Any) -> None:
    """A number of at least 0, or a percentage."""
    if isinstance(value, str):
        for message in names.percent(value):
            errs.append(invalid(path, value, message))
    elif value < 0:
        errs.append(invalid(path, value, NEGATIVE))


def at_most_all(errs: Errors, path: str, value: Any) -> None:
    """Not more than 100%."""
    if isinstance(value, str) and not names.percent(value) and int(value[:-1]) > 100:
        errs.append(invalid(path, value, "must not be greater than 100%"))


def number_of(value: Any) -> int:
    """The number, or the percentage's; a text that is neither counts as 0."""
    if not isinstance(value, str):
        return int(value)
    if not names.percent(value):
        return int(value[:-1])
    return int(value) if value.isascii() and value.lstrip("+-").isdigit() else 0
