"""Message classes of all served types, made by the protobuf library from a table.

Only numbers and types are on the wire, so one file of the library holds all messages, under names of our own.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

PACKAGE = "podo.wire"
_PROTO = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _PROTO.TYPE_STRING,
    "bool": _PROTO.TYPE_BOOL,
    "int32": _PROTO.TYPE_INT32,
    "int64": _PROTO.TYPE_INT64,
    "double": _PROTO.TYPE_DOUBLE,
    "bytes": _PROTO.TYPE_BYTES,
}
ONE, OPTIONAL, REPEATED, MAP, INLINE = "", "p", "r", "m", "i"


class Member(NamedTuple):
    """One member of a message: its number, its type, and how it stands in the object (see the constants above)."""

    number: int
    type: str
    how: str

    @property
    def is_scalar(self) -> bool:
        return self.type in _TYPES

    @property
    def attribute(self) -> str:
        """Its name in the message class."""
        return f"f{self.number}"


@cache
def table() -> dict[str, dict[str, Member]]:
    """Every message by the name of its type (`core.v1.Pod`): its members by their JSON names."""
    raw = (Path(__file__).parent / "messages.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, dict[str, Member]])


@cache
def _classes() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="podo/wire.proto", package=PACKAGE, syntax="proto2")
    for name, members in table().items():
        message = file.message_type.add(name=_name(name))
        for member in members.values():
            _add(message, member)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: dict[str, Any] = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name: found[f"{PACKAGE}.{_name(name)}"] for name in table()}


def message_class(name: str) -> type[Message]:
    """The class of a type. Raises KeyError."""
    return _classes()[name]


def _name(type_name: str) -> str:
    return type_name.replace(".", "_")


def _add(message: descriptor_pb2.DescriptorProto, member: Member) -> None:
    field = message.field.add(name=member.attribute, number=member.number)
    field.label = _PROTO.LABEL_REPEATED if member.how in (REPEATED, MAP) else _PROTO.LABEL_OPTIONAL
    if member.how == MAP:
        entry = message.nested_type.add(name=f"F{member.number}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_PROTO.LABEL_OPTIONAL, type=_PROTO.TYPE_STRING)
        _set_type(entry.field.add(name="value", number=2, label=_PROTO.LABEL_OPTIONAL), member.type)
        field.type = _PROTO.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"
    else:
        _set_type(field, member.type)


def _set_type(field: descriptor_pb2.FieldDescriptorProto, type_name: str) -> None:
    if type_name in _TYPES:
        field.type = _TYPES[type_name]
    else:
        field.type = _PROTO.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{_name(type_name)}"
