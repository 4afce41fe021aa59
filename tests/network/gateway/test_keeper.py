import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

import msgspec
import pytest
import yaml

from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.types.core_v1 import Namespace
from podo.api.types.discovery_v1 import EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import APPLY_PATCH, Key, Patch
from podo.client.definitions import ensure, ensure_served
from podo.client.informers import Informers
from podo.clock import VirtualClock
from podo.network.address_pool import AddressPool
from podo.network.gateway.definitions import definitions, podo_class
from podo.network.gateway.keeper import GatewayKeeper
from podo.network.gateway.kinds import API_VERSION, GATEWAY_CLASSES, GATEWAYS, GRANTS
from podo.network.gateway.routes import HTTP_ROUTES, ROUTES
from podo.server.core import running_core
from podo.server.fields import Fields, built_in_versions
from podo.server.patching import Patches
from podo.store.memory import MemoryStore
from tests.network.build import endpoint_slice, service
from tests.network.ingress.test_keeper import Follower, RecordedProxy

LISTENER = {"name": "http", "port": 80, "protocol": "HTTP"}
PLURALS = {"Gateway": GATEWAYS, "HTTPRoute": HTTP_ROUTES, "GatewayClass": GATEWAY_CLASSES}


class RecordedHost:
    """The addresses that the host has."""

    def __init__(self):
        self.addresses = set()

    async def add(self, address):
        self.addresses.add(address)

    async def remove(self, address):
        self.addresses.discard(address)


class Lab:
    def __init__(self, client, clock):
        self.client, self.clock, self.proxy, self.host = client, clock, RecordedProxy(), RecordedHost()
        self.follow = Follower()

    async def settle(self):
        await self.clock.run_for(timedelta(seconds=3))

    async def make(self, kind, name, spec):
        of, key = PLURALS[kind], Key("" if kind == "GatewayClass" else "default", name)
        body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}}
        body["spec"] = yaml.safe_load(spec) if isinstance(spec, str) else spec
        return await self.client.patch(of, key, Patch(media_type=APPLY_PATCH, body=body, field_manager="tests"))

    async def gateway(self, name="edge", **more):
        return await self.make("Gateway", name, {"gatewayClassName": "podo", "listeners": [LISTENER]} | more)

    async def get(self, kind, name):
        return await self.client.get(PLURALS[kind], Key("" if kind == "GatewayClass" else "default", name))


@asynccontextmanager
async def lab(pool="192.0.2.0/31"):
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core:
        client = core.client()
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
        await client.create(service())
        await client.create(endpoint_slice("10.244.1.2"))
        made = Lab(client, clock)
        kinds = (GATEWAY_CLASSES, GATEWAYS, GRANTS, *ROUTES)
        serving = asyncio.ensure_future(ensure_served(client, clock, definitions(), kinds))
        await made.settle()
        await serving
        await ensure(client, GATEWAY_CLASSES, podo_class())
        informers = Informers(client, clock, Random(1))
        keeper = GatewayKeeper(
            client, made.proxy, AddressPool([pool]), made.host, clock, folder="/run/x", follow=made.follow
        )
        tasks = [asyncio.ensure_future(each) for each in (informers.run(), keeper.run(informers))]
        try:
            await made.settle()
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_the_class_is_accepted_and_nothing_runs_without_a_gateway():
    async with lab() as made:
        found = await made.get("GatewayClass", "podo")
        assert [(each.type, each.status) for each in found.status.conditions] == [("Accepted", "True")]
        await made.gateway(gatewayClassName="other")
        await made.settle()
        assert (made.proxy.configurations, made.host.addresses) == ([], set())


async def test_a_gateway_gets_an_address_and_its_routes_are_served():
    async with lab() as made:
        await made.gateway()
        await made.make(
            "HTTPRoute", "r", "{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"
        )
        await made.settle()
        assert "server s1 10.244.1.2:8080" in made.proxy.configurations[-1]
        assert made.host.addresses == {"192.0.2.0"}
        status = (await made.get("Gateway", "edge")).status
        assert [each.value for each in status.addresses] == ["192.0.2.0"]
        assert [each.attached_routes for each in status.listeners] == [1]
        (parent,) = (await made.get("HTTPRoute", "r")).status.parents
        assert {each.type: each.status for each in parent.conditions} == {"Accepted": "True", "ResolvedRefs": "True"}


