"""How fast Pods talk to each other, next to two namespaces on a bare bridge of the same kernel.

podo's aim is nine tenths of the bridge, read on a quiet machine; rounds take turns, so that a busy one slows down both.
What is asked of every run is less, and shows a path that has become another one. The two ends are on processors of
their own: which ones share a core makes more of a difference than the path.
"""

import asyncio
import os
import socket
import statistics
import threading
import time

import pytest

from podo.network import namespaces
from podo.network.netlink import Veth, in_namespace, in_thread
from tests.e2e.network_world import made_in, world

pytestmark = pytest.mark.e2e
ROUNDS, SECONDS, BLOCK = 7, 0.25, b"x" * 262_144
ECHOES = 2000
PROCESSORS = sorted(os.sched_getaffinity(0))


async def bare(made):
    """Two namespaces on a bridge of nobody's, and the address of the second."""
    bridge = made.config.run_root / "bridge"
    ends = [made.config.run_root / f"bare-{n}" for n in (1, 2)]
    for path in (bridge, *ends):
        await in_thread(lambda path=path: namespaces.create(path))
        made.stack.push_async_callback(in_thread, lambda path=path: namespaces.remove(path))
    index = await in_namespace(bridge, lambda link: link.ensure_bridge("br", alias="", mtu=1500))
    for n, path in enumerate(ends, 1):
        veth = Veth(name=f"end-{n}", alias="", mtu=1500, peer="eth0", netns=path, master=index)
        await in_namespace(bridge, lambda link, veth=veth: link.add_veth(veth))
        await in_namespace(path, lambda link, n=n: link.add_address(link.index("eth0"), f"192.0.2.{n}/24"))
        await in_namespace(path, lambda link: link.set_up(link.index("eth0")))
    return ends[0], ends[1], "192.0.2.2"


def connected(source, target, address):
    """(client, server) of a connection, blocking."""
    with made_in(target, socket.SOCK_STREAM) as listener:
        listener.setblocking(True)
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        client = made_in(source, socket.SOCK_STREAM)
        client.setblocking(True)
        client.settimeout(10)
        client.connect((address, listener.getsockname()[1]))
        server, _ = listener.accept()
        server.settimeout(10)
    for each in (client, server):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server


def stay(end):
    """Keep this thread on one processor: `end` is 0 or -1."""
    os.sched_setaffinity(0, {PROCESSORS[end]})


def throughput(client, server):
    """Bytes a second."""
    got = 0

    def drain():
        nonlocal got
        stay(-1)
        while more := len(server.recv(1 << 20)):
            got += more

    reader = threading.Thread(target=drain)
    reader.start()
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        client.sendall(BLOCK)
    client.shutdown(socket.SHUT_WR)
    reader.join()
    return got / (time.perf_counter() - began)


def latency(client, server):
    """Seconds for a byte there and back, the median."""

    def echo():
        stay(-1)
        while more := server.recv(1):
            server.sendall(more)

    answering = threading.Thread(target=echo)
    answering.start()
    found = []
    for _ in range(ECHOES):
        began = time.perf_counter()
        client.sendall(b"x")
        client.recv(1)
        found.append(time.perf_counter() - began)
    client.shutdown(socket.SHUT_WR)
    answering.join()
    return statistics.median(found)


def read(measure, way):
    client, server = connected(*way)
    stay(0)
    try:
        with client, server:
            return measure(client, server)
    finally:
        os.sched_setaffinity(0, PROCESSORS)


@pytest.mark.parametrize("across", [False, True], ids=["on one node", "across nodes"])
async def test_pods_talk_about_as_fast_as_over_a_bare_bridge(tmp_path, across, record_property):
    async with world(tmp_path) as made:
        plain = await bare(made)
        one, two = await made.add_pod("node-1", "a"), await made.add_pod("node-2" if across else "node-1", "b")
        pods = one.netns, two.netns, two.address
        for name, measure, least in (("throughput", throughput, 0.5), ("latency", latency, 0.4)):
            readings = [[await asyncio.to_thread(read, measure, way) for way in (plain, pods)] for _ in range(ROUNDS)]
            bridge, podo = (statistics.median(each) for each in zip(*readings, strict=True))
            ratio = podo / bridge if measure is throughput else bridge / podo
            record_property(f"{name} of a bare bridge", round(ratio, 2))
            print(f"{name}: bridge {bridge:.3g}, Pods {podo:.3g}, ratio {ratio:.2f}")
            assert ratio >= least


@pytest.mark.parametrize("direction", ["ingress", "egress"])
async def test_a_pod_is_no_faster_than_its_annotations_allow(tmp_path, direction):
    async with world(tmp_path) as made:
        limit = {f"kubernetes.io/{direction}-bandwidth": "40M"}
        slow = await made.add_pod("node-1", "slow", annotations=limit)
        other = await made.add_pod("node-1", "other")
        to, back = (other.netns, slow.netns, slow.address), (slow.netns, other.netns, other.address)
        limited, free = (to, back) if direction == "ingress" else (back, to)
        assert (
            await asyncio.to_thread(read, throughput, limited) < 5_000_000 * 3
        )  # bytes a second, and what may go at once
        assert await asyncio.to_thread(read, throughput, free) > 5_000_000 * 5
