"""The service proxy with as many Services and endpoints as a big cluster has, in a namespace of its own.

The limits are what podo promises on a quiet machine of two cores; what is asked of the clock here leaves room for a
busy one, what is asked of the processor does not.
"""

import asyncio
import resource
import socket
import time
from collections import Counter

import pytest

from podo.clock import SystemClock
from podo.network import namespaces
from podo.network.netlink import in_namespace, in_thread
from podo.network.nft import NftCommand
from podo.network.services.conntrack import KernelFlows
from podo.network.services.proxy import ServiceProxy
from tests.e2e.network_world import made_in
from tests.network import build

pytestmark = pytest.mark.e2e
SERVICES, ENDPOINTS, CHANGES = 5000, 5, 40
MANY, CONNECTIONS = 250, 5000


@pytest.fixture
async def netns(tmp_path):
    path = tmp_path / "spot"
    await in_thread(lambda: namespaces.create(path))
    try:
        await in_namespace(path, lambda link: link.set_up(link.index("lo")))
        yield path
    finally:
        await in_thread(lambda: namespaces.remove(path))


def proxy_in(netns):
    return ServiceProxy(build.HOST, nft=NftCommand(netns), flows=KernelFlows(netns), clock=SystemClock())


def endpoints(number, shift=0):
    """The slice of a Service, whose first address another `shift` changes."""
    first = number * ENDPOINTS
    found = [f"10.244.{(first + n) // 250}.{(first + n) % 250 + 1}" for n in range(ENDPOINTS)]
    found[0] = f"10.245.{shift}.1"
    return build.endpoint_slice(*found, of=f"s{number}", name=f"s{number}-1", revision=shift + 1)


def processor():
    """Seconds of processor time that we and nft have had."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


async def timed(work):
    """(seconds by the clock, seconds of processor time)."""
    began, used = time.perf_counter(), processor()
    await work
    return time.perf_counter() - began, processor() - used


async def test_five_thousand_services_are_in_force_within_seconds_and_a_change_of_one_costs_as_little_as_with_few(
    netns,
):
    proxy = proxy_in(netns)
    slices = [endpoints(number) for number in range(SERVICES)]
    for number, each in enumerate(slices):
        ip = f"10.96.{number // 250}.{number % 250 + 1}"
        proxy.service_changed(None, build.service(f"s{number}", ip=ip, ports=(build.port(80),)))
        proxy.slice_changed(None, each)
    seconds, used = await timed(proxy.sync())
    assert used <= 3
    assert seconds <= 10
    found = []
    for turn in range(CHANGES):
        number = turn * 97
        proxy.slice_changed(slices[number], endpoints(number, shift=1))
        found.append(await timed(proxy.sync()))
    assert sorted(used for _, used in found)[CHANGES // 2] <= 0.025
    assert sorted(seconds for seconds, _ in found)[CHANGES // 2] <= 0.05


async def test_a_service_of_250_endpoints_is_balanced_evenly(netns):
    addresses = [f"10.244.9.{n + 1}" for n in range(MANY)]

    def add(link):
        for each in addresses:
            link.add_address(link.index("lo"), f"{each}/32")
        link.add_address(link.index("lo"), "10.96.0.50/32")

    await in_namespace(netns, add)
    proxy, answers = proxy_in(netns), Counter()
    proxy.service_changed(None, build.service("web"))
    for number in range(3):  # as the controller cuts them
        some = addresses[number * 100 : number * 100 + 100]
        proxy.slice_changed(None, build.endpoint_slice(*some, name=f"web-{number}"))
    await proxy.sync()

    def answer(reader, writer):
        answers[writer.get_extra_info("sockname")[0]] += 1
        writer.close()

    listener = made_in(netns, socket.SOCK_STREAM)
    listener.bind(("0.0.0.0", 8080))
    async with await asyncio.start_server(answer, sock=listener, backlog=1024):
        await connect(netns, CONNECTIONS)
    assert answers.total() == CONNECTIONS
    assert answers.keys() == set(addresses)
    expected = CONNECTIONS / MANY
    spread = sum((answers[each] - expected) ** 2 / expected for each in addresses)
    assert spread < 361  # chi-square of 249 degrees of freedom: more by chance in one run of 200,000


async def connect(netns, times):
    """So many connections to the Service, each to its end."""
    loop = asyncio.get_running_loop()
    for _ in range(times):
        with made_in(netns, socket.SOCK_STREAM) as client:
            await loop.sock_connect(client, ("10.96.0.50", 80))
            assert await loop.sock_recv(client, 1) == b""
