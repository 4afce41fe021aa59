"""Both families at once: what IPv4 does, IPv6 does."""

import pytest

from podo.network.netlink import in_namespace
from podo.network.removal import cleanup, residue
from tests.e2e.network_world import ask, spread, world
from tests.network.build import endpoint, endpoint_slice, port, service

pytestmark = pytest.mark.e2e
WEB4, WEB6 = "10.96.0.50", "fd00:10:96::50"


@pytest.fixture
async def net(tmp_path):
    async with world(tmp_path, dual=True) as made:
        yield made


@pytest.fixture
async def pods(net):
    """Two Pods on node-1 and one on node-2, each with a server on both families."""
    made = []
    for node, name in (("node-1", "a"), ("node-1", "b"), ("node-2", "c")):
        pod = await net.add_pod(node, name)
        await net.serve(pod.netns, name, 8080, "0.0.0.0")
        await net.serve(pod.netns, name, 8081, "::")
        made.append(pod)
    return made


def slices_of(pods):
    nodes = ("node-1", "node-1", "node-2")
    four = endpoint_slice(*(endpoint(p.addresses[0], node=n) for p, n in zip(pods, nodes, strict=True)), name="web-4")
    six = endpoint_slice(
        *(endpoint(p.addresses[1], node=n) for p, n in zip(pods, nodes, strict=True)),
        name="web-6",
        version=6,
        ports=(("http", "TCP", 8081),),
    )
    return [(None, four), (None, six)]


async def test_pods_have_an_address_of_each_family_and_reach_each_other_by_both(net, pods):
    a, b, c = pods
    assert a.addresses == ("10.244.1.2", "fd00:10:244:1::2")
    for other in (b, c):
        assert await ask(a.netns, other.addresses[0], 8080) == (other.name, a.addresses[0])
        assert await ask(a.netns, other.addresses[1], 8081) == (other.name, a.addresses[1])


async def test_the_host_reaches_pods_by_both(net, pods):
    for pod in pods:
        assert await ask(net.host_netns, pod.addresses[0], 8080) == (pod.name, "10.245.0.1")
        assert await ask(net.host_netns, pod.addresses[1], 8081) == (pod.name, "fd00:10:245::1")


async def test_a_service_is_balanced_in_both_families_from_everywhere(net, pods):
    web = service(ip=f"{WEB4},{WEB6}", type="NodePort", ports=[port(80, node_port=30080)])
    await net.change(services=[(None, web)], slices=slices_of(pods))
    for netns in (pods[0].netns, pods[2].netns, net.host_netns, net.nodes["node-1"].netns):
        assert set(await spread(netns, WEB4, times=40)) == {"a", "b", "c"}
        assert set(await spread(netns, WEB6, times=40)) == {"a", "b", "c"}
    assert set(await spread(net.host_netns, "fd00:10:245::2", 30080, times=40)) == {"a", "b", "c"}


async def test_without_endpoints_both_refuse(net, pods):
    await net.change(services=[(None, service(ip=f"{WEB4},{WEB6}"))])
    for netns in (pods[0].netns, net.host_netns):
        for address in (WEB4, WEB6):
            with pytest.raises(ConnectionRefusedError):
                await ask(netns, address)


async def test_cleanup_leaves_nothing_of_either(net, pods):
    await cleanup("e2e", run_root=net.config.run_root, netns=net.host_netns)
    assert await residue("e2e", run_root=net.config.run_root, netns=net.host_netns) == []
    found = await in_namespace(net.host_netns, lambda host: host.addresses())
    assert {address for _, address in found} <= {"127.0.0.1/8", "::1/128"}
