"""A running API with subresources, and a client's view of them."""

import pytest

from podo.server.authentication.keys import TokenKey
from podo.server.authentication.service_account import Issuer
from podo.server.context import Context
from podo.server.core import MASTER
from podo.server.operations import Target
from podo.server.subresources.binding import Bindings
from podo.server.subresources.eviction import Evictions
from podo.server.subresources.scale import Scales
from podo.server.subresources.token import Tokens

from ..authentication.test_service_account import EC_KEY


class Lab:
    """Objects and their subresources."""

    def __init__(self, core):
        self.core = core
        self.pods, self.budgets = self.kind("", "pods"), self.kind("policy", "poddisruptionbudgets")
        self.issuer = Issuer("https://cluster", TokenKey(EC_KEY), ("https://cluster",))
        self.bindings, self.evictions = Bindings(core.registry), Evictions(core.registry, self.budgets)
        self.scales = Scales(core.registry)
        self.tokens = Tokens(core.registry, core.catalog, self.issuer, lambda: "id")

    def kind(self, group, plural):
        return self.core.catalog.by_path(group, "v1", plural)

    def ctx(self, subresource="", **more):
        return Context(MASTER, self.core.clock.now(), namespace="ns", subresource=subresource, manager="test", **more)

    async def create(self, served, name="x", **more):
        meta = {"name": name} | more.pop("metadata", {})
        resource = served.resource
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, **more}
        return (await self.core.registry.create(self.ctx(), served, obj)).object()

    async def pod(self, name="x", *, status=None, metadata=None, **spec):
        spec = {"containers": [{"name": "c", "image": "i:1"}], **spec}
        made = await self.create(self.pods, name, spec=spec, metadata=metadata or {})
        return await self.status(self.pods, name, status) if status else made

    async def status(self, served, name, status):
        async def change(current, revision):
            return current | {"status": current.get("status", {}) | status}

        entry, _ = await self.core.registry.update(self.ctx("status"), served, name, change)
        return entry.object()

    async def get(self, served, name="x"):
        return (await self.core.registry.get(served, "ns", name)).object()

    def target(self, served, name="x"):
        return Target(served, name)


@pytest.fixture
def lab(core):
    return Lab(core)
