"""Evictions of Pods that no budget counts, while others write to them."""

import pytest

from podo.api.errors import Conflict, NotFound
from podo.api.types.core_v1 import Container, Pod, PodSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.context import Context
from podo.server.core import MASTER
from podo.server.operations import Target
from podo.server.subresources.eviction import Evictions

KEY = Key("default", "a")


class Restless:
    """A registry whose Pods change right after they were read, so many times."""

    def __init__(self, core, times):
        self._registry, self._client, self.left = core.registry, core.client(), times

    def __getattr__(self, name):
        return getattr(self._registry, name)

    async def get(self, served, namespace, name):
        entry = await self._registry.get(served, namespace, name)
        if self.left:
            self.left -= 1
            note = f'{{"metadata":{{"annotations":{{"seen":"{self.left}"}}}}}}'
            await self._client.patch(Pod, KEY, Patch(media_type=MERGE_PATCH, body=note.encode()))
        return entry


@pytest.fixture
async def evict(core, client):
    """Evicts a Pending Pod that changes `times` times meanwhile."""
    await client.create(
        Pod(
            metadata=ObjectMeta(name="a", namespace="default"),
            spec=PodSpec(containers=(Container(name="c", image="i"),)),
        )
    )

    async def run(times=0, options=None):
        pods = core.catalog.by_path("", "v1", "pods")
        budgets = core.catalog.by_path("policy", "v1", "poddisruptionbudgets")
        context = Context(MASTER, core.clock.now(), subresource="eviction", namespace="default")
        body = {"metadata": {"name": "a"}, "deleteOptions": {"gracePeriodSeconds": 0} | (options or {})}
        return await Evictions(Restless(core, times), budgets).create(context, Target(pods, "a"), body)

    return run


async def test_a_pending_pod_goes_at_once(evict, client):
    assert (await evict())["status"] == "Success"
    with pytest.raises(NotFound):
        await client.get(Pod, KEY)


async def test_a_pod_that_changes_meanwhile_is_looked_at_again(evict, client):
    assert (await evict(times=3))["status"] == "Success"
    with pytest.raises(NotFound):
        await client.get(Pod, KEY)


async def test_a_pod_that_never_rests_is_a_conflict_in_the_end(evict, client):
    with pytest.raises(Conflict):
        await evict(times=1000)
    assert await client.get(Pod, KEY)


async def test_a_resource_version_of_the_clients_is_tried_once(evict, client):
    revision = (await client.get(Pod, KEY)).metadata.resource_version
    with pytest.raises(Conflict):
        await evict(times=1, options={"preconditions": {"resourceVersion": revision}})
    assert (await client.get(Pod, KEY)).metadata.annotations == {"seen": "0"}
