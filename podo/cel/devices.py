"""Selectors of devices (KEP-4381): the environment of their expressions, and a device as they see it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .check.costs import estimate
from .check.scope import StaticTypes
from .environment import Environment, Program
from .errors import CompileError, EvalError
from .library.quantities import QUANTITY_TYPE, parse_quantity, parse_semver
from .types import BOOL, STRING, Type, map_of, struct

MAX_COST = 1_000_000
"""The most that a selector may be estimated to cost, and the most that a run may."""
ANY = Type("dyn", "any")
DEVICE = struct("kubernetes.DRADevice")
FIELDS = {
    "driver": STRING,
    "allowMultipleAllocations": BOOL,
    "attributes": map_of(STRING, map_of(STRING, ANY)),
    "capacity": map_of(STRING, map_of(STRING, QUANTITY_TYPE)),
}
DRIVER_MAX, DOMAIN_MAX, ID_MAX, VALUE_MAX, ENTRIES_MAX = 63, 63, 32, 64, 32
"""Characters of a driver's name, of a domain, an identifier and a value; and attributes of a device."""


class SelectorError(Exception):
    """A selector that cannot be used; the message says why."""


class TooExpensive(Exception):
    """A selector may cost more than it is allowed to."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    return Environment({"device": DEVICE}, StaticTypes({DEVICE.name: FIELDS}), bindings=True)


@lru_cache(maxsize=512)
def selector(source: str) -> Program:
    """The compiled selector. Raises SelectorError, TooExpensive."""
    try:
        program = environment().compile(source)
    except CompileError as error:
        raise SelectorError(error.detail) from None
    if program.type not in (BOOL, ANY):
        raise SelectorError(f"must evaluate to bool or the unknown type, not {program.type}")
    if estimate(program.tree, size_of).high > MAX_COST:
        raise TooExpensive("too complex, exceeds cost limit")
    return program


def size_of(path: tuple[str, ...]) -> int | None:
    """The most characters or entries at a path below `device`."""
    names = {"driver": DRIVER_MAX, "allowMultipleAllocations": 1}
    if path[:1] != ("device",) or len(path) < 2:
        return None
    if path[1] in names:
        return names[path[1]] if len(path) == 2 else None
    below = path[2:]
    if not below:
        return ENTRIES_MAX
    if below[-1] == "@keys":
        return DOMAIN_MAX if len(below) == 1 else ID_MAX
    if len(below) == 1:
        return ENTRIES_MAX
    return VALUE_MAX if path[1] == "attributes" else 0


class Domains(dict[str, Any]):
    """Attributes by domain and identifier; a domain without any is empty, not missing."""

    def __missing__(self, domain: str) -> dict[str, Any]:
        return {}

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str)


READ: Mapping[str, Callable[[Any], Any]] = {"version": parse_semver}


def device_value(
    driver: str, attributes: Mapping[str, Mapping[str, Any]], capacity: Mapping[str, str], *, multiple: bool = False
) -> dict[str, Any]:
    """The variable `device`.

    Attributes are `{name: {"string": …}}` and the like; names without a domain are the driver's.

    Raises EvalError for a version that is none.
    """
    known, sizes = Domains(), Domains()
    for name, attribute in attributes.items():
        for kind, value in attribute.items():
            domain, identifier = qualified(name, driver)
            known.setdefault(domain, {})[identifier] = READ.get(kind, lambda same: same)(value)
    for name, value in capacity.items():
        domain, identifier = qualified(name, driver)
        sizes.setdefault(domain, {})[identifier] = parse_quantity(value)
    return {"driver": driver, "allowMultipleAllocations": multiple, "attributes": known, "capacity": sizes}


def qualified(name: str, driver: str) -> tuple[str, str]:
    """(domain, identifier) of an attribute's name."""
    domain, slash, identifier = name.partition("/")
    return (domain, identifier) if slash else (driver, name)


def matches(program: Program, device: Mapping[str, Any]) -> bool:
    """Whether a selector chooses a device. Raises EvalError, CostExceeded."""
    value = program.run({"device": device}, limit=MAX_COST).value
    if value is True or value is False:
        return bool(value)
    raise EvalError("CEL result could not be converted to bool")
