"""What must happen around the writes of a kind, beyond the object itself."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from podo.server.context import Context
from podo.server.strategy import Object

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
