"""Lists that have a largest size, and often hold each thing once."""

from collections.abc import Callable, Hashable
from typing import Any

from podo.api import names
from podo.api.field_errors import duplicate, invalid, required, too_long, too_many
from podo.server.validation.core.volume_sources import driver_name
from podo.server.validation.fields import Errors, Object, named

Check = Callable[[Errors, Any, str], None]
POOL_MAX, ID_MAX, DOMAIN_MAX = 253, 32, 63


def sized(errs: Errors, values: list[Any], most: int, check: Check, path: str) -> bool:
    """A list of at most so many items. Gives whether it is short enough, and thus its items were looked at."""
    if 0 <= most < len(values):
        errs.append(too_many(path, len(values), most))
        return False
    for index, value in enumerate(values):
        check(errs, value, f"{path}[{index}]")
    return True


def distinct(
    errs: Errors, values: list[Any], most: int, check: Check, path: str, key: Callable[[Any], Hashable] = str
) -> None:
    """A list of different things."""
    if not sized(errs, values, most, check, path):
        return
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if key(value) in seen:
            errs.append(duplicate(f"{path}[{index}]", key(value)))
        seen.add(key(value))


def by_name(value: Object) -> str:
    """The name of an item."""
    return str(value.get("name", ""))


def label(errs: Errors, value: str, path: str) -> None:
    """A DNS label."""
    named(errs, path, value, names.dns1123_label)


def label_name(errs: Errors, value: str, path: str) -> None:
    """The key of a label."""
    named(errs, path, value, names.qualified_name)


def pool_name(errs: Errors, value: str, path: str) -> None:
    """Domains with slashes between them."""
    if not value:
        errs.append(required(path))
        return
    if len(value) > POOL_MAX:
        errs.append(too_long(path, POOL_MAX))
    for part in value.split("/"):
        named(errs, path, part, names.dns1123_subdomain)


def qualified(errs: Errors, value: str, path: str) -> None:
    """A C identifier, maybe after the domain of a driver."""
    parts = value.split("/")
    if len(parts) == 1:
        _identifier(errs, value, path)
    elif len(parts) == 2:
        if parts[0]:
            driver_name(errs, path, parts[0])
        else:
            errs.append(invalid(path, "", "the domain must not be empty"))
        if parts[1]:
            _identifier(errs, parts[1], path)
        else:
            errs.append(invalid(path, "", "the name must not be empty"))


def fully_qualified(errs: Errors, value: str, path: str) -> None:
    """The same with a domain."""
    qualified(errs, value, path)
    if "/" not in value:
        message = "a fully qualified name must be a domain and a name separated by a slash"
        errs.append(invalid(path, value, message))


def _identifier(errs: Errors, value: str, path: str) -> None:
    if len(value) > ID_MAX:
        errs.append(too_long(path, ID_MAX))
    named(errs, path, value, names.c_identifier)


def shortened(key: str, most: int) -> str:
    """A key as paths show it, with the middle of a long one cut out."""
    if len(key) <= most:
        return key
    rest = most - 3
    return key[: (rest + 1) // 2] + "..." + key[len(key) - rest // 2 :]
