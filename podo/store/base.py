"""The store keeps bytes under keys and numbers every write. It knows no kinds."""

from collections.abc import AsyncGenerator
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
    """Records in order of their keys, all as of `revision`.

    A page cut by `limit` has a `next_key` to go on from (`start=`), and the number of records `remaining` after it.
    """

    records: list[Record]
    revision: Revision
    next_key: str = ""
    remaining: int = 0


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
    An empty store is at revision 1, so that no write has revision 0, which Kubernetes gives a meaning of its own.

    `list` starts at the key `start` (included) and, with `at`, shows the past: Expired if that is forgotten, Timeout if
    it is yet to come. Keys are in the order of their code points. What the store cannot do for reasons of its own (disk
    full, no connection) raises ServiceUnavailable: such a write may or may not have happened, but never by half.

    A `watch` begins when its first event is asked for; close it (`contextlib.aclosing`) when it is left early.
    """

    async def get(self, key: str) -> Record | None: ...

    async def list(self, prefix: str, *, limit: int = 0, start: str = "", at: Revision | None = None) -> Page: ...

    async def create(self, key: str, value: bytes) -> Record: ...

    async def update(self, key: str, value: bytes, *, expect: Revision) -> Record: ...

    async def delete(self, key: str, *, expect: Revision | None = None) -> Record: ...

    def watch(self, prefix: str, *, since: Revision) -> AsyncGenerator[Event, None]: ...


class Compacting(Protocol):
    """A store that forgets: reads and watches before `revision` raise Expired afterwards."""

    async def compact(self, revision: Revision) -> None: ...


class Numbered(Protocol):
    """A store that says how far it is: no write that was acknowledged before the call is newer than `revision`."""

    async def revision(self) -> Revision: ...
