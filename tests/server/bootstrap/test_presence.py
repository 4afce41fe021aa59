"""That servers say that they are there, and where the API is."""

import asyncio

import pytest

from podo.server.bootstrap.endpoints import Place, endpoint_slice, endpoints, publish_endpoints
from podo.server.bootstrap.objects import bootstrap, served_of
from podo.server.bootstrap.presence import ADVERTISED, TOGETHER, Identity, Presence, lease_name
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection

FIRST, SECOND = Place("10.1.1.1", 6443), Place("10.1.1.2", 6443)


async def objects(core, api_version, kind):
    served = served_of(core, {"apiVersion": api_version, "kind": kind})
    found = await core.registry.list(served, Selection(), ListOptions())
    return {entry.name: entry.object() for entry in found.entries}


async def leases(core):
    return await objects(core, "coordination.k8s.io/v1", "Lease")


async def addresses(core):
    """What Endpoints and EndpointSlice say, which is the same."""
    found = (await objects(core, "v1", "Endpoints"))["kubernetes"]["subsets"]
    slices = (await objects(core, "discovery.k8s.io/v1", "EndpointSlice"))["kubernetes"]["endpoints"]
    said = [address["ip"] for subset in found for address in subset["addresses"]]
    assert said == [endpoint["addresses"][0] for endpoint in slices]
    return said


@pytest.fixture
async def started(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    return core


def presence(core, place=None, *, host="a", incarnation="1", shared=False):
    return Presence(core, Identity(host, incarnation, place, shared))


def test_the_name_of_a_lease_is_a_hash_of_the_host():
    assert lease_name("a") == lease_name("a") != lease_name("b")
    assert lease_name("a").startswith("apiserver-")
    assert len(lease_name("a")) == len("apiserver-") + 26


async def test_a_server_has_a_lease_that_a_new_start_takes_over(started, clock):
    await presence(started).renew()
    [(name, lease)] = (await leases(started)).items()
    assert name == lease_name("a")
    assert lease["metadata"]["labels"] == {
        "apiserver.kubernetes.io/identity": "kube-apiserver",
        "kubernetes.io/hostname": "a",
    }
    assert lease["spec"]["holderIdentity"] == f"{name}_1"
    assert lease["spec"]["leaseDurationSeconds"] == 3600
    clock.advance(5)
    await presence(started, incarnation="2").renew()
    again = (await leases(started))[name]
    assert again["spec"]["holderIdentity"] == f"{name}_2"
    assert again["spec"]["renewTime"] > lease["spec"]["renewTime"]


@pytest.mark.parametrize("host", ["", "a_b.example.com-", "x" * 64])
async def test_a_host_whose_name_is_no_label_has_a_lease_too(started, host):
    await presence(started, host=host).renew()
    labels = (await leases(started))[lease_name(host)]["metadata"]["labels"]
    assert labels.get("kubernetes.io/hostname", "") in ("", host[:63])


async def test_a_lease_is_renewed_in_time(started, clock):
    await presence(started, shared=True).renew()
    [before] = (await leases(started)).values()
    served = served_of(started, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"})
    watcher = started.registry.watch(served, Selection(), started.cache.revision)
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(2):
        running = tasks.create_task(presence(started, shared=True).run())
        await asyncio.sleep(0)  # until it sleeps
        clock.advance(TOGETHER)
        await watcher.changed()
        running.cancel()
    [after] = (await leases(started)).values()
    assert after["spec"]["renewTime"] > before["spec"]["renewTime"]


async def test_a_lease_that_nobody_renews_goes_in_the_end(started, clock):
    await presence(started, host="old").renew()
    clock.advance(3601)
    await presence(started, host="new").renew()
    assert set(await leases(started)) == {lease_name("new")}


async def test_a_server_alone_is_where_the_api_is(started):
    await presence(started, FIRST).renew()
    await presence(started, SECOND, host="b").renew()
    assert await addresses(started) == ["10.1.1.2"]


async def test_several_servers_stand_beside_each_other_until_one_falls_silent(started, clock):
    one, two = presence(started, FIRST, shared=True), presence(started, SECOND, host="b", shared=True)
    await two.renew()
    await one.renew()
    assert await addresses(started) == ["10.1.1.1", "10.1.1.2"]
    clock.advance(2 * TOGETHER)
    await two.renew()
    clock.advance(2 * TOGETHER)
    await two.renew()
    assert await addresses(started) == ["10.1.1.2"]


async def test_a_server_that_leaves_takes_its_address_along(started):
    one, two = presence(started, FIRST, shared=True), presence(started, SECOND, host="b", shared=True)
    await one.renew()
    await two.renew()
    await two.leave()
    assert await addresses(started) == ["10.1.1.1"]
    assert [lease["metadata"]["annotations"][ADVERTISED] for lease in (await leases(started)).values()] == [
        "10.1.1.1 6443"
    ]


async def test_servers_of_one_host_that_share_a_store_are_two(started):
    for place in (FIRST, Place("10.1.1.1", 7443)):
        await presence(started, place, shared=True).renew()
    assert len(await leases(started)) == 2
    subsets = (await objects(started, "v1", "Endpoints"))["kubernetes"]["subsets"]
    assert [subset["ports"][0]["port"] for subset in subsets] == [6443, 7443]


async def test_endpoints_that_are_as_they_should_be_are_left_alone(started):
    await publish_endpoints(started, [FIRST])
    await started.cache.consistent()
    before = started.cache.revision
    await publish_endpoints(started, [FIRST])
    await started.cache.consistent()
    assert started.cache.revision == before


def test_a_slice_is_of_one_family_and_one_port():
    places = [Place("fd00::1", 6443), FIRST, Place("10.1.1.3", 7443)]
    found = endpoint_slice(places)
    assert (found["addressType"], [e["addresses"] for e in found["endpoints"]]) == ("IPv4", [["10.1.1.1"]])
    assert [len(subset["addresses"]) for subset in endpoints(places)["subsets"]] == [2, 1]