async def test_endpoints_change_by_commands():
    async with lab() as made:
        await made.gateway()
        await made.make(
            "HTTPRoute", "r", "{parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"
        )
        await made.settle()
        loaded = len(made.proxy.configurations)
        have = await made.client.get(EndpointSlice, Key("default", "web-1"))
        changed = endpoint_slice("10.244.1.9").endpoints
        await made.client.update(msgspec.structs.replace(have, endpoints=changed))
        await made.settle()
        assert len(made.proxy.configurations) == loaded
        now = await made.client.get(EndpointSlice, Key("default", "web-1"))
        assert made.follow.told[-1] == int(now.metadata.resource_version)
        assert [each.split()[-4:] for each in made.proxy.commands[-2:-1]] == [["addr", "10.244.1.9", "port", "8080"]]


async def test_nothing_is_left_of_the_last_gateway():
    async with lab() as made:
        await made.gateway()
        await made.settle()
        assert made.proxy.running
        await made.client.delete(GATEWAYS, Key("default", "edge"))
        await made.settle()
        assert (made.proxy.running, made.host.addresses) == (False, set())


async def test_when_the_pool_is_empty_a_gateway_waits_for_an_address():
    async with lab("192.0.2.0/32") as made:
        await made.gateway("a")
        await made.settle()
        await made.gateway("b")
        await made.settle()
        assert await programmed(made, "b") == ("False", "AddressNotAssigned")
        await made.client.delete(GATEWAYS, Key("default", "a"))
        await made.settle()
        assert await programmed(made, "b") == ("True", "Programmed")


@pytest.mark.parametrize(
    ("wanted", "reason"), [("192.0.2.1", "Programmed"), ("198.51.100.1", "AddressNotUsable")], ids=["ours", "not ours"]
)
async def test_an_address_of_the_pool_may_be_asked_for(wanted, reason):
    async with lab() as made:
        await made.gateway(addresses=[{"value": wanted}])
        await made.settle()
        assert (await programmed(made, "edge"))[1] == reason
        assert made.host.addresses == ({wanted} if reason == "Programmed" else set())


async def test_what_haproxy_refuses_is_told_and_tried_again():
    async with lab() as made:
        made.proxy.refuse = 1
        await made.gateway()
        await made.clock.run_for(timedelta(seconds=1))
        assert await programmed(made, "edge") == ("False", "NoResources")
        await made.settle()
        assert await programmed(made, "edge") == ("True", "Programmed")


async def programmed(made, name):
    found = (await made.get("Gateway", name)).status.conditions
    return next((each.status, each.reason) for each in found if each.type == "Programmed")


async def test_definitions_of_others_stay_as_they_are():
    clock, fields, patcher = VirtualClock(), Fields(built_in_versions), Patches(built_in_versions)
    async with running_core(MemoryStore(), clock, fields=fields, patcher=patcher) as core:
        client = core.client()
        (theirs,) = [each for each in definitions() if each["spec"]["names"]["kind"] == "TCPRoute"]
        own = theirs | {
            "metadata": theirs["metadata"] | {"annotations": theirs["metadata"]["annotations"] | {"own": "1"}}
        }
        key = Key("", own["metadata"]["name"])
        patch = Patch(media_type=APPLY_PATCH, body=own, field_manager="helm")
        await client.patch(CustomResourceDefinition, key, patch)
        serving = asyncio.ensure_future(ensure_served(client, clock, definitions(), ROUTES))
        await clock.run_for(timedelta(seconds=3))
        served = await serving
        assert len(served) == len(ROUTES)
        found = await client.get(CustomResourceDefinition, key)
        assert found.metadata.annotations["own"] == "1"
