"""APIServices as they are kept, and what discovery and OpenAPI show of others."""

import asyncio
import json

import pytest

from podo.api import scheme
from podo.api.errors import NotFound
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.types.apiregistration_v1 import APIService
from podo.client.base import Key
from podo.server.aggregation.assembly import aggregation_of
from podo.server.aggregation.merging import RemoteVersion, discovered
from podo.server.discovery import documents, with_remote
from podo.server.outgoing.services import Services
from tests.server.aggregation.conftest import GROUP, RESOURCES, VERSION, OneEndpoint, service
from tests.server.aggregation.test_availability import make
from tests.server.customresources.build import GROUP as CUSTOM
from tests.server.customresources.build import definition


class Found(Services):
    """Finds Services in the cache, and their endpoints on loopback."""

    def __init__(self, core, other):
        import random

        super().__init__(core.cache, core.catalog, random.Random(1))
        self.resolve = OneEndpoint(other).resolve  # type: ignore[method-assign]


@pytest.fixture
async def aggregation(core, other):
    found = aggregation_of(core, Found(core, other), None)
    await found.following.begin()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(found.following.run())
        yield found
        running.cancel()


async def until(client, name, wanted):
    """The APIService once `wanted` is true of it."""
    async with asyncio.timeout(5):
        async for event in client.watch(APIService):
            if event.object.metadata.name == name and wanted(event):
                return event.object
    raise AssertionError("the watch has ended")


def says(reason):
    return lambda event: any(c.reason == reason for c in event.object.status.conditions)


async def test_what_this_server_serves_is_registered_and_available(client, aggregation):
    found = await until(client, "v1.apps", says("Local"))
    assert found.metadata.labels == {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
    assert (found.spec.group_priority_minimum, found.spec.version_priority) == (17800, 15)
    await until(client, "v1.", says("Local"))
    with pytest.raises(NotFound):
        await client.get(APIService, Key("", "v1.apiregistration.k8s.io"))


async def test_the_versions_of_custom_resources_come_and_go(client, aggregation):
    kind = CustomResourceDefinition
    await client.create(scheme.decode(kind, json.dumps(definition()).encode()))
    found = await until(client, f"v1.{CUSTOM}", says("Local"))
    assert found.metadata.labels == {"kube-aggregator.kubernetes.io/automanaged": "true"}
    assert (found.spec.group_priority_minimum, found.spec.version_priority) == (1000, 100)
    await client.delete(kind, Key("", f"shirts.{CUSTOM}"))
    await until(client, f"v1.{CUSTOM}", lambda event: event.type == "DELETED")


async def test_what_is_deleted_of_a_custom_group_comes_back(client, aggregation):
    await client.create(scheme.decode(CustomResourceDefinition, json.dumps(definition()).encode()))
    await until(client, f"v1.{CUSTOM}", says("Local"))
    await client.delete(APIService, Key("", f"v1.{CUSTOM}"))
    found = await until(client, f"v1.{CUSTOM}", says("Local"))
    assert found.spec.version == "v1"


async def test_a_server_is_checked_again_when_its_service_changes(client, aggregation, other):
    await client.create(service(other))
    await until(client, f"{VERSION}.{GROUP}", says("ServiceNotFound"))
    assert aggregation.carrier.service_for(f"/apis/{GROUP}/{VERSION}/flunders") is not None
    await make(client)
    await until(client, f"{VERSION}.{GROUP}", says("Passed"))


async def test_others_are_shown_in_discovery_and_openapi(core, client, aggregation, other):
    await make(client)
    await client.create(service(other))
    await until(client, f"{VERSION}.{GROUP}", says("Passed"))
    merged = aggregation.merged
    (found,) = merged.groups()[GROUP]
    assert (found.version, found.fresh, [r["resource"] for r in found.resources]) == (VERSION, True, ["flunders"])
    name = f"apis/{GROUP}/{VERSION}"
    assert merged.openapi_index() == {name: {"serverRelativeURL": "/openapi/v3/x?hash=1"}}
    assert json.loads((await merged.openapi(name, "hash=1")).body) == {"openapi": "3.0.0"}
    swagger = merged.swagger({"paths": {}, "definitions": {}})
    assert swagger["paths"] == {f"/apis/{GROUP}/{VERSION}/flunders": {"get": {}}}
    assert "com.example.Flunder" in swagger["definitions"]
    before = merged.version
    await client.delete(APIService, Key("", f"{VERSION}.{GROUP}"))
    await core.cache.consistent()
    assert (merged.groups(), merged.openapi_index()) == ({}, {})
    assert merged.version > before


async def test_nothing_of_this_server_is_carried_elsewhere(core, client, aggregation, other):
    await client.create(service(other))
    for path in ("/api/v1/pods", "/apis", f"/apis/{GROUP}", "/apis/apps/v1/deployments", "/healthz"):
        assert aggregation.carrier.service_for(path) is None


def test_groups_stand_in_the_order_of_their_priorities():
    remote = {"a.example.com": [RemoteVersion("v1", 17000, 10, True, [])], "z": [RemoteVersion("v1", 1, 1, True, [])]}
    remote["apps"] = [RemoteVersion("v2", 5, 99, True, [])]
    found = with_remote({"apiregistration.k8s.io": ["v1"], "apps": ["v1"], "policy": ["v1"], "custom": ["v1"]}, remote)
    assert list(found) == ["apiregistration.k8s.io", "apps", "policy", "a.example.com", "custom", "z"]
    assert found["apps"] == ["v2", "v1"]


def test_documents_of_others_are_theirs_to_give():
    remote = {GROUP: [RemoteVersion(VERSION, 2000, 10, False, discovered(RESOURCES))]}
    found = documents([], "", remote)
    assert found["/apis"]["groups"][0]["name"] == GROUP
    assert found[f"/apis/{GROUP}"]["preferredVersion"]["version"] == VERSION
    assert f"/apis/{GROUP}/{VERSION}" not in found
    (shown,) = found["aggregated /apis"]["items"][0]["versions"]
    assert shown["freshness"] == "Stale"
    assert shown["resources"][0]["subresources"][0]["subresource"] == "status"
