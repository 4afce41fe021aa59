"""A DELETE that another, who saw its mark, was faster to carry out: a node confirms as soon as it is told."""

import pytest

from podo.api.errors import NotFound
from podo.server.context import Context
from podo.server.core import MASTER, running_core
from podo.server.registry.deleting import DeleteOptions
from podo.store.memory import MemoryStore


class Raced(MemoryStore):
    """Before the first removal somebody else does `before`."""

    def __init__(self):
        super().__init__()
        self.before = None

    async def delete(self, key, *, expect=None):
        if before := self.before:
            self.before = None
            await before(key)
        return await super().delete(key, expect=expect)


def pod(name="p"):
    spec = {"containers": [{"name": "c", "image": "i"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
async def lab(clock):
    store = Raced()
    async with running_core(store, clock) as core:
        yield store, core.registry, core.catalog.by_path("", "v1", "pods"), Context(MASTER, clock.now(), namespace="ns")


NOW = DeleteOptions(grace_period_seconds=0)


async def test_a_pod_that_was_marked_and_is_gone_was_deleted(lab):
    store, registry, pods, ctx = lab
    made = await registry.create(ctx, pods, pod())
    store.before = store.delete
    deleted = await registry.delete(ctx, pods, "p", NOW)
    assert deleted.entry.object()["metadata"]["uid"] == made.object()["metadata"]["uid"]
    assert deleted.gone
    with pytest.raises(NotFound):
        await registry.delete(ctx, pods, "p", NOW)


async def test_another_pod_of_that_name_is_let_be(lab):
    store, registry, pods, ctx = lab
    await registry.create(ctx, pods, pod())

    async def replace(key):
        await store.delete(key)
        await registry.create(ctx, pods, pod())

    store.before = replace
    assert (await registry.delete(ctx, pods, "p", NOW)).gone
    assert not (await registry.get(pods, "ns", "p")).object()["metadata"].get("deletionTimestamp")
