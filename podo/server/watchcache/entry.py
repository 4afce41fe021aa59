"""An object at one revision, and an event: bytes that every reader sends as they are.

Stored values have the form `{"kind":…,"apiVersion":…,"metadata":{…},…}` without resourceVersion: that is the store's
number. An entry keeps the *tail*: all from `"metadata"` on, with the resourceVersion put in. A client's object is a
head (`{"kind":…,"apiVersion":…,`) and a tail; so one tail serves every version of the same shape, and the items of a
list, which have no head, are tails joined by `,{`.
"""

from sys import intern
from typing import Any

import msgspec

from podo.store.base import EventType

Object = dict[str, Any]
_METADATA = b'"metadata":{'
_NO_LABELS: dict[str, str] = {}


class _Metadata(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct):
    metadata: _Metadata


_decode_labels = msgspec.json.Decoder(_Labelled).decode


def stored_value(obj: Object) -> bytes:
    """The bytes under which `obj` is stored. Its metadata must name it."""
    metadata = {field: value for field, value in obj["metadata"].items() if field != "resourceVersion"}
    front = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": metadata}
    return msgspec.json.encode(front | {field: value for field, value in obj.items() if field not in front})


def head_of(kind: str, api_version: str) -> bytes:
    """What stands before the tail."""
    return b'{"kind":%b,"apiVersion":%b,' % (msgspec.json.encode(kind), msgspec.json.encode(api_version))


def tail_of(value: bytes, revision: int) -> bytes:
    """A stored value from its metadata on, with `revision` as resourceVersion (0: none, it is not stored)."""
    start = value.index(_METADATA) + len(_METADATA)
    if not revision:
        return value[start - len(_METADATA) :]
    return b'"metadata":{"resourceVersion":"%d",%b' % (revision, value[start:])


class Entry:
    """An object at one revision. Shared by all readers: never changed, but for what it remembers of itself."""

    __slots__ = ("_fields", "_labels", "api_version", "key", "message", "revision", "tail", "typed")

    def __init__(self, key: str, revision: int, value: bytes) -> None:
        """`key` is `namespace/name`, or `name` where the kind has no namespaces; `value` is as stored."""
        self.key, self.revision = key, revision
        self.tail = tail_of(value, revision)
        self.api_version = _api_version(value)
        self._labels: dict[str, str] | None = None
        self._fields: dict[str, str] | None = None
        self.typed: Any = None
        """The Struct decoded from this entry, once someone asked for it."""
        self.message: bytes | None = None
        """Its protobuf message, likewise."""

    @property
    def namespace(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def labels(self) -> dict[str, str]:
        """The object's labels, decoded when first asked for."""
        if self._labels is None:
            labels = _decode_labels(b"{" + self.tail).metadata.labels
            self._labels = {intern(key): intern(value) for key, value in labels.items()} if labels else _NO_LABELS
        return self._labels

    def fields(self, strategy_fields: Any) -> dict[str, str]:
        """The selectable fields, by the strategy's function; worked out when first asked for."""
        if self._fields is None:
            own = {"metadata.name": self.name, "metadata.namespace": self.namespace}
            self._fields = own | strategy_fields(self.object())
        return self._fields

    def forget_fields(self) -> None:
        """Other fields are selectable now."""
        self._fields = None

    def object(self) -> Object:
        """A dict of one's own, without kind and apiVersion."""
        return msgspec.json.decode(b"{" + self.tail)  # type: ignore[no-any-return]

    def moved_to(self, revision: int) -> "Entry":
        """The same object as if written at `revision`."""
        moved = Entry.__new__(Entry)
        moved.key, moved.revision, moved.api_version = self.key, revision, self.api_version
        moved.tail = b'"metadata":{"resourceVersion":"%d"%b' % (revision, self.tail[self.tail.index(b",") :])
        moved._labels, moved._fields = self._labels, self._fields
        moved.typed = moved.message = None
        return moved


def _api_version(value: bytes) -> str:
    start = value.index(b'"apiVersion":"') + 14
    return intern(value[start : value.index(b'"', start)].decode())


class Change:
    """One event of the window: `entry` as it became (or was, if deleted) and `previous` as it had been."""

    __slots__ = ("_left", "entry", "previous", "sent", "type")

    def __init__(self, type: EventType, entry: Entry, previous: Entry | None) -> None:
        self.type, self.entry, self.previous = type, entry, previous
        self._left: Entry | None = None
        self.sent: dict[Any, bytes] = {}
        """What encoders made of it, by their own key: made once, sent to all watchers."""

    @property
    def revision(self) -> int:
        return self.entry.revision

    def left(self) -> Entry:
        """The object as it had been, at the revision at which it left a selection."""
        if self._left is None:
            previous = self.previous or self.entry
            self._left = previous.moved_to(self.revision)
        return self._left
