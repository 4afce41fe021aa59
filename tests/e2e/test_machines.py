"""Nodes on several machines: a host with two local nodes, and a node that is a machine of its own.

Namespaces stand for the machines; between them is another one, a router that lets no packet of a Pod pass, or one link.
"""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from podo.network import namespaces
from podo.network.host import forwarding
from podo.network.ipam import AddressManager
from podo.network.names import overlay_name
from podo.network.netlink import Veth, in_namespace, in_thread
from podo.network.nft import NftCommand
from podo.network.pods import LinkedPods
from podo.network.routes import MACHINE, Place, Route, Underlay
from podo.network.services.host_ports import SavedHostPorts
from podo.network.services.tables import ProxySettings
from tests.e2e.network_world import NODES, ask, made_in, spread, world
from tests.network import build

pytestmark = pytest.mark.e2e
HOST, ROUTERS, MACHINE_RANGE = ("192.0.2.10/24", "192.0.2.1/24"), "198.51.100.1/24", "10.244.3.0/24"
VXLAN = overlay_name("e2e")


def node(name, machine, address, pod_range):
    made = build.node(name, address=address, pod_range=pod_range)
    return msgspec.structs.replace(
        made, metadata=msgspec.structs.replace(made.metadata, annotations={MACHINE: machine})
    )


def bare(address):
    return address.partition("/")[0]


@asynccontextmanager
async def machines(folder, *, joined):
    """The world with a third node at the address `joined`: behind a router, or on the host's link."""
    async with world(folder) as made:
        routed = not joined.startswith("192.0.2.")
        paths = {name: folder / name for name in ("router", "machine")}
        for path in paths.values():
            await in_thread(lambda path=path: namespaces.create(path))
            made.stack.push_async_callback(in_thread, lambda path=path: namespaces.remove(path))
            await in_namespace(path, lambda link: link.set_up(link.index("lo")))
        await connect(made.host_netns, "uplink", HOST[0], paths["router" if routed else "machine"], "eth0")
        if routed:
            await connect(paths["machine"], "eth0", joined, paths["router"], "eth1")
            await given(paths["router"], {"eth0": HOST[1], "eth1": ROUTERS})
            await in_namespace(paths["router"], lambda link: forwarding(made.config))
            await default_route(made.host_netns, "uplink", bare(HOST[1]))
            await default_route(paths["machine"], "eth0", bare(ROUTERS))
            await NftCommand(paths["router"]).apply(STRICT)
        else:
            await given(paths["machine"], {"eth0": joined})
        await in_namespace(paths["machine"], lambda link: forwarding(made.config))
        place = Place("eth0", (bare(joined),), "node-3", Underlay("eth0", joined))
        settings = ProxySettings(config=made.config, node="node-3", node_addresses=(bare(joined),))
        spot = await made._spot(paths["machine"], settings, place)
        store = AddressManager(folder / "node-3" / "addresses.json", (MACHINE_RANGE,))
        ports = SavedHostPorts(folder / "node-3" / "host-ports.json", spot.proxy)
        spot.pods = LinkedPods(
            made.config, addresses=store, sources=place.addresses, host_ports=ports, netns=paths["machine"]
        )
        made.nodes["node-3"] = spot
        made.host.keeper.place = replace(made.host.keeper.place, underlay=Underlay("uplink", HOST[0]))
        await made.know_nodes(
            *(node(name, bare(HOST[0]), each[0][0], each[1][0]) for name, each in NODES.items()),
            node("node-3", bare(joined), bare(joined), MACHINE_RANGE),
        )
        await made.change()
        yield made


STRICT = [
    "table ip strict {",
    "chain forward { type filter hook forward priority filter;",
    "ip saddr { 10.244.0.0/16, 10.245.0.0/24, 10.96.0.0/16 } drop",
    "ip daddr { 10.244.0.0/16, 10.245.0.0/24, 10.96.0.0/16 } drop",
    "}",
    "}",
]


async def connect(netns, name, address, other, peer):
    """A link from `netns`, where its end has an address, to the namespace `other`."""
    veth = Veth(name=name, alias="", mtu=1500, peer=peer, netns=other)
    await in_namespace(netns, lambda link: link.add_address(link.add_veth(veth), address))
    await in_namespace(other, lambda link: link.set_up(link.index(peer)))


async def given(netns, addresses):
    for device, address in addresses.items():
        await in_namespace(netns, lambda link, d=device, a=address: link.add_address(link.index(d), a))


