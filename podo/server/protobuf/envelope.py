"""Bodies in `application/vnd.kubernetes.protobuf`: a mark, then the object's kind and its message.

A list is put together from the messages of its objects, which the caller may keep; a watch is a stream of frames, each
led by its length.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError

from podo.api import schema as tables
from podo.api.errors import BadRequest

from ..decoding import structs
from ..decoding.exact import Exact
from ..decoding.go_types import struct
from ..decoding.objects import SCHEME, Decoded, Kind, refused, retyped
from . import codec
from .messages import message_class
from .special import WireError

MARK = b"k8s\x00"
FRAME_HEAD = 4
"""How many bytes say how long a frame of a watch is."""
_KEY_2 = b"\x12"  # the key of field 2, which has a length and as many bytes
_META_KINDS = {"Status", "APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "DeleteOptions"}
_META_KINDS |= {"PartialObjectMetadata", "PartialObjectMetadataList"}


@cache
def message_name(api_version: str, kind: str) -> str:
    """The message of a kind: `apps.v1.Deployment`. Raises KeyError for a kind that has none."""
    group, _, version = api_version.rpartition("/")
    if kind in _META_KINDS:
        return f"meta.v1.{kind}"
    if group == "apidiscovery.k8s.io":
        return f"apidiscovery.{version}.{kind}"
    return tables.type_for(group, version, kind).name


def message(obj: dict[str, Any]) -> bytes:
    """The bare message of an object, as lists hold it. Raises KeyError for a kind that has none."""
    return codec.encode(message_name(obj["apiVersion"], obj["kind"]), obj)


@cache
def _head(api_version: str, kind: str) -> bytes:
    """The beginning of a body: the mark and the kind."""
    type_meta: Any = message_class("runtime.TypeMeta")(f1=api_version, f2=kind)
    return MARK + _field(1, type_meta.SerializeToString(deterministic=True))


_TAIL = b'\x1a\x00"\x00'  # contentEncoding and contentType, both empty


def wrapped(api_version: str, kind: str, *parts: bytes) -> bytes:
    """A message, in parts, as a body."""
    return b"".join((_head(api_version, kind), _KEY_2, _varint(sum(map(len, parts))), *parts, _TAIL))


def encode(obj: dict[str, Any]) -> bytes:
    """An object as a body. Raises KeyError for a kind that has no message."""
    return wrapped(obj["apiVersion"], obj["kind"], message(obj))


def encode_list(api_version: str, kind: str, metadata: dict[str, Any], items: Iterable[bytes]) -> bytes:
    """A list (`kind` is the list's) of messages as a body."""
    parts = [_field(1, codec.encode("meta.v1.ListMeta", metadata))]
    for item in items:
        parts += (_KEY_2, _varint(len(item)), item)
    return wrapped(api_version, kind, *parts)


def watch_frame(event: str, body: bytes) -> bytes:
    """One event of a watch: its type, and its object as a body."""
    frame = _field(1, event.encode()) + _field(2, _field(1, body))
    return len(frame).to_bytes(FRAME_HEAD, "big") + frame


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a message."""
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def opened(body: bytes) -> tuple[str, str, bytes]:
    """(apiVersion, kind, message) of a body. Raises WireError in the words of Kubernetes."""
    if not body:
        raise WireError("empty data")
    if not body.startswith(MARK):
        raise WireError(
            "provided data does not appear to be a protobuf message, "
            f"expected prefix [{' '.join(str(byte) for byte in MARK)}]"
        )
    if len(body) == len(MARK):
        raise WireError("empty body")
    envelope: Any = message_class("runtime.Unknown")()
    try:
        envelope.ParseFromString(body[len(MARK) :])
        return _text(envelope.f1.f1), _text(envelope.f1.f2), envelope.f2
    except (DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"proto: {error}") from error


def _text(value: str | bytes) -> str:
    """Strings that are no UTF-8 come as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def decode_object(body: bytes, kind: Kind) -> Decoded:
    """The object in a body, as `decoding.objects.decode_object` gives it. Raises BadRequest.

    Fields that are not known are dropped without a word: the format has no strict validation.
    """
    given: Kind | None = None
    try:
        api_version, name, data = opened(body)
        given = _kind(api_version, name, kind)
        value = codec.decode(message_name(given.api_version, given.kind), data)
        found = retyped({"kind": given.kind, "apiVersion": given.api_version} | value, kind)[0]
    except KeyError as error:
        reason = f'no kind "{given and given.kind}" is registered for version "{given and given.api_version}" {SCHEME}'
        raise refused(body, reason, given, kind) from error
    except ValueError as error:  # all complaints of decoders are
        raise refused(body, str(error), given, kind) from error
    return Decoded(found)


def _kind(api_version: str, name: str, kind: Kind) -> Kind:
    """The kind that a body says it holds; what it leaves out is as in the request."""
    group, _, version = api_version.rpartition("/")
    return Kind(group, version, name or kind.kind) if version else Kind(kind.group, kind.version, name or kind.kind)


def decode_options(body: bytes) -> dict[str, Any]:
    """The DeleteOptions of a DELETE, or whatever the body holds instead. Raises BadRequest."""
    try:
        return decode_any(body)
    except (KeyError, ValueError) as error:
        raise BadRequest(str(error)) from error


def decode_any(body: bytes) -> dict[str, Any]:
    """The object in a body of whatever kind, as clients read it. Raises WireError, KeyError for an unknown kind."""
    api_version, kind, data = opened(body)
    name = message_name(api_version, kind)
    value = codec.decode(name, data)
    if name == "meta.v1.PartialObjectMetadataList":
        items = [_partial(item) for item in value.get("items", ())]
        value = {"metadata": _typed("meta.v1.ListMeta", value.get("metadata", {})), "items": items}
    else:
        value = _partial(value) if name == "meta.v1.PartialObjectMetadata" else _typed(name, value)
    return {"kind": kind, "apiVersion": api_version} | value


def _partial(value: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": _typed("meta.v1.ObjectMeta", value.get("metadata", {}))}


def _typed(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """The object as Go would write it in JSON."""
    try:
        return structs.normalised(name, value)
    except structs.NotClean:
        result: dict[str, Any] = Exact().decode(struct(name), value)
        return result
