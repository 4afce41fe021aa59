"""Charging quotas, by the API."""

import asyncio

import msgspec
import pytest

from podo.api.errors import AlreadyExists, Forbidden
from podo.api.types.core_v1 import ConfigMap, ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import (
    DeviceClaim,
    DeviceClass,
    DeviceClassSpec,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)
from podo.client.base import Key
from tests.server.admission.build import container, meta, namespace, pod


async def limited(client, name="q", used=None, **hard):
    """A quota that has been counted."""
    made = await client.create(ResourceQuota(metadata=meta(name), spec=ResourceQuotaSpec(hard=hard)))
    status = ResourceQuotaStatus(hard=hard, used=dict.fromkeys(hard, "0") | (used or {}))
    return await client.update(msgspec.structs.replace(made, status=status), subresource="status")


async def used(client, name="q"):
    return (await client.get(ResourceQuota, Key("default", name))).status.used


async def test_a_pod_is_charged_before_it_is_there(client):
    await limited(client, pods="2")
    await client.create(pod("a"))
    assert await used(client) == {"pods": "1"}


async def test_what_exceeds_a_quota_is_forbidden_and_not_charged(client):
    await limited(client, pods="1", used={"pods": "1"})
    with pytest.raises(Forbidden) as caught:
        await client.create(pod("a"))
    assert str(caught.value) == (
        'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    )
    assert await used(client) == {"pods": "1"}


async def test_many_at_once_get_no_more_than_there_is(client):
    await limited(client, pods="5")
    done = await asyncio.gather(*(client.create(pod(f"p{n}")) for n in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Forbidden) for one in done) == 15
    assert await used(client) == {"pods": "5"}


async def test_other_namespaces_are_not_concerned(client):
    await client.create(namespace("other"))
    await limited(client, configmaps="0")
    await client.create(ConfigMap(metadata=meta("free", "other")))
    with pytest.raises(Forbidden):
        await client.create(ConfigMap(metadata=meta("dear")))


async def test_all_quotas_of_a_namespace_hold(client):
    await limited(client, "a", pods="5")
    await limited(client, "b", **{"requests.cpu": "1"})
    with pytest.raises(Forbidden, match="exceeded quota: b"):
        await client.create(pod("p", containers=(container(requests={"cpu": "2"}),)))
    await client.create(pod("p", containers=(container(requests={"cpu": "1"}),)))
    assert (await used(client, "a"), await used(client, "b")) == ({"pods": "1"}, {"requests.cpu": "1"})


async def test_quotas_count_themselves(client):
    await limited(client, resourcequotas="2", used={"resourcequotas": "1"})
    await limited(client, "second", pods="1")
    with pytest.raises(Forbidden, match="exceeded quota: q, requested: resourcequotas=1"):
        await limited(client, "third", pods="1")


async def test_a_name_that_is_taken_is_not_charged(client):
    await limited(client, pods="2")
    await client.create(pod("a"))
    for _ in range(3):
        with pytest.raises(AlreadyExists):
            await client.create(pod("a"))
    assert await used(client) == {"pods": "1"}


async def test_a_claim_of_a_class_that_stands_for_an_extended_resource_is_charged_for_that(client):
    gpu = "requests.example.com/gpu"
    await client.create(
        DeviceClass(metadata=ObjectMeta(name="gpus"), spec=DeviceClassSpec(extended_resource_name="example.com/gpu"))
    )
    await limited(client, **{gpu: "1"})
    exactly = ExactDeviceRequest(device_class_name="gpus", allocation_mode="ExactCount", count=1)
    spec = ResourceClaimSpec(devices=DeviceClaim(requests=(DeviceRequest(name="r", exactly=exactly),)))
    await client.create(ResourceClaim(metadata=meta("one"), spec=spec))
    assert await used(client) == {gpu: "1"}
    with pytest.raises(Forbidden, match=f"exceeded quota: q, requested: {gpu}=1, used: {gpu}=1, limited: {gpu}=1"):
        await client.create(ResourceClaim(metadata=meta("two"), spec=spec))
