"""What Services are given, and give back."""

import random

import pytest

from podo.api.errors import APIError, Invalid
from podo.server.allocation.pools import Addresses, Ports, candidates, reserved
from podo.server.allocation.repair import Repair
from podo.server.allocation.services import ServiceAllocation
from podo.server.context import Context
from podo.server.core import MASTER, running_core
from podo.server.registry.deleting import DeleteOptions
from podo.store.memory import MemoryStore


class Lab:
    """A cluster with pools."""

    def __init__(self, core, store, cidrs):
        self.core = core
        self.services = core.catalog.by_path("", "v1", "services")
        ranges, addresses = (
            core.catalog.by_path("networking.k8s.io", "v1", n) for n in ("servicecidrs", "ipaddresses")
        )
        self.addresses = addresses
        chance = random.Random(1)
        pool, ports = Addresses(core.registry, ranges, addresses, cidrs, chance), Ports(store, core.cache, chance)
        core.registry.hooks["", "Service"] = ServiceAllocation(pool, ports)
        self.repair = Repair(core, pool, ports)

    def ctx(self, **more):
        return Context(MASTER, self.core.clock.now(), namespace="default", manager="test", **more)

    async def create(self, name="s", *, ports=(80,), dry_run=False, **spec):
        spec = {"selector": {"app": "a"}, "ports": [p if isinstance(p, dict) else {"port": p} for p in ports]} | spec
        for number, port in enumerate(spec["ports"]):
            port.setdefault("name", f"p{number}")
        obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        entry = await self.core.registry.create(self.ctx(dry_run=dry_run), self.services, obj)
        return entry.object()["spec"]

    async def update(self, name="s", **changes):
        async def change(current, revision):
            current["spec"] |= changes
            return current

        entry, _ = await self.core.registry.update(self.ctx(), self.services, name, change)
        return entry.object()["spec"]

    async def delete(self, name="s"):
        await self.core.registry.delete(self.ctx(), self.services, name, DeleteOptions())

    async def claims(self):
        await self.core.cache.consistent()
        found = [*self.core.cache.resource(self.addresses.stored.prefix).keys()]
        return sorted(found), sorted(self.core.cache.resource("/registry/core/nodeports/").keys())


@pytest.fixture
async def lab(clock):
    store = MemoryStore()
    async with running_core(store, clock) as core:
        yield Lab(core, store, ["10.0.0.0/24"])


@pytest.fixture
async def small(clock):
    store = MemoryStore()
    async with running_core(store, clock) as core:
        yield Lab(core, store, ["10.0.0.0/30"])


async def test_a_service_is_given_an_address_and_gives_it_back(lab):
    spec = await lab.create()
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert (await lab.claims())[0] == [spec["clusterIP"]]
    await lab.delete()
    assert await lab.claims() == ([], [])


async def test_the_address_of_a_service_with_a_generated_name_says_whose_it_is(lab):
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "s-"}, "spec": {"ports": [{"port": 80}]}}
    made = (await lab.core.registry.create(lab.ctx(), lab.services, obj)).object()
    address = await lab.core.registry.get(lab.addresses, "", made["spec"]["clusterIP"])
    assert address.object()["spec"]["parentRef"]["name"] == made["metadata"]["name"]


async def test_an_address_can_be_chosen_once(lab):
    assert (await lab.create(clusterIP="10.0.0.77"))["clusterIP"] == "10.0.0.77"
    with pytest.raises(Invalid, match=r"failed to allocate IP 10\.0\.0\.77: provided IP is already allocated"):
        await lab.create("t", clusterIP="10.0.0.77")
    with pytest.raises(Invalid, match="the provided network does not match the current range"):
        await lab.create("t", clusterIP="10.5.0.1")


async def test_a_headless_service_needs_no_address(lab):
    assert (await lab.create(clusterIP="None"))["clusterIPs"] == ["None"]
    assert await lab.claims() == ([], [])


async def test_an_external_name_needs_nothing(lab):
    spec = await lab.create(type="ExternalName", externalName="example.com")
    assert "clusterIP" not in spec
    assert "ipFamilies" not in spec


async def test_a_failed_create_gives_back_what_it_had_claimed(lab):
    with pytest.raises(Invalid):
        await lab.create("Bad_Name")
    with pytest.raises(Invalid, match=r"nodePort: Invalid value: 80: provided port is not in the valid range"):
        await lab.create(type="NodePort", ports=[{"port": 80, "nodePort": 80}])
    assert await lab.claims() == ([], [])


