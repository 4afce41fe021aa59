"""The cells of Tables of custom resources, by the simple JSON paths of their definitions."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from podo.server.strategy import Object
from podo.server.table.texts import Cells, since

from .definition import PrinterColumn

Find = Callable[[Any], list[Any]]
_TOKEN = re.compile(
    r"\.\.(?P<deep>[^.\[\]'\"]+)|\.(?P<name>(?:\\.|[^.\[\]\\])+)|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
    r"|\[(?P<index>-?\d+)\]|\[(?P<star>\*)\]|\[\?\(@\.(?P<field>[^=<>!\s]+)\s*(?P<op>==|!=)\s*(?P<value>[^)]+)\)\]"
)
AGE = PrinterColumn(name="Age", type="date", json_path=".metadata.creationTimestamp")
_NOTHING: list[Any] = []


def cells(obj: Object, columns: Sequence[PrinterColumn], now: datetime) -> Cells:
    """The cells of an object: its name, and one for each column."""
    return [obj["metadata"].get("name", ""), *(_cell(obj, column, now) for column in columns or (AGE,))]


def _cell(obj: Object, column: PrinterColumn, now: datetime) -> Any:
    found = path(column.json_path)(obj)
    if not found:
        return None
    value = found[0]
    if column.type == "string":
        return printed(value)
    return _of_type(value, column.type, now)


def _of_type(value: Any, type: str, now: datetime) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type == "integer" and is_number:
        return int(value)
    if type == "number" and is_number:
        return float(value)
    if type == "boolean" and isinstance(value, bool):
        return value
    if type == "date" and isinstance(value, str):
        try:
            return since(value, now)
        except ValueError:
            return "<invalid>"
    return None


def printed(value: Any) -> str:
    """A value as text: strings bare, structures as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    return msgspec.json.encode(value, order="sorted").decode()


@cache
def path(text: str) -> Find:
    """The finder of a JSON path; of one that cannot be read, it finds nothing."""
    steps: list[Find] = []
    position = 0
    text = text if text.startswith((".", "[")) else f".{text}"
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return lambda obj: _NOTHING
        steps.append(_step(match))
        position = match.end()

    def find(obj: Any) -> list[Any]:
        found = [obj]
        for step in steps:
            found = [value for one in found for value in step(one)]
        return found

    return find


def _step(match: re.Match[str]) -> Find:
    if match["star"]:
        return lambda value: _members(value)
    if match["index"]:
        place = int(match["index"])
        return lambda value: value[place : place + 1 or None] if isinstance(value, list) else _NOTHING
    if match["field"]:
        return _filter(match["field"].split("."), match["op"], match["value"].strip())
    if match["deep"]:
        return lambda value: [*_descend(value, match["deep"])]
    name = match["quoted"] if match["quote"] else match["name"].replace("\\.", ".").replace("\\", "")
    if name == "*":
        return lambda value: _members(value)
    return lambda value: [value[name]] if isinstance(value, dict) and name in value else _NOTHING


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else _NOTHING


def _descend(value: Any, name: str) -> list[Any]:
    found = [value[name]] if isinstance(value, dict) and name in value else []
    return found + [one for member in _members(value) for one in _descend(member, name)]


def _filter(names: list[str], op: str, wanted: str) -> Find:
    if wanted[:1] in "'\"":
        expected: Any = wanted[1:-1]
    else:
        expected = {"true": True, "false": False}.get(wanted, int(wanted) if wanted.lstrip("-").isdigit() else wanted)

    def value_of(item: Any) -> Any:
        for name in names:
            item = item.get(name) if isinstance(item, dict) else None
        return item

    return lambda value: [one for one in _members(value) if (value_of(one) == expected) == (op == "==")]
