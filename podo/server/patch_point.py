"""How patches become updates."""

from typing import Protocol

from podo.api.errors import UnsupportedMediaType
from podo.server.context import Context
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.watchcache.entry import Entry


class Patcher(Protocol):
    """Applies a patch of any media type to the current object, again after each conflict."""

    async def patch(
        self,
        registry: Registry,
        ctx: Context,
        served: Served,
        name: str,
        media_type: str,
        body: bytes,
        force: bool | None,
    ) -> tuple[Entry, bool]:
        """The result, and whether it is new. Raises UnsupportedMediaType, BadRequest, Invalid, Conflict."""
        ...


class NoPatches:
    """Knows no media type."""

    async def patch(
        self,
        registry: Registry,
        ctx: Context,
        served: Served,
        name: str,
        media_type: str,
        body: bytes,
        force: bool | None,
    ) -> tuple[Entry, bool]:
        raise UnsupportedMediaType(f"the body of the request was in an unknown format - {media_type}")
