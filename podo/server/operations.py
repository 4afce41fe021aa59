"""What a request may do to an object: the registry, with subresources and patches. HTTP and LocalClient share it."""

from dataclasses import dataclass

from podo.api.errors import MethodNotAllowed
from podo.server.context import Context
from podo.server.registry.catalog import Catalog
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry


@dataclass(frozen=True, slots=True)
class Target:
    """An object of a kind, by name; the namespace is the context's."""

    served: Served
    name: str


class Operations:
    """The verbs on single objects and their subresources."""

    def __init__(self, catalog: Catalog, registry: Registry) -> None:
        self.catalog, self.registry = catalog, registry

    async def replace(self, ctx: Context, target: Target, obj: Object) -> Entry:
        """PUT: `obj` takes the object's place (or its status'). It is the caller's own and is used up."""
        first = obj

        async def change(current: Object, revision: int) -> Object:
            return first

        uid = (obj.get("metadata") or {}).get("uid", "")
        entry, _ = await self.registry.update(ctx, target.served, target.name, change, uid=uid)
        return entry

    async def patch(
        self, ctx: Context, target: Target, media_type: str, body: bytes, *, force: bool = False
    ) -> tuple[Entry, bool]:
        """PATCH by any of the media types; the result, and whether it is new."""
        raise MethodNotAllowed("patches are not served yet")

    async def create_below(self, ctx: Context, target: Target, obj: Object) -> Object:
        """POST to a subresource that does not show the object itself (binding, eviction, token)."""
        raise MethodNotAllowed(f"{ctx.subresource} is not served yet")
