"""CNI plug-ins of the distribution, run for real."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from podo.network import namespaces
from podo.network.base import NetworkFailure, PodSandbox
from podo.network.cni.attachments import Attachments
from podo.network.cni.configuration import parse
from podo.network.cni.plugin import PluginPrograms
from podo.network.netlink import in_namespace, in_thread
from tests.e2e.network_world import World, ask, config_in

pytestmark = pytest.mark.e2e
BRIDGE = "cni-e2e"


@pytest.fixture
async def boxes(tmp_path):
    """Two namespaces, gone at the end; and the bridge that a plug-in makes."""
    made = []
    for name in ("a", "b"):
        netns = tmp_path / name
        await in_thread(lambda: namespaces.create(netns))  # noqa: B023
        await in_namespace(netns, lambda pod: pod.set_up(pod.index("lo")))
        made.append(PodSandbox(id=f"box-{name}", netns=netns, namespace="ns", name=name, uid=name))
    yield made
    await in_namespace(None, lambda host: host.delete_link(BRIDGE))
    for box in made:
        await in_thread(lambda: namespaces.remove(box.netns))  # noqa: B023


def network(tmp_path, **plugin):
    ipam = {"type": "host-local", "dataDir": str(tmp_path / "ipam"), "ranges": [[{"subnet": "10.99.0.0/24"}]]}
    ipam["routes"] = [{"dst": "0.0.0.0/0"}]
    plugins = [plugin | {"ipam": ipam}, {"type": "tuning", "sysctl": {"net.ipv4.conf.eth0.log_martians": "1"}}]
    return parse(json.dumps({"name": "e2e", "cniVersion": "1.0.0", "plugins": plugins}), "e2e.conflist")


@pytest.mark.parametrize(
    "plugin",
    [{"type": "bridge", "bridge": BRIDGE, "isGateway": True}, {"type": "ptp"}],
    ids=lambda plugin: plugin["type"],
)
async def test_pods_reach_each_other_and_give_their_addresses_back(tmp_path, boxes, plugin):
    attachments = Attachments(tmp_path / "attachments", PluginPrograms())
    made, (a, b) = network(tmp_path, **plugin), boxes
    addresses = [(await attachments.add(made, box))[0] for box in (a, b)]
    assert len(set(addresses)) == 2
    world = World(config_in(tmp_path, dual=False), None)
    async with AsyncExitStack() as world.stack:
        await world.serve(b.netns, "b")
        if plugin["type"] == "bridge":
            assert await ask(a.netns, addresses[1], 8080) == ("b", addresses[0])
        assert (await ask(None, addresses[1], 8080))[0] == "b"
    await attachments.check(a)
    await in_namespace(a.netns, lambda pod: pod.delete_link("eth0"))
    with pytest.raises(NetworkFailure, match="CHECK"):
        await attachments.check(a)
    for box in (a, b):
        await attachments.delete(box)
    assert {path.name for path in (tmp_path / "ipam" / "e2e").iterdir()} == {"last_reserved_ip.0", "lock"}


async def test_a_plugin_that_is_not_there_is_named(tmp_path, boxes):
    attachments = Attachments(tmp_path / "attachments", PluginPrograms())
    with pytest.raises(NetworkFailure, match="no CNI plug-in 'absent' in /opt/cni/bin"):
        await attachments.add(network(tmp_path, type="absent"), boxes[0])


async def test_what_a_plugin_says_is_passed_on(tmp_path, boxes):
    attachments = Attachments(tmp_path / "attachments", PluginPrograms())
    gone = PodSandbox(id="gone", netns=Path("/nonexistent"), namespace="ns", name="g", uid="g")
    with pytest.raises(NetworkFailure, match=r"plug-in ptp failed \(ADD\): .*nonexistent"):
        await attachments.add(network(tmp_path, type="ptp"), gone)
