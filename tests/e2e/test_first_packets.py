"""A Pod's policies are in force before its link is there: not even the first packet of its life gets out or in."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest

from podo.api.types.core_v1 import Container, Namespace, Pod, PodSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.informers import Informers
from podo.clock import SystemClock
from podo.network import namespaces
from podo.network.base import PodSandbox
from podo.network.netlink import in_namespace, in_thread
from podo.network.nft import NftCommand
from podo.network.policy.keeper import PolicyKeeper
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.e2e.network_world import config_in, made_in, world
from tests.network.policy.build import policy

pytestmark = pytest.mark.e2e
TIMES, SINK = 100, 9999


@asynccontextmanager
async def guarded_world(folder):
    """(world, client): nodes that ask an API for the policies of their Pods."""
    clock = SystemClock()
    async with running_core(MemoryStore(), clock) as core:
        client = core.client()
        await client.create(Namespace(metadata=ObjectMeta(name="x")))
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
        informers, tasks = Informers(client, clock, Random(1)), []

        def gate(netns):
            keeper = PolicyKeeper(config_in(folder, dual=False), client, nft=NftCommand(netns), clock=clock)
            tasks.append(asyncio.ensure_future(keeper.run(informers)))
            return keeper

        tasks.append(asyncio.ensure_future(informers.run()))
        try:
            async with world(folder, gate_of=gate) as net:
                yield net, client
        finally:
            for task in tasks:
                task.cancel()


class Sink:
    """Counts the datagrams that arrive at a Pod, by their sender's name."""

    def __init__(self, net, pod):
        self.heard = set()
        listener = made_in(pod.netns, socket.SOCK_DGRAM)
        listener.bind(("0.0.0.0", SINK))
        asyncio.get_running_loop().add_reader(listener, self._hear, listener)
        net.stack.callback(listener.close)
        net.stack.callback(asyncio.get_running_loop().remove_reader, listener)

    def _hear(self, listener):
        with suppress(BlockingIOError):
            while data := listener.recv(100):
                self.heard.add(data.decode())


async def shouting(netns, name, address, ended):
    """Send, from before the namespace has a link, as fast as can be."""
    with made_in(netns, socket.SOCK_DGRAM) as client:
        while not ended.is_set():
            with suppress(OSError):
                client.sendto(name.encode(), (address, SINK))
            await asyncio.sleep(0)


async def life(net, client, name, sink):
    """A Pod from its making to its end, shouting all the time."""
    await client.create(
        Pod(metadata=ObjectMeta(name=name, namespace="x"), spec=PodSpec(containers=(Container(name="c", image="i"),)))
    )
    netns = net.config.run_root / "pods" / name
    await in_thread(lambda: namespaces.create(netns))
    await in_namespace(netns, lambda pod: pod.set_up(pod.index("lo")))
    ended = asyncio.Event()
    shout = asyncio.ensure_future(shouting(netns, name, sink, ended))
    box = PodSandbox(id=f"id-{name}", netns=netns, namespace="x", name=name, uid=name)
    pods = net.nodes["node-1"].pods
    try:
        await pods.setup(box)
        await asyncio.wait([shout], timeout=0.02)
    finally:
        ended.set()
        await shout
        await pods.teardown(box)
        await in_thread(lambda: namespaces.remove(netns))


async def test_a_denied_pods_first_packet_never_arrives_a_hundred_times_of_a_hundred(tmp_path):
    async with guarded_world(tmp_path) as (net, client):
        sinks = [await net.add_pod(node, f"sink-{node}") for node in ("node-1", "node-2")]
        heard = [Sink(net, pod) for pod in sinks]
        await client.create(policy("{podSelector: {}, policyTypes: [Egress]}"))
        for batch in range(0, TIMES, 10):
            await asyncio.gather(
                *(life(net, client, f"denied-{n}", sinks[n % 2].address) for n in range(batch, batch + 10))
            )
        assert [each.heard for each in heard] == [set(), set()]


async def test_the_first_policy_of_a_cluster_holds_for_the_next_pod(tmp_path):
    async with guarded_world(tmp_path) as (net, client):
        sink = await net.add_pod("node-2", "sink")
        heard = Sink(net, sink)
        await life(net, client, "free", sink.address)
        await client.create(policy("{podSelector: {}, policyTypes: [Egress]}"))
        await life(net, client, "denied", sink.address)
        assert heard.heard == {"free"}
