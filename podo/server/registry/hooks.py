"""What must happen around the writes of a kind, beyond the object itself."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from podo.server.context import Context
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

Finish = Callable[[bool], Awaitable[None]]
"""Called after the write, with whether it has happened: gives back what is no longer needed."""


class Hook(Protocol):
    """For one kind; objects are in the stored version."""

    async def begin(self, ctx: Context, obj: Object, old: Object | None) -> Finish:
        """Before preparation and validation; may change `obj`. `old` is None at create. Raises APIError."""
        ...

    async def deleted(self, ctx: Context, obj: Object) -> None:
        """The object is gone."""
        ...


class WorkedOut(Protocol):
    """The objects of a kind that are found out when asked for, not stored."""

    async def find(self, name: str) -> Entry | None: ...

    async def all(self) -> Sequence[Entry]: ...
