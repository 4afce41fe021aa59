"""How built-in types are written in Go: the names that messages use, and when a field is left out of JSON."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec

from podo.api import schema as tables

STRUCT, LIST, MAP, INTERFACE = "struct", "list", "map", "interface"
_EMPTY_STRUCTS = {"apiextensions.v1.CustomResourceSubresourceStatus"}
_TOLD_FROM_ABSENT = {("meta.v1.ObjectMeta", "managedFields"), ("autoscaling.v2.HPAScalingRules", "policies")}
"""Lists that mean something when they are empty: forget all owners, have no policy. Absent ones get a default."""
NUMBERS = {"int32": 32, "int64": 64}
ANY = {"rawextension", "fieldsv1", "json"}
_STRUCTS = ANY | {STRUCT, "time", "microtime", "quantity", "intorstring"}


@cache
def _encoding() -> dict[str, list[list[str]]]:
    path = tables.FOLDER / "encoding.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, list[list[str]]])


class GoType:
    """One type: `kind` is struct, list, map, interface, or a scalar or free-form name of the field tables.

    `name` is Go's. The fields of a struct are those of a type of the field tables, `table`, unless they are given.
    """

    __slots__ = ("_element", "_fields", "kind", "name", "table")

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        table: str = "",
        element: "GoType | None" = None,
        fields: "Iterable[GoField] | None" = None,
    ) -> None:
        self.kind, self.name, self.table = kind, name, table
        self._element = element
        self._fields = {f.name: f for f in fields} if fields is not None else None

    @property
    def element(self) -> "GoType":
        """Of a list or map."""
        assert self._element is not None
        return self._element

    @property
    def fields(self) -> "dict[str, GoField]":
        """Of a struct, by JSON name, in the order of the Go struct."""
        if self._fields is None:
            self._fields = {f.name: f for f in _fields(self.table)}
        return self._fields

    @property
    def short(self) -> str:
        """The name of a struct without its package."""
        return self.name.rpartition(".")[2]


class GoField(NamedTuple):
    """One field of a struct. `through` names the embedded structs that it comes from, dotted."""

    name: str
    type: GoType
    always: bool  # written even when it is zero
    pointer: bool  # its zero value is told from its absence
    through: str = ""


@cache
def struct(table: str) -> GoType:
    """The Go type of a type of the field tables: `core.v1.Pod`."""
    package, _, name = table.rpartition(".")
    return GoType(STRUCT, f"{package.rpartition('.')[2]}.{name}", table=table)


def _fields(table: str) -> Iterator[GoField]:
    if table in _EMPTY_STRUCTS:
        return
    columns = tables.type_of(table).fields
    for name, go_name, element, when, through in _encoding()[table]:
        field = columns[name]
        go_type = _shaped(field, go_name, element)
        pointer = when.endswith("p")
        is_struct = go_type.kind in _STRUCTS and not pointer  # which omitempty does not leave out
        always = "z" not in when and ("e" not in when or is_struct)
        if (table, name) in _TOLD_FROM_ABSENT:
            pointer = True
        yield GoField(name, go_type, always, pointer, through)


def _shaped(field: tables.Field, go_name: str, element: str) -> GoType:
    if not field.shape:
        return _value(field.type, go_name)
    if field.shape == "list":
        return GoType(LIST, go_name, element=_value(field.type, element))
    inner = _value(field.type, element)
    if field.shape == "map of lists":
        inner = GoType(LIST, element, element=_value(field.type, "string"))
    return GoType(MAP, go_name, element=inner)


def _value(type_name: str, go_name: str) -> GoType:
    return struct(type_name) if "." in type_name else GoType(type_name, go_name)


def zero(go_type: GoType) -> Any:
    """The JSON of a zero value."""
    kind = go_type.kind
    if kind == STRUCT:
        return {f.name: None if f.pointer else zero(f.type) for f in go_type.fields.values() if f.always}
    if kind in NUMBERS or kind in ("intorstring", "double"):
        return 0
    return {"string": "", "bool": False, "quantity": "0"}.get(kind)


@cache
def _blank(table: str) -> bytes:
    return msgspec.json.encode(zero(struct(table)))


def blank(table: str) -> dict[str, Any]:
    """What an object of the type holds before anything is set: `{"metadata": {}, "spec": {}}`; a fresh copy."""
    result: dict[str, Any] = msgspec.json.decode(_blank(table))
    return result
