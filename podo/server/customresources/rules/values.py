"""JSON as the schema says that expressions see it: times, bytes, doubles, escaped names, lists by their type."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from podo.cel.errors import EvalError
from podo.cel.property_names import RESERVED, escaped
from podo.cel.times import parse_duration, parse_timestamp
from podo.cel.values import MapList, SetList
from podo.server.customresources.schema.structural import Structural

Convert = Callable[[Any], Any]


def same(value: Any) -> Any:
    """A value that expressions see as it is."""
    return value


def converter(node: Structural) -> Convert:
    """What turns values of a node into CEL's; `same` where there is nothing to turn."""
    if node.int_or_string:
        return same
    if node.type == "array":
        return _list(node)
    if node.type == "object":
        return _map(node) if node.additional is not None else _struct(node)
    if node.type == "string":
        return _lenient(STRINGS[node.source["format"]]) if node.source.get("format") in STRINGS else same
    if node.type == "number":
        return _number
    return _whole if node.type == "integer" else same


def _number(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _list(node: Structural) -> Convert:
    item = converter(node.items) if node.items is not None else same
    if node.list_type == "set":
        return lambda value: SetList(map(item, value)) if isinstance(value, list) else value
    if node.list_type == "map":
        keys = tuple(escaped(key) or key for key in node.map_keys)
        return lambda value: MapList([item(one) for one in value], keys) if isinstance(value, list) else value
    if item is same:
        return same
    return lambda value: [item(one) for one in value] if isinstance(value, list) else value


def _map(node: Structural) -> Convert:
    assert node.additional is not None
    inner = converter(node.additional)
    if inner is same:
        return same
    return lambda value: {key: inner(one) for key, one in value.items()} if isinstance(value, dict) else value


def _struct(node: Structural) -> Convert:
    changes: dict[str, tuple[str, Convert]] = {}
    for name, child in node.properties.items():
        known_as, inner = escaped(name), converter(child)
        if known_as is not None and (inner is not same or known_as != name or child.nullable or child.int_or_string):
            changes[name] = (known_as, inner)
    if not changes:
        return same

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        result = dict(value)
        for name, (known_as, inner) in changes.items():
            if name in value:
                inside = result.pop(name)
                if inside is not None:  # null is as good as absent
                    result[known_as] = inner(inside)
                    if name in RESERVED:
                        result[name] = result[known_as]
        return result

    return convert


def _lenient(parse: Callable[[str], Any]) -> Convert:
    """What cannot be parsed stays a text: the schema refuses it anyway."""

    def convert(value: Any) -> Any:
        try:
            return parse(value) if isinstance(value, str) else value
        except (EvalError, binascii.Error, ValueError):
            return value

    return convert


STRINGS: dict[str, Callable[[str], Any]] = {
    "duration": parse_duration,
    "date": lambda text: parse_timestamp(f"{text}T00:00:00Z"),
    "date-time": parse_timestamp,
    "byte": lambda text: base64.b64decode(text, validate=True),
}
