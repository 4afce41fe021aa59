"""An environment with a variable of each sort, and ways to run an expression in it."""

from collections.abc import Callable
from typing import Any

import pytest

from podo.cel import types
from podo.cel.environment import Environment

VALUES = {"object": {"a": {"b": "x"}, "n": 3, "none": None}, "x": 1, "s": "text", "l": ["p", "q"], "m": {"k": 1}}
type_of = {
    "object": types.DYN,
    "x": types.INT,
    "s": types.STRING,
    "l": types.list_of(types.STRING),
    "m": types.map_of(types.STRING, types.INT),
}


@pytest.fixture(scope="session")
def environment() -> Environment:
    return Environment(type_of)


@pytest.fixture(scope="session")
def value(environment: Environment) -> Callable[[str], Any]:
    """The value of an expression."""
    return lambda source: environment.compile(source).run(VALUES).value
