import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

import msgspec
import pytest

from podo.api.types.core_v1 import Event, Namespace
from podo.api.types.discovery_v1 import EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import Ingress, IngressClass
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import Informers
from podo.clock import VirtualClock
from podo.network.haproxy.process import ProxyFailure
from podo.network.ingress.configuration import Places
from podo.network.ingress.keeper import IngressKeeper
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.network.build import endpoint_slice, service

PLACES = Places("192.0.2.1", 80, 443, "/run/x")


class RecordedProxy:
    """What haproxy was given and told."""

    def __init__(self):
        self.configurations, self.commands, self.refuse = [], [], 0
        self.running, self._ended, self.files = False, asyncio.Event(), {}

    async def load(self, configuration, generation, files):
        if self.refuse:
            self.refuse -= 1
            raise ProxyFailure("no")
        self.configurations.append(configuration)
        self.running, self.files = True, files

    async def tell(self, commands):
        self.commands += commands

    async def stop(self):
        self.running = False

    async def ended(self):
        await self._ended.wait()

    def die(self):
        self._ended.set()
        self._ended = asyncio.Event()


def certified(hosts):
    return " ".join(hosts).encode()


class Follower:
    """Wants to hear of every revision; keeps what it is told."""

    def __init__(self):
        self.told = []

    async def __call__(self, revision):
        self.told.append(revision)
        return revision + 1


class Lab:
    def __init__(self, client, proxy, clock, follow):
        self.client, self.proxy, self.clock, self.follow = client, proxy, clock, follow

    async def settle(self):
        await self.clock.run_for(timedelta(seconds=3))

    async def ingress(self, name="site", service="web", **spec):
        backend = {"service": {"name": service, "port": {"number": 80}}}
        paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
        fields = {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"rules": [{"http": {"paths": paths}}]} | spec,
        }
        return await self.client.create(msgspec.json.decode(json.dumps(fields), type=Ingress))

    async def endpoints(self, *addresses):
        have = await self.client.get(EndpointSlice, Key("default", "web-1"))
        endpoints = endpoint_slice(*addresses).endpoints
        return await self.client.update(msgspec.structs.replace(have, endpoints=endpoints))


@asynccontextmanager
async def lab():
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core:
        client = core.client()
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
        await client.create(service())
        await client.create(endpoint_slice("10.244.1.2"))
        informers, events, proxy = Informers(client, clock, Random(1)), EventWriter(client, clock), RecordedProxy()
        follow = Follower()
        keeper = IngressKeeper(client, events.recorder("ingress"), proxy, PLACES, clock, certified, follow)
        tasks = [asyncio.ensure_future(each) for each in (informers.run(), events.run(), keeper.run(informers))]
        try:
            made = Lab(client, proxy, clock, follow)
            await made.settle()
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


OURS = {"ingressClassName": "podo"}


async def test_the_class_is_there_and_nothing_runs_without_an_ingress():
    async with lab() as made:
        found = await made.client.get(IngressClass, Key("", "podo"))
        assert found.metadata.annotations == {"ingressclass.kubernetes.io/is-default-class": "true"}
        await made.ingress(ingressClassName="other")
        await made.settle()
        assert (made.proxy.configurations, made.proxy.running) == ([], False)


async def test_an_ingress_is_served_and_shows_where():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        (configuration,) = made.proxy.configurations
        assert "server s1 10.244.1.2:8080" in configuration
        shown = await made.client.get(Ingress, Key("default", "site"))
        assert [each.ip for each in shown.status.load_balancer.ingress] == ["192.0.2.1"]


async def test_endpoints_change_by_commands():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        await made.endpoints("10.244.1.9")
        await made.settle()
        assert len(made.proxy.configurations) == 1
        assert made.proxy.commands[-2:] == [
            "set server default_web_http/s1 addr 10.244.1.9 port 8080",
            "set server default_web_http/s1 state ready",
        ]


async def test_more_endpoints_than_servers_are_a_reload():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        await made.endpoints(*(f"10.244.1.{i}" for i in range(2, 11)))
        await made.settle()
        assert "server s16 127.0.0.1:1 disabled" in made.proxy.configurations[1]


async def test_who_leaves_does_not_wait_for_a_reload():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        await made.endpoints(*(f"10.244.2.{i}" for i in range(2, 11)))
        await made.settle()
        assert (len(made.proxy.configurations), made.proxy.commands) == (
            2,
            ["set server default_web_http/s1 state maint"],
        )


async def test_what_is_in_force_is_told_once_it_is():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        changed = await made.endpoints("10.244.1.9")
        await made.settle()
        assert made.follow.told[-1] == int(changed.metadata.resource_version)
        other = await made.client.create(endpoint_slice("10.244.1.7", of="other", name="other-1"))
        await made.settle()
        assert made.follow.told[-1] == int(other.metadata.resource_version)


async def test_while_the_proxy_refuses_nothing_is_in_force():
    async with lab() as made:
        made.proxy.refuse = 1000
        await made.ingress(**OURS)
        await made.settle()
        await made.client.create(endpoint_slice("10.244.1.7", of="other", name="other-1"))
        await made.settle()
        assert made.follow.told == [0]


async def test_names_under_localhost_are_certified_by_podo_itself():
    async with lab() as made:
        rules = [{"host": host} for host in ("b.localhost", "a.example", "*.localhost")]
        await made.ingress(**OURS, rules=rules)
        await made.settle()
        assert made.proxy.files["certificates/default.pem"] == b"localhost 192.0.2.1 b.localhost"
        await made.ingress("more", **OURS, rules=[{"host": "a.localhost"}])
        await made.settle()
        assert made.proxy.files["certificates/default.pem"] == b"localhost 192.0.2.1 a.localhost b.localhost"


async def test_the_last_ingress_takes_the_proxy_with_it():
    async with lab() as made:
        await made.ingress(**OURS)
        await made.settle()
        assert made.proxy.running
        await made.client.delete(Ingress, Key("default", "site"))
        await made.settle()
        assert not made.proxy.running


@pytest.mark.parametrize("trouble", ["refuses", "ends"])
async def test_a_proxy_that_refuses_or_ends_is_given_everything_again(trouble):
    async with lab() as made:
        made.proxy.refuse = int(trouble == "refuses")
        await made.ingress(**OURS)
        await made.settle()
        if trouble == "ends":
            made.proxy.die()
            await made.settle()
        await made.settle()
        assert len(made.proxy.configurations) == (1 if trouble == "refuses" else 2)


async def test_what_is_wrong_with_an_ingress_is_an_event():
    async with lab() as made:
        await made.ingress(service="absent", **OURS)
        await made.settle()
        events = (await made.client.list(Event)).items
        assert ("Warning", "Rejected", "Service default/absent does not exist") in [
            (each.type, each.reason, each.message) for each in events
        ]
        await made.client.create(service("absent", ip="10.96.0.51"))
        await made.settle()
        events = (await made.client.list(Event)).items
        assert ("Normal", "Sync") in [(each.type, each.reason) for each in events]
