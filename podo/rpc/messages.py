"""Messages of a protocol, made from a table of the names, numbers and types of their fields.

A type is a scalar's name, a message's name, `map` (of strings to strings) or `map<M>` (of strings to messages); `*`
marks a repeated field. Fields of a `oneof` need no mark: a message has at most one of them set. Enumerations are int32.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

_SCALARS = {"double": 1, "int64": 3, "uint64": 4, "int32": 5, "bool": 8, "string": 9, "bytes": 12, "uint32": 13}
_OPTIONAL, _REPEATED, _MESSAGE = 1, 3, 11  # labels and a type of descriptors


class Messages:
    """The messages of one protocol, and its methods: path -> (request, answer)."""

    def __init__(self, name: str, table: Mapping[str, str], methods: Mapping[str, tuple[str, str]]) -> None:
        self._name, self._table, self.methods = name, table, methods

    def make(self, kind: str, /, **fields: Any) -> Any:
        """A message with some of its fields set; dicts and lists stand for messages in it."""
        return self._classes[kind](**fields)

    def parser(self, kind: str) -> Any:
        """What reads a message of this kind from bytes."""
        return self._classes[kind].FromString

    @cached_property
    def _classes(self) -> Any:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

        package = f"podo.{self._name}"
        file = descriptor_pb2.FileDescriptorProto(name=f"podo/{self._name}.proto", package=package, syntax="proto3")
        for kind, fields in self._table.items():
            made = file.message_type.add(name=kind)
            for text in filter(None, fields.split(", ")):
                _add(made, f".{package}", kind, text)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        return {k: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{k}")) for k in self._table}


def _add(made: Any, package: str, owner: str, text: str) -> None:
    place, kind = text.split(" ")
    name, number = place.split("=")
    mapped = kind == "map" or kind.startswith("map<")
    many = kind.endswith("*") or mapped
    field = made.field.add(name=name, number=int(number), label=_REPEATED if many else _OPTIONAL)
    if mapped:
        entry = made.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _set(entry.field.add(name="key", number=1, label=_OPTIONAL), "string", package)
        _set(entry.field.add(name="value", number=2, label=_OPTIONAL), kind[4:-1] or "string", package)
        field.type, field.type_name = _MESSAGE, f"{package}.{owner}.{entry.name}"
    else:
        _set(field, kind.removesuffix("*"), package)


def _set(field: Any, kind: str, package: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _MESSAGE, f"{package}.{kind}"
