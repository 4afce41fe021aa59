"""Checks of single fields. Each appends what it finds wrong to `errs`; `path` names the field: `spec.ports[0]`."""

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Any

from podo.api import names, quantity
from podo.api.field_errors import FieldError, invalid, not_supported, required

Errors = list[FieldError]
Object = dict[str, Any]

NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"
NOT_INTEGER = "must be an integer"
IMMUTABLE = "field is immutable"


def named(errs: Errors, path: str, value: str, check: Callable[[str], list[str]]) -> None:
    """A value that must be a name of some sort: `check` is one of podo.api.names."""
    for message in check(value):
        errs.append(invalid(path, value, message))


def needed(errs: Errors, obj: Object, path: str, *fields: str) -> None:
    """Fields that must not be empty."""
    for field in fields:
        if not obj.get(field):
            errs.append(required(f"{path}.{field}"))


def needed_name(errs: Errors, path: str, value: str, check: Callable[[str], list[str]]) -> None:
    """A name that must be there and be good."""
    if value:
        named(errs, path, value, check)
    else:
        errs.append(required(path))


def non_negative(errs: Errors, path: str, value: int | None) -> None:
    """A number of at least 0, if there is one."""
    if value is not None and value < 0:
        errs.append(invalid(path, value, NEGATIVE))


def positive(errs: Errors, path: str, value: int) -> None:
    """A number of at least 1."""
    if value <= 0:
        errs.append(invalid(path, value, NOT_POSITIVE))


def ranged(errs: Errors, path: str, value: int, low: int, high: int) -> None:
    """A number between two others, both included."""
    for message in names.in_range(value, low, high):
        errs.append(invalid(path, value, message))


def one_of(errs: Errors, path: str, value: Any, supported: Iterable[str]) -> None:
    """One of a few words; the message lists them sorted."""
    if value not in supported:
        errs.append(not_supported(path, value, sorted(supported)))


def immutable(errs: Errors, path: str, new: Any, old: Any) -> None:
    """A field that may not change."""
    if new != old:
        errs.append(invalid(path, new, IMMUTABLE))


def unique(errs: Errors, path: str, value: str, seen: set[str], error: Callable[[str, str], FieldError]) -> None:
    """A value that stands only once among `seen`, to which it is added."""
    if value in seen:
        errs.append(error(path, value))
    seen.add(value)


def amount(text: Any) -> Decimal:
    """The value of a quantity; what is none counts as nothing, for the decoder refuses it."""
    try:
        return quantity.parse(text)
    except quantity.QuantityError:
        return Decimal(0)


def non_negative_quantity(errs: Errors, path: str, text: str) -> None:
    """A quantity of at least 0."""
    if amount(text) < 0:
        errs.append(invalid(path, text, NEGATIVE))


def only(obj: Object, allowed: Collection[str]) -> list[str]:
    """The fields that are set although they are not allowed, in order."""
    return sorted(key for key, value in obj.items() if key not in allowed and value is not None)
