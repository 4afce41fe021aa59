"""A host's side of the nodes is completed, whatever moment the one who made it was killed at."""

import pytest

from podo.network.host import HostNetwork
from podo.network.names import node_link_name, owner
from podo.network.netlink import in_namespace
from tests.e2e.network_world import NODES, ask, world

pytestmark = pytest.mark.e2e


@pytest.fixture
async def net(tmp_path):
    async with world(tmp_path) as made:
        yield made


@pytest.fixture
async def pod(net):
    made = await net.add_pod("node-1", "a")
    await net.serve(made.netns, "a")
    return made


def undo(change):
    """What the link of node-1 looks like to someone who was killed before `change` reached the kernel."""

    def apply(host):
        host._ip.link("set", index=host.index(node_link_name("e2e", "node-1")), **change)

    return apply


@pytest.mark.parametrize("missing", [{"state": "down"}, {"master": 0}, {"ifalias": ""}], ids=["up", "bridge", "owner"])
async def test_a_link_that_was_left_half_made_is_completed(net, pod, missing):
    await in_namespace(net.host_netns, undo(missing))
    await HostNetwork(net.config, netns=net.host_netns).add_node("node-1", NODES["node-1"][0][:1])
    assert await ask(net.host_netns, pod.address, 8080) == ("a", "10.245.0.1")
    links = await in_namespace(net.host_netns, lambda host: host.links())
    assert [each.alias for each in links if each.name == node_link_name("e2e", "node-1")] == [owner("e2e")]
