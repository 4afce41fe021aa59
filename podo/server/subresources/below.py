"""A subresource with nothing but refusals, for others to build on."""

from podo.api.errors import MethodNotAllowed
from podo.server.context import Context
from podo.server.operations import Target
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

SUCCESS: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


class NoVerbs:
    """A `Below` that serves no verb."""

    async def show(self, ctx: Context, target: Target, entry: Entry) -> Object:
        raise not_allowed()

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        raise not_allowed()

    async def replace(self, ctx: Context, target: Target, obj: Object) -> Object:
        raise not_allowed()

    async def patch(self, ctx: Context, target: Target, media_type: str, body: bytes, force: bool | None) -> Object:
        raise not_allowed()


def not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource")
