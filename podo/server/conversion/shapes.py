"""What converters share: the type, and renaming of fields."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
Convert = Callable[[Object], Object]


def renamed(obj: Object, names: dict[str, str]) -> Object:
    """The object with fields under new names; the rest keeps its own."""
    return {names.get(name, name): value for name, value in obj.items()}
