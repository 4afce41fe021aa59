"""The registry on a running API, for tests of what it does to one kind."""

from podo.server.context import Context
from podo.server.core import MASTER
from podo.server.registry.deleting import DeleteOptions


class Lab:
    """The registry with one kind at hand."""

    def __init__(self, core, group="", plural="configmaps"):
        self.core, self.served = core, core.catalog.by_path(group, "v1", plural)

    def ctx(self, **more):
        given = {"namespace": "ns" if self.served.stored.namespaced else "", "manager": "test"} | more
        return Context(MASTER, self.core.clock.now(), **given)

    def obj(self, name="x", **more):
        resource = self.served.resource
        return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}} | more

    async def create(self, obj=None, **ctx):
        entry = await self.core.registry.create(self.ctx(**ctx), self.served, obj or self.obj())
        return entry.object()

    async def update(self, change, name="x", **ctx):
        async def changed(current, revision):
            return change(current) or current

        entry, _ = await self.core.registry.update(self.ctx(**ctx), self.served, name, changed)
        return entry.object()

    async def delete(self, name="x", **options):
        return await self.core.registry.delete(self.ctx(), self.served, name, DeleteOptions(**options))