async def test_a_dry_run_shows_what_might_be_and_claims_nothing(lab):
    spec = await lab.create(type="NodePort", dry_run=True)
    assert spec["clusterIP"]
    assert spec["ports"][0]["nodePort"]
    assert await lab.claims() == ([], [])


async def test_node_ports_come_and_go_with_the_type(lab):
    spec = await lab.create(type="NodePort", ports=(80, 81))
    ports = sorted(str(port["nodePort"]) for port in spec["ports"])
    assert (await lab.claims())[1] == ports
    spec = await lab.update(type="ClusterIP")
    assert all("nodePort" not in port for port in spec["ports"])
    assert (await lab.claims())[1] == []
    spec = await lab.update(type="NodePort")
    assert len((await lab.claims())[1]) == 2


async def test_one_node_port_serves_two_protocols_of_a_port(lab):
    ports = [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    spec = await lab.create(type="NodePort", ports=ports)
    assert spec["ports"][0]["nodePort"] == spec["ports"][1]["nodePort"]


async def test_a_load_balancer_that_wants_local_traffic_has_a_health_port(lab):
    spec = await lab.create(type="LoadBalancer", externalTrafficPolicy="Local", allocateLoadBalancerNodePorts=False)
    assert (await lab.claims())[1] == [str(spec["healthCheckNodePort"])]
    spec = await lab.update(externalTrafficPolicy="Cluster")
    assert "healthCheckNodePort" not in spec
    assert (await lab.claims())[1] == []


async def test_an_update_may_leave_out_what_the_server_gave(lab):
    made = await lab.create(type="NodePort")
    spec = await lab.update(clusterIP="", clusterIPs=[], ports=[{"name": "p0", "port": 80, "protocol": "TCP"}])
    assert spec["clusterIP"] == made["clusterIP"]
    assert spec["ports"][0]["nodePort"] == made["ports"][0]["nodePort"]


async def test_a_service_that_becomes_external_gives_its_address_back(lab):
    await lab.create()
    await lab.update(type="ExternalName", externalName="example.com")
    assert await lab.claims() == ([], [])
    spec = await lab.update(type="ClusterIP")
    assert (await lab.claims())[0] == [spec["clusterIP"]]


async def test_a_full_range_is_an_error_of_the_server(small):
    await small.create("a")
    await small.create("b")
    with pytest.raises(APIError, match='failed to allocate a serviceIP for Service "c": range is full'):
        await small.create("c")


async def test_dual_stack_is_refused_where_there_is_one_family(lab):
    with pytest.raises(Invalid, match="this cluster is not configured for dual-stack services"):
        await lab.create(ipFamilyPolicy="RequireDualStack")
    assert (await lab.create(ipFamilyPolicy="PreferDualStack"))["ipFamilies"] == ["IPv4"]


async def test_dual_stack_gives_two_addresses(clock):
    store = MemoryStore()
    async with running_core(store, clock) as core:
        lab = Lab(core, store, ["10.0.0.0/24", "fd00::/108"])
        spec = await lab.create(ipFamilyPolicy="RequireDualStack")
        assert (spec["ipFamilies"], len(spec["clusterIPs"])) == (["IPv4", "IPv6"], 2)
        spec = await lab.update(ipFamilyPolicy="SingleStack")
        assert len(spec["clusterIPs"]) == 1
        assert len((await lab.claims())[0]) == 1


async def test_lost_claims_are_made_again_and_stray_ones_given_back(lab):
    kept = await lab.create(type="NodePort")
    stray = lab.ctx()
    await lab.repair._addresses.claim(stray, "10.0.0.99", {"metadata": {"name": "gone"}})
    await lab.repair._ports.claim(stray, 30099, {"metadata": {"name": "gone"}})
    await lab.repair._ports.release(kept["ports"][0]["nodePort"])
    await lab.repair._addresses.release(stray, kept["clusterIP"])
    await lab.repair.run()
    assert await lab.claims() == ([kept["clusterIP"]], [str(kept["ports"][0]["nodePort"])])


@pytest.mark.parametrize(("size", "band"), [(4, 0), (16, 0), (254, 16), (4096, 256), (65536, 256)])
def test_a_band_is_kept_for_those_who_choose(size, band):
    assert reserved(size, 16, 256) == band


def test_candidates_are_all_of_a_range_and_the_band_comes_last():
    found = list(candidates(1, 100, 16, random.Random(3)))
    assert sorted(found) == list(range(1, 101))
    assert sorted(found[-16:]) == list(range(1, 17))
