"""The store keeps bytes under keys and numbers every write. It knows no kinds."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import NamedTuple, NewType, Protocol

Revision = NewType("Revision", int)


class Record(NamedTuple):
    """A value as one write left it."""

    key: str
    value: bytes
    created: Revision
    modified: Revision


class Page(NamedTuple):
    """Records in order of their keys, all as of `revision`; `next_key` is "" at the end."""

    records: list[Record]
    revision: Revision
    next_key: str = ""


class EventType(Enum):
    """What happened to a key."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Event(NamedTuple):
    """One write. A deletion's `record` has the last value, with the deletion's own revision as `modified`."""

    type: EventType
    record: Record
    previous: Record | None


class Store(Protocol):
    """A stale `expect` raises Conflict. A watch loses no event after `since`, or raises Expired.

    `create` of a key that exists raises AlreadyExists; `update` and `delete` of one that does not raise NotFound.
    A write returns once it is as durable as the store promises. Every write has a revision of its own; they grow.
    """

    async def get(self, key: str) -> Record | None: ...

    async def list(self, prefix: str, *, limit: int = 0, start: str = "", at: Revision | None = None) -> Page: ...

    async def create(self, key: str, value: bytes) -> Record: ...

    async def update(self, key: str, value: bytes, *, expect: Revision) -> Record: ...

    async def delete(self, key: str, *, expect: Revision | None = None) -> Record: ...

    def watch(self, prefix: str, *, since: Revision) -> AsyncIterator[Event]: ...


class Compacting(Protocol):
    """A store that forgets: reads and watches before `revision` raise Expired afterwards."""

    async def compact(self, revision: Revision) -> None: ...