async def default_route(netns, device, gateway):
    await in_namespace(netns, lambda link: link.add_route(Route("0.0.0.0/0", gateway=gateway, device=device)))


async def three_pods(made):
    pods = [await made.add_pod(f"node-{n}", name) for n, name in ((1, "a"), (2, "b"), (3, "c"))]
    for each in pods:
        await made.serve(each.netns, each.name)
    return pods


FAR, NEAR = "198.51.100.20/24", "192.0.2.20/24"


@pytest.mark.parametrize("joined", [FAR, NEAR], ids=["behind a router", "on one link"])
async def test_pods_on_machines_reach_each_other_with_their_own_addresses(tmp_path, joined):
    async with machines(tmp_path, joined=joined) as made:
        pods = await three_pods(made)
        for source in pods:
            for target in pods:
                if source is not target:
                    assert await ask(source.netns, target.address, 8080) == (target.name, source.address)
        assert (await ask(made.host_netns, pods[2].address, 8080))[0] == "c"
        assert (await ask(made.nodes["node-3"].netns, pods[0].address, 8080))[0] == "a"
        there = [
            await in_namespace(each, lambda link: link.index(VXLAN)) for each in (made.host_netns, tmp_path / "machine")
        ]
        assert all(there) is (joined == FAR)


async def test_services_are_balanced_over_machines(tmp_path):
    async with machines(tmp_path, joined=FAR) as made:
        pods = await three_pods(made)
        endpoints = [build.endpoint(each.address, node=f"node-{n}") for n, each in enumerate(pods, 1)]
        await made.change(services=[(None, build.service())], slices=[(None, build.endpoint_slice(*endpoints))])
        for netns in (pods[0].netns, pods[2].netns, made.host_netns, tmp_path / "machine"):
            assert set(await spread(netns, "10.96.0.50", times=40)) == {"a", "b", "c"}


async def test_packets_that_the_tunnel_makes_too_long_are_cut_in_time(tmp_path):
    async with machines(tmp_path, joined=FAR) as made:
        pods = await three_pods(made)
        assert await sent(pods[0], pods[2], 1_000_000) == 1_000_000
        assert await sent(pods[2], pods[1], 1_000_000) == 1_000_000


async def sent(source, target, size):
    """How many bytes arrive of so many that are sent over one connection."""
    loop = asyncio.get_running_loop()
    with made_in(target.netns, socket.SOCK_STREAM) as listener, made_in(source.netns, socket.SOCK_STREAM) as client:
        listener.bind(("0.0.0.0", 9000))
        listener.listen()
        await loop.sock_connect(client, (target.address, 9000))
        server, _ = await loop.sock_accept(listener)
        with server:
            async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
                tasks.create_task(loop.sock_sendall(client, b"x" * size))
                got = 0
                while got < size:
                    got += len(await loop.sock_recv(server, 65536))
    return got


async def test_a_machine_that_was_cut_off_is_back_once_its_link_is(tmp_path):
    async with machines(tmp_path, joined=FAR) as made:
        pods = await three_pods(made)
        router = tmp_path / "router"
        await NftCommand(router).apply(
            ["add chain ip strict cut { type filter hook forward priority -5; policy drop; }"]
        )
        with pytest.raises((TimeoutError, OSError)):
            await ask(pods[0].netns, pods[2].address, 8080, seconds=0.5)
        await NftCommand(router).apply(["delete chain ip strict cut"])
        assert (await ask(pods[0].netns, pods[2].address, 8080, seconds=5))[0] == "c"


async def test_what_somebody_else_removes_of_the_tunnel_comes_back_and_what_is_not_needed_goes(tmp_path):
    async with machines(tmp_path, joined=FAR) as made:
        pods = await three_pods(made)
        await in_namespace(made.host_netns, lambda link: link.delete_link(VXLAN))
        with pytest.raises((TimeoutError, OSError)):
            await ask(pods[0].netns, pods[2].address, 8080, seconds=0.5)
        await made.host.keeper.sync()
        assert (await ask(pods[0].netns, pods[2].address, 8080, seconds=5))[0] == "c"
        gone = node("node-3", bare(FAR), bare(FAR), MACHINE_RANGE)
        made.host.keeper.node_changed(gone, None)
        await made.host.keeper.sync()
        assert not await in_namespace(made.host_netns, lambda link: link.index(VXLAN))
