"""Objects to messages and back.

Go writes every member that is not a pointer, zero or not; so do we, from a message of zeros that is copied first. Read
back, such a zero is left out, or filled in, by the decoder of objects.
"""

from functools import cache
from typing import Any

from google.protobuf.message import DecodeError, Message

from .messages import INLINE, MAP, ONE, OPTIONAL, REPEATED, Member, message_class, table
from .special import READERS, SCALAR_READERS, SCALAR_WRITERS, WRITERS, WireError

_ZEROS: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "double": 0.0}
_PROPS = "apiextensions.v1.JSONSchemaProps"
_OR_ELSE = {f"{_PROPS}OrArray": "f1", f"{_PROPS}OrBool": "f2", f"{_PROPS}OrStringArray": "f1"}  # where the schema is


class Codec:
    """What to do with each member of one type."""

    def __init__(self, name: str) -> None:
        self.message = message_class(name)
        self.members = {k: m for k, m in table()[name].items() if m.how != INLINE}
        self.inline = [m for m in table()[name].values() if m.how == INLINE]
        self.zeros = self.message()
        self.filled = False

    def fill(self) -> None:
        """Set the zeros that are always written."""
        self.filled = True
        for member in self.members.values():
            if member.how == ONE:
                _set_zero(self.zeros, member)
        for member in self.inline:
            getattr(self.zeros, member.attribute).CopyFrom(codec_of(member.type).zeros)


@cache
def _codec(name: str) -> Codec:
    return Codec(name)


def codec_of(name: str) -> Codec:
    """The codec of a type. Raises KeyError."""
    codec = _codec(name)
    if not codec.filled:
        codec.fill()
    return codec


def _set_zero(message: Any, member: Member) -> None:
    if member.is_scalar:
        setattr(message, member.attribute, _ZEROS[member.type])
        return
    inner = getattr(message, member.attribute)
    inner.SetInParent()
    if member.type == "resource.Quantity":
        inner.f1 = "0"
    elif member.type == "intstr.IntOrString":
        inner.f1, inner.f2, inner.f3 = 0, 0, ""
    elif member.type not in WRITERS and member.type not in _OR_ELSE:
        inner.CopyFrom(codec_of(member.type).zeros)


def encode(name: str, obj: dict[str, Any]) -> bytes:
    """The message of an object of a type, as bytes. Raises KeyError for a type without a message."""
    codec = codec_of(name)
    message = codec.message()
    _write(message, codec, obj)
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _write(message: Any, codec: Codec, obj: dict[str, Any]) -> None:
    message.CopyFrom(codec.zeros)
    members, left = codec.members, None
    for key, value in obj.items():
        member = members.get(key)
        if member is None:
            left = True
        elif value is not None:
            _write_member(message, member, value)
    if left:
        for member in codec.inline:
            inner = codec_of(member.type)
            _write(getattr(message, member.attribute), inner, obj)


def _write_member(message: Any, member: Member, value: Any) -> None:
    how, type_name, attribute = member.how, member.type, member.attribute
    if member.is_scalar:
        convert = SCALAR_WRITERS.get(type_name)
        if how in (ONE, OPTIONAL):
            setattr(message, attribute, convert(value) if convert else value)
        elif how == REPEATED:
            getattr(message, attribute).extend(map(convert, value) if convert else value)
        else:
            getattr(message, attribute).update({k: convert(v) for k, v in value.items()} if convert else value)
        return
    target = getattr(message, attribute)
    if how == REPEATED:
        for item in value:
            _write_message(target.add(), type_name, item)
    elif how == MAP:
        for key, item in value.items():
            _write_message(target[key], type_name, item)
    else:
        target.SetInParent()
        _write_message(target, type_name, value)


def _write_message(message: Any, type_name: str, value: Any) -> None:
    writer = WRITERS.get(type_name)
    if writer is not None:
        writer(message, value)
    elif type_name in _OR_ELSE:
        _write_schema_or(message, type_name, value)
    else:
        _write(message, codec_of(type_name), value)


def _write_schema_or(message: Any, type_name: str, value: Any) -> None:
    """A JSON schema, or what stands in its place: a boolean, or an array of schemas or strings."""
    if isinstance(value, dict):
        if type_name.endswith("OrBool"):
            message.f1 = True
        _write(getattr(message, _OR_ELSE[type_name]), codec_of(_PROPS), value)
    elif isinstance(value, bool):
        message.f1 = value
    else:
        for item in value:
            if isinstance(item, str):
                message.f2.append(item)
            else:
                _write(message.f2.add(), codec_of(_PROPS), item)


def decode(name: str, data: bytes) -> dict[str, Any]:
    """The object in a message of a type; not normalised. Raises WireError, and KeyError for an unknown type."""
    message: Message = codec_of(name).message()
    try:
        message.ParseFromString(data)
        return _read(message, name)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"proto: {error}") from error


def _read(message: Any, name: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    codec = codec_of(name)
    present = {field.number for field, _ in message.ListFields()}
    for key, member in codec.members.items():
        if member.number in present:
            result[key] = _read_member(getattr(message, member.attribute), member)
    for member in codec.inline:
        if member.number in present:
            result |= _read(getattr(message, member.attribute), member.type)
    return result


def _read_member(value: Any, member: Member) -> Any:
    if member.is_scalar:
        convert = SCALAR_READERS.get(member.type)
        if member.how in (ONE, OPTIONAL):
            return convert(value) if convert else value
        if member.how == REPEATED:
            return [convert(v) for v in value] if convert else list(value)
        return {k: convert(v) for k, v in value.items()} if convert else dict(value)
    if member.how == REPEATED:
        return [_read_message(item, member.type) for item in value]
    if member.how == MAP:
        return {key: _read_message(item, member.type) for key, item in value.items()}
    return _read_message(value, member.type)


def _read_message(message: Any, type_name: str) -> Any:
    reader = READERS.get(type_name)
    if reader is not None:
        return reader(message)
    if type_name not in _OR_ELSE:
        return _read(message, type_name)
    if message.HasField(_OR_ELSE[type_name]):
        return _read(getattr(message, _OR_ELSE[type_name]), _PROPS)
    if type_name.endswith("OrBool"):
        return message.f1
    return [item if isinstance(item, str) else _read(item, _PROPS) for item in message.f2]
