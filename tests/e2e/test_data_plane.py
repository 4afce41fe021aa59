"""The composed data plane in processes of their own, as agents and server run it: names, Services, restarts."""

import asyncio
import json
import socket
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack

import pytest
from dnslib import RCODE, DNSRecord

from podo.network import namespaces
from podo.network.config import NetworkConfig
from podo.network.host import HostNetwork
from podo.network.netlink import in_namespace, in_thread
from podo.network.removal import cleanup
from tests.e2e.data_plane_process import NODES
from tests.e2e.network_world import World, ask, made_in, spread

pytestmark = pytest.mark.e2e
DNS = "10.96.0.10"


class Process:
    """A data plane that runs in the namespace bound at `netns`."""

    def __init__(self, netns, arguments):
        self._command = ("nsenter", f"--net={netns}", sys.executable, "-m", "tests.e2e.data_plane_process")
        self._arguments = json.dumps(arguments)

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(*self._command, self._arguments, stdin=PIPE, stdout=PIPE)
        assert await self._line() == "ready"

    async def _line(self):
        async with asyncio.timeout(20):
            return (await self._process.stdout.readline()).decode().strip()

    async def tell(self, **command):
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self._line()

    async def kill(self):
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


class Cluster:
    """Host and two nodes, each with its process, and three Pods with a server each."""

    def __init__(self, config, host_netns, stack):
        self.config, self.host_netns = config, host_netns
        self.world = World(config, host_netns, stack=stack)
        self.pods, self.processes = {}, {}

    async def start(self):
        host = HostNetwork(self.config, netns=self.host_netns)
        await host.up()
        await self._run("", self.host_netns, {})
        for node, address, pod_range in NODES:
            netns = await host.add_node(node, (address,))
            await self._run(node, netns, {"node": node, "address": address, "pod_range": pod_range})
        for node, name in (("node-1", "a"), ("node-1", "b"), ("node-2", "c")):
            await self._add_pod(node, name)
        for process in self.processes.values():
            await process.tell(endpoints=[address for _, address in self.pods.values()])

    async def _run(self, node, netns, arguments):
        made = self.processes[node] = Process(netns, {"run_root": str(self.config.run_root), **arguments})
        await made.start()
        self.world.stack.push_async_callback(made.kill)

    async def _add_pod(self, node, name):
        netns = self.config.run_root / "pods" / name
        await in_thread(lambda: namespaces.create(netns))
        self.world.stack.push_async_callback(in_thread, lambda: namespaces.remove(netns))
        await in_namespace(netns, lambda pod: pod.set_up(pod.index("lo")))
        self.pods[name] = netns, await self.processes[node].tell(pod=name, netns=str(netns))
        await self.world.serve(netns, name)


@pytest.fixture
async def cluster(tmp_path):
    config = NetworkConfig(cluster="e2e", run_root=tmp_path)
    host_netns = tmp_path / "host"
    await in_thread(lambda: namespaces.create(host_netns))
    try:
        async with AsyncExitStack() as stack:
            await in_namespace(host_netns, lambda host: host.set_up(host.index("lo")))
            made = Cluster(config, host_netns, stack)
            await made.start()
            yield made
    finally:
        await cleanup("e2e", run_root=tmp_path, netns=host_netns)
        await in_thread(lambda: namespaces.remove(host_netns))


async def look_up(netns, name, type="A", *, tcp=False):
    """The answer of the cluster's DNS server to a client in a namespace."""
    data = bytes(DNSRecord.question(name, type).pack())
    loop = asyncio.get_running_loop()
    with made_in(netns, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as client:
        async with asyncio.timeout(5):
            await loop.sock_connect(client, (DNS, 53))
            await loop.sock_sendall(client, len(data).to_bytes(2, "big") + data if tcp else data)
            answer = await loop.sock_recv(client, 4096)
    return DNSRecord.parse(answer[2:] if tcp else answer)


def addresses(message):
    return sorted(str(record.rdata) for record in message.rr)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
async def test_names_are_answered_to_pods_on_every_node_and_to_the_host(cluster, tcp):
    for netns in (cluster.pods["a"][0], cluster.pods["c"][0], cluster.host_netns):
        answer = await look_up(netns, "web.default.svc.cluster.local", tcp=tcp)
        assert addresses(answer) == ["10.96.0.50"]
        everyone = await look_up(netns, "peers.default.svc.cluster.local", tcp=tcp)
        assert addresses(everyone) == sorted(address for _, address in cluster.pods.values())


async def test_names_of_others_fail_cleanly_when_nobody_can_be_asked(cluster):
    answer = await look_up(cluster.pods["a"][0], "example.org")
    assert answer.header.rcode == RCODE.SERVFAIL


async def test_a_service_found_by_name_is_balanced(cluster):
    for netns in (cluster.pods["a"][0], cluster.pods["c"][0], cluster.host_netns):
        (address,) = addresses(await look_up(netns, "web.default.svc.cluster.local"))
        assert set(await spread(netns, address, times=60)) == {"a", "b", "c"}


async def test_a_restart_keeps_addresses_and_open_connections(cluster):
    loop = asyncio.get_running_loop()
    node, (netns, address) = cluster.processes["node-1"], cluster.pods["a"]
    listener = made_in(cluster.pods["c"][0], socket.SOCK_STREAM)
    with listener, made_in(netns, socket.SOCK_STREAM) as client:
        listener.bind(("0.0.0.0", 9000))
        listener.listen()
        await loop.sock_connect(client, (cluster.pods["c"][1], 9000))
        server, _ = await loop.sock_accept(listener)
        with server:
            await node.kill()
            await loop.sock_sendall(client, b"while it is gone")
            assert await loop.sock_recv(server, 100) == b"while it is gone"
            await node.start()
            await loop.sock_sendall(server, b"and after")
            assert await loop.sock_recv(client, 100) == b"and after"
    assert await node.tell(pod="a", netns=str(netns)) == address
    assert await node.tell(pod="new", netns=str(await cluster_netns(cluster, "new"))) not in {
        each for _, each in cluster.pods.values()
    }


async def cluster_netns(cluster, name):
    netns = cluster.config.run_root / "pods" / name
    await in_thread(lambda: namespaces.create(netns))
    cluster.world.stack.push_async_callback(in_thread, lambda: namespaces.remove(netns))
    return netns


async def test_services_work_on_while_the_agent_is_gone(cluster):
    for process in cluster.processes.values():
        await process.kill()
    assert set(await spread(cluster.pods["a"][0], "10.96.0.50", times=40)) == {"a", "b", "c"}
    assert (await ask(cluster.host_netns, "10.96.0.50"))[0] in {"a", "b", "c"}


async def test_cleanup_after_a_crash_leaves_the_host_as_it_was(cluster):
    for process in cluster.processes.values():
        await process.kill()
    await cleanup("e2e", run_root=cluster.config.run_root, netns=cluster.host_netns)
    found = await in_namespace(cluster.host_netns, lambda host: host.addresses())
    assert {address for _, address in found} <= {"127.0.0.1/8", "::1/128"}
    assert await in_namespace(cluster.host_netns, lambda host: host.routes(protocol=0)) == set()
