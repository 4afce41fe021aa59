"""A host, nodes and Pods in namespaces of their own, driven from one process: a socket stays where it was made."""

import asyncio
import itertools
import socket
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from podo.clock import SystemClock
from podo.network import namespaces
from podo.network.base import PodSandbox
from podo.network.config import NetworkConfig
from podo.network.host import NODE_DEVICE, HostNetwork
from podo.network.ipam import AddressManager
from podo.network.netlink import Veth, in_namespace, in_thread
from podo.network.nft import NftCommand
from podo.network.pods import LinkedPods
from podo.network.removal import cleanup
from podo.network.route_keeper import RouteKeeper
from podo.network.routes import Place
from podo.network.services.conntrack import KernelFlows
from podo.network.services.host_ports import SavedHostPorts
from podo.network.services.proxy import ServiceProxy
from podo.network.services.tables import ProxySettings
from tests.network import build


@dataclass
class Spot:
    """A namespace with what podo runs in it."""

    netns: object
    proxy: ServiceProxy
    keeper: RouteKeeper
    pods: LinkedPods | None = None


@dataclass
class Pod:
    name: str
    netns: object
    address: str
    sandbox: PodSandbox
    addresses: tuple


@dataclass
class World:
    """Two nodes, their Pods, and the host. Made by `world`."""

    config: NetworkConfig
    host_netns: object
    host: Spot = None
    nodes: dict = field(default_factory=dict)
    stack: AsyncExitStack = None
    gate_of: object = None  # (netns) -> what a node's Pods are admitted by
    numbers: object = field(default_factory=itertools.count)

    @property
    def spots(self):
        return [self.host, *self.nodes.values()]

    async def add_node(self, name, addresses, pod_ranges):
        netns = await HostNetwork(self.config, netns=self.host_netns).add_node(name, addresses)
        settings = ProxySettings(config=self.config, node=name, node_addresses=addresses)
        spot = await self._spot(netns, settings, Place(NODE_DEVICE, addresses, name))
        store = AddressManager(self.config.run_root / name / "addresses.json", pod_ranges)
        ports = SavedHostPorts(self.config.run_root / name / "host-ports.json", spot.proxy)
        gate = self.gate_of(netns) if self.gate_of else None
        spot.pods = LinkedPods(
            self.config, addresses=store, sources=addresses, host_ports=ports, policies=gate, netns=netns
        )
        self.nodes[name] = spot

    async def add_host(self):
        await HostNetwork(self.config, netns=self.host_netns).up()
        place = HostNetwork(self.config).place
        settings = ProxySettings(config=self.config, node="", node_addresses=("127.0.0.0/8", *place.addresses))
        self.host = await self._spot(self.host_netns, settings, place)

    async def _spot(self, netns, settings, place):
        clock = SystemClock()
        proxy = ServiceProxy(settings, nft=NftCommand(netns), flows=KernelFlows(netns), clock=clock)
        return Spot(netns, proxy, RouteKeeper(self.config, place, clock, netns=netns))

    async def know_nodes(self, *nodes):
        for spot in self.spots:
            for each in nodes:
                spot.keeper.node_changed(None, each)
            await spot.keeper.sync()

    async def change(self, *, services=(), slices=()):
        """(old, new) pairs, told to all proxies."""
        for spot in self.spots:
            for old, new in services:
                spot.proxy.service_changed(old, new)
            for old, new in slices:
                spot.proxy.slice_changed(old, new)
            await spot.proxy.sync()

    async def add_pod(self, node, name, *, namespace="default", **sandbox):
        netns = self.config.run_root / "pods" / f"{name}-{next(self.numbers)}"
        await in_thread(lambda: namespaces.create(netns))
        self.stack.push_async_callback(in_thread, lambda: namespaces.remove(netns))
        await in_namespace(netns, lambda pod: pod.set_up(pod.index("lo")))
        made = PodSandbox(id=f"id-{netns.name}", netns=netns, namespace=namespace, name=name, uid=name, **sandbox)
        addresses = await self.nodes[node].pods.setup(made)
        return Pod(name, netns, addresses[0], made, addresses)

    async def add_world(self, netns, *, host, world):
        """A namespace that is linked to the host, and knows nothing of podo."""
        await in_thread(lambda: namespaces.create(netns))
        self.stack.push_async_callback(in_thread, lambda: namespaces.remove(netns))
        veth = Veth(name="uplink", alias="", mtu=1500, peer="eth0", netns=netns)
        await in_namespace(self.host_netns, lambda link: link.add_address(link.add_veth(veth), host))
        await in_namespace(netns, lambda link: link.add_address(link.index("eth0"), world))
        await in_namespace(netns, lambda link: link.set_up(link.index("eth0")))

    async def serve(self, netns, text, port=8080, address="0.0.0.0"):
        """A TCP server in a namespace that answers with `text` and the address that it was asked from."""

        async def answer(reader, writer):
            writer.write(f"{text} {writer.get_extra_info('peername')[0]}".encode())
            writer.close()

        listener = made_in(netns, socket.SOCK_STREAM, address)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        server = await asyncio.start_server(answer, sock=listener)
        self.stack.callback(server.close)

    async def serve_udp(self, netns, text, port=8080, address="0.0.0.0"):
        listener = made_in(netns, socket.SOCK_DGRAM, address)
        listener.bind((address, port))

        class Answer(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, data, addr):
                self.transport.sendto(text.encode(), addr)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Answer, sock=listener)
        self.stack.callback(transport.close)


