"""Lists that are sets or maps: nothing may stand in them twice."""

from collections.abc import Iterator
from typing import Any

import msgspec

from podo.api.field_errors import FieldError, duplicate, invalid

from .structural import Structural


def list_errors(value: Any, node: Structural, path: str = "") -> Iterator[FieldError]:
    """What stands twice in sets and maps, anywhere in a value."""
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(member, dict | list):
                continue
            if node.additional is not None:
                yield from list_errors(member, node.additional, f"{path}[{name}]")
            if (child := node.properties.get(name)) is not None:
                yield from list_errors(member, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        if node.list_type == "set":
            yield from (duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value))
        elif node.list_type == "map":
            yield from _map_errors(value, node.map_keys, path)
        if node.items is not None:
            for index, item in enumerate(value):
                yield from list_errors(item, node.items, f"{path}[{index}]")


def _map_errors(items: list[Any], keys: tuple[str, ...], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            yield invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
            return
    found = [{key: item[key] for key in keys if key in item} if item else {} for item in items]
    yield from (duplicate(f"{path}[{index}]", found[index]) for index in _repeated(found))


def _repeated(values: list[Any]) -> list[int]:
    """Where something stands for the second time."""
    seen: dict[bytes, int] = {}
    places: list[int] = []
    for index, value in enumerate(values):
        key = msgspec.json.encode(value, order="deterministic")
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            places.append(index)
    return places
