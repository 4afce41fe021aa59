"""What every cluster starts with."""

from ipaddress import ip_network

import pytest

from podo.server.bootstrap.objects import api_service, bootstrap, default_objects, served_of
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection


async def objects(core, api_version, kind):
    served = served_of(core, {"apiVersion": api_version, "kind": kind})
    found = await core.registry.list(served, Selection(), ListOptions())
    return {entry.name: entry.object() for entry in found.entries}


@pytest.fixture
async def started(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    return core


async def test_a_new_cluster_has_its_namespaces_priorities_and_roles(started):
    assert set(await objects(started, "v1", "Namespace")) == {
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    }
    assert "system-node-critical" in await objects(started, "scheduling.k8s.io/v1", "PriorityClass")
    assert "cluster-admin" in await objects(started, "rbac.authorization.k8s.io/v1", "ClusterRole")
    assert len(await objects(started, "flowcontrol.apiserver.k8s.io/v1", "FlowSchema")) > 5


async def test_the_api_has_the_first_address_of_its_range(started):
    service = (await objects(started, "v1", "Service"))["kubernetes"]
    assert service["spec"]["clusterIP"] == "10.0.0.1"
    cidr = (await objects(started, "networking.k8s.io/v1", "ServiceCIDR"))["kubernetes"]
    assert cidr["spec"]["cidrs"] == ["10.0.0.0/24"]
    assert cidr["status"]["conditions"][0]["type"] == "Ready"


async def test_a_second_start_changes_nothing(started):
    await started.cache.consistent()
    before = started.cache.revision
    await bootstrap(started, service_cidr="10.0.0.0/24", port=6443)
    await started.cache.consistent()
    assert started.cache.revision == before


def test_the_service_is_of_the_family_of_its_range():
    spec = api_service(ip_network("fd00::/108"), 6443)["spec"]
    assert (spec["clusterIP"], spec["ipFamilies"]) == ("fd00::1", ["IPv6"])


def test_every_default_object_names_a_kind_and_itself():
    found = default_objects()
    assert all(obj["kind"] and obj["apiVersion"] and obj["metadata"]["name"] for obj in found)
    assert len({(obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]) for obj in found}) == len(
        found
    )


async def test_the_first_of_two_ranges_is_that_of_the_api(core):
    await bootstrap(core, service_cidr="10.0.0.0/24,fd00::/112", port=6443)
    spec = (await objects(core, "v1", "Service"))["kubernetes"]["spec"]
    assert (spec["clusterIPs"], spec["ipFamilies"]) == (["10.0.0.1"], ["IPv4"])
    ranges = (await objects(core, "networking.k8s.io/v1", "ServiceCIDR"))["kubernetes"]["spec"]["cidrs"]
    assert ranges == ["10.0.0.0/24", "fd00::/112"]