def made_in(netns, kind, address=""):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespaces.entered(netns):
        made = socket.socket(family, kind | socket.SOCK_CLOEXEC)
    made.setblocking(False)
    return made


async def ask(netns, address, port=80, seconds=2, source=""):
    """(text, source address seen by the server), over one connection from a namespace. Raises OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    with made_in(netns, socket.SOCK_STREAM, address) as client:
        if source:
            client.bind((source, 0))
        async with asyncio.timeout(seconds):
            await loop.sock_connect(client, (address, port))
            answer = b""
            while more := await loop.sock_recv(client, 1000):
                answer += more
    return tuple(answer.decode().split())


async def spread(netns, address, port=80, times=60):
    """How often each server answered."""
    answers = Counter()
    for _ in range(times):
        answers[(await ask(netns, address, port))[0]] += 1
    return answers


NODES = {
    "node-1": (("10.245.0.2", "fd00:10:245::2"), ("10.244.1.0/24", "fd00:10:244:1::/64")),
    "node-2": (("10.245.0.3", "fd00:10:245::3"), ("10.244.2.0/24", "fd00:10:244:2::/64")),
}


def config_in(folder, *, dual):
    config = NetworkConfig(cluster="e2e", run_root=folder)
    return (
        replace(
            config,
            pod_ranges=(*config.pod_ranges, "fd00:10:244::/56"),
            node_ranges=(*config.node_ranges, "fd00:10:245::/64"),
            service_ranges=(*config.service_ranges, "fd00:10:96::/112"),
        )
        if dual
        else config
    )


@asynccontextmanager
async def world(folder, *, dual=False, gate_of=None):
    """Host, node-1 and node-2 with routes between them. Everything is gone at the end, however it ends."""
    config = config_in(folder, dual=dual)
    host_netns = folder / "host"
    await in_thread(lambda: namespaces.create(host_netns))
    made = World(config, host_netns, gate_of=gate_of)
    try:
        async with AsyncExitStack() as made.stack:
            await in_namespace(host_netns, lambda host: host.set_up(host.index("lo")))
            await made.add_host()
            families = 2 if dual else 1
            for name, (addresses, pod_ranges) in NODES.items():
                await made.add_node(name, addresses[:families], pod_ranges[:families])
            await made.know_nodes(
                *(
                    build.node(name, address=",".join(addresses[:families]), pod_range=",".join(ranges[:families]))
                    for name, (addresses, ranges) in NODES.items()
                )
            )
            await made.change()
            yield made
    finally:
        with suppress(OSError):
            await cleanup("e2e", run_root=folder, netns=host_netns)
        await in_thread(lambda: namespaces.remove(host_netns))
