"""NetworkPolicies for real: the cases of upstream's end-to-end suite, each as the whole table of who reaches whom."""

import asyncio
import itertools
import socket
from contextlib import asynccontextmanager

import pytest

from tests.e2e.network_world import ask, made_in, world
from tests.e2e.policy_world import NAMES, NAMESPACES, PORTS, Table
from tests.network.build import endpoint, endpoint_slice, port, service

pytestmark = pytest.mark.e2e
PODS = [f"{namespace}/{name}" for namespace in NAMESPACES for name in NAMES]
EVERYTHING = {(a, b, *where) for a, b in itertools.product(PODS, PODS) for where in PORTS}


@pytest.fixture
async def six(tmp_path):
    """Two families; IPv6 is asked."""
    async with world(tmp_path, dual=True) as net:
        made = Table(net, family=1)
        await made.fill()
        yield made


@pytest.fixture
async def four(tmp_path):
    async with world(tmp_path) as net:
        made = Table(net)
        await made.fill()
        yield made


def but(*, to=PODS, source=PODS, ports=PORTS):
    """Everything, but not from `source` to `to` at `ports`. Nobody can be kept from itself."""
    return {
        (a, b, *where)
        for a, b, *where in EVERYTHING
        if a == b or a not in source or b not in to or tuple(where) not in ports
    }


def of(namespaces=NAMESPACES, names=NAMES):
    return [f"{namespace}/{name}" for namespace in namespaces for name in names]


def others(pods):
    return [pod for pod in PODS if pod not in pods]


def spec(inner):
    return "{" + inner + "}"


ALL, A = "podSelector: {}", "podSelector: {matchLabels: {pod: a}}"
INGRESS, EGRESS = f"{A}, policyTypes: [Ingress]", f"{A}, policyTypes: [Egress]"
FROM_B = "ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]"
NS_Y = "namespaceSelector: {matchLabels: {ns: y}}"
TCP_80, TCP = (("tcp", 80),), (("tcp", 80), ("tcp", 81))
NOT_80, UDP = PORTS[1:], PORTS[2:]

CASES = {
    "no policy": ([], EVERYTHING),
    "default deny ingress": ([spec(ALL + ", policyTypes: [Ingress]")], but(to=of("x"))),
    "default deny all": (
        [spec(ALL + ", policyTypes: [Ingress, Egress]")],
        but(to=of("x")) & but(source=of("x")),
    ),
    "default deny egress": ([spec(ALL + ", policyTypes: [Egress]")], but(source=of("x"))),
    "allow all ingress": ([spec(ALL + ", ingress: [{}]")], EVERYTHING),
    "deny and allow add up": ([spec(ALL + ", ingress: []"), spec(ALL + ", ingress: [{}]")], EVERYTHING),
    "from pods of the namespace": ([spec(INGRESS + ", " + FROM_B)], but(to=["x/a"], source=others(["x/b"]))),
    "from a namespace": (
        [spec(INGRESS + ", ingress: [{from: [{" + NS_Y + "}]}]")],
        but(to=["x/a"], source=others(of("y"))),
    ),
    "from pods of a namespace": (
        [spec(INGRESS + ", ingress: [{from: [{" + NS_Y + ", podSelector: {matchLabels: {pod: b}}}]}]")],
        but(to=["x/a"], source=others(["y/b"])),
    ),
    "from either": (
        [spec(INGRESS + ", ingress: [{from: [{" + NS_Y + "}, {podSelector: {matchLabels: {pod: b}}}]}]")],
        but(to=["x/a"], source=others([*of("y"), "x/b"])),
    ),
    "from namespaces by expression": (
        [
            spec(
                INGRESS + ", ingress: [{from: [{namespaceSelector: "
                "{matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}}]}]"
            )
        ],
        but(to=["x/a"], source=of("x")),
    ),
    "from pods by expression": (
        [
            spec(
                INGRESS
                + ", ingress: [{from: [{podSelector: {matchExpressions: [{key: pod, operator: In, values: [b, c]}]}}]}]"
            )
        ],
        but(to=["x/a"], source=others(["x/b", "x/c"])),
    ),
    "a port": ([spec(INGRESS + ", ingress: [{ports: [{port: 80}]}]")], but(to=["x/a"], ports=NOT_80)),
    "a port by name": (
        [spec(INGRESS + ", ingress: [{ports: [{port: serve-80-tcp}]}]")],
        but(to=["x/a"], ports=NOT_80),
    ),
    "a range of ports": (
        [spec(INGRESS + ", ingress: [{ports: [{port: 79, endPort: 81}]}]")],
        but(to=["x/a"], ports=UDP),
    ),
    "a protocol": ([spec(INGRESS + ", ingress: [{ports: [{protocol: UDP}]}]")], but(to=["x/a"], ports=TCP)),
    "SCTP allows neither TCP nor UDP": (
        [spec(INGRESS + ", ingress: [{ports: [{protocol: SCTP, port: 80}]}]")],
        but(to=["x/a"]),
    ),
    "a port from a namespace": (
        [spec(INGRESS + ", ingress: [{from: [{" + NS_Y + "}], ports: [{port: 80}]}]")],
        but(to=["x/a"], source=others(of("y"))) & but(to=["x/a"], ports=NOT_80),
    ),
    "ports of several rules add up": (
        [spec(INGRESS + ", ingress: [{ports: [{port: 80}]}, {ports: [{port: 81}]}]")],
        but(to=["x/a"], ports=UDP),
    ),
    "egress to a port by name": (
        [spec(EGRESS + ", egress: [{ports: [{port: serve-80-tcp}]}]")],
        but(source=["x/a"], ports=NOT_80),
    ),
    "egress to pods of a namespace by name": (
        [spec(EGRESS + ", egress: [{to: [{" + NS_Y + "}], ports: [{port: serve-80-tcp}]}]")],
        but(source=["x/a"], to=others(of("y"))) & but(source=["x/a"], ports=NOT_80),
    ),
    "egress to a namespace": (
        [spec(EGRESS + ", egress: [{to: [{" + NS_Y + "}]}]")],
        but(source=["x/a"], to=others(of("y"))),
    ),
    "egress and ingress of two pods": (
        [
            spec(EGRESS + ", egress: [{to: [{podSelector: {matchLabels: {pod: b}}}]}]"),
            "{podSelector: {matchLabels: {pod: b}}}",
        ],
        but(source=["x/a"], to=others(["x/b"])) & but(to=["x/b"]),
    ),
    "egress rules are nothing without their type": (
        [spec(A + ", policyTypes: [Ingress], ingress: [{}], egress: []")],
        EVERYTHING,
    ),
}


@pytest.mark.parametrize(("policies", "wanted"), CASES.values(), ids=CASES)
async def test_who_reaches_whom(four, policies, wanted):
    await four.apply(*(("x", policy) for policy in policies))
    assert await four.reached(wanted) == wanted


@pytest.mark.parametrize("case", ["default deny all", "from pods of a namespace", "egress to a port by name"])
async def test_who_reaches_whom_by_ipv6(six, case):
    policies, wanted = CASES[case]
    await six.apply(*(("x", policy) for policy in policies))
    assert await six.reached(wanted) == wanted


async def check_blocks(table, everywhere, bits):
    c = f"{table.address('x/c')}/{bits}"
    block = f"{{ipBlock: {{cidr: '{everywhere}', except: ['{c}']}}}}"
    await table.apply(("x", spec(INGRESS + f", ingress: [{{from: [{block}]}}]")))
    assert await table.reached(wanted := but(to=["x/a"], source=["x/c"])) == wanted
    await table.apply(("x", spec(EGRESS + f", egress: [{{to: [{{ipBlock: {{cidr: '{c}'}}}}]}}]")))
    assert await table.reached(wanted := but(source=["x/a"], to=others(["x/c"]))) == wanted


async def test_blocks_with_exceptions(four):
    await check_blocks(four, "10.244.0.0/16", 32)


async def test_blocks_of_ipv6_with_exceptions(six):
    await check_blocks(six, "fd00:10:244::/56", 128)


async def test_changes_of_policies_labels_and_pods_take_effect(four):
    await four.apply(("x", f"{{{INGRESS}, {FROM_B}}}"))
    four.label("x/c", {"pod": "b"})
    await four.sync()
    assert await four.reached(wanted := but(to=["x/a"], source=others(["x/b", "x/c"]))) == wanted
    four.label("x/a", {"pod": "other"})  # no longer selected
    await four.sync()
    assert await four.reached(wanted := EVERYTHING) == wanted
    await four.apply(("x", spec(ALL + ", ingress: [{from: [{" + NS_Y + "}]}]")))
    assert await four.reached(wanted := but(to=of("x"), source=others(of("y")))) == wanted
    four.label_namespace("y", {"ns": "changed"})
    four.label_namespace("z", {"ns": "y"})
    await four.sync()
    assert await four.reached(wanted := but(to=of("x"), source=others(of("z")))) == wanted
    await four.apply()
    assert await four.reached(wanted := EVERYTHING) == wanted


async def test_the_node_reaches_its_pods_and_services_are_seen_by_their_endpoints(four):
    net, a, b = four.net, four.pods["x/a"], four.pods["x/b"]
    web, endpoints = service(ports=[port(80)]), endpoint_slice(endpoint(a.address), ports=(("http", "TCP", 80),))
    await net.change(services=[(None, web)], slices=[(None, endpoints)])
    await four.apply(("x", spec(INGRESS + ", " + FROM_B)))
    home = net.nodes["node-1"].netns
    assert (await ask(home, a.address, 80))[0] == "a"  # as probes do
    assert (await ask(b.netns, "10.96.0.50", 80))[0] == "a"
    assert (await ask(a.netns, "10.96.0.50", 80))[0] == "a"  # itself
    with pytest.raises(TimeoutError):
        await ask(four.pods["x/c"].netns, "10.96.0.50", 80, seconds=0.3)
    with pytest.raises(TimeoutError):
        await ask(net.host_netns, a.address, 80, seconds=0.3)  # the host is not the Pod's node


async def test_established_connections_live_on(four):
    loop = asyncio.get_running_loop()
    listener = made_in(four.pods["x/a"].netns, socket.SOCK_STREAM)
    listener.bind(("0.0.0.0", 7000))
    listener.listen()
    with listener, made_in(four.pods["y/b"].netns, socket.SOCK_STREAM) as client:
        await loop.sock_connect(client, (four.address("x/a"), 7000))
        served, _ = await loop.sock_accept(listener)
        await four.apply(("x", spec(INGRESS)))
        with served:
            await loop.sock_sendall(client, b"ping")
            async with asyncio.timeout(1):
                assert await loop.sock_recv(served, 10) == b"ping"


async def test_a_change_of_one_policy_has_no_moment_at_which_nothing_holds(four):
    """x/c is refused by both policies: while they replace each other all the time, it never gets through."""
    deny, allow = spec(INGRESS), spec(INGRESS + ", " + FROM_B)
    await four.apply(("x", deny))
    async with knocking(four) as passed:
        for number in range(60):
            await four.apply(("x", allow if number % 2 else deny))
    assert passed == []


@asynccontextmanager
async def knocking(table):
    """x/c asks for x/a all the time; what gets through is in the list."""
    ended, passed = asyncio.Event(), []

    async def knock():
        while not ended.is_set():
            passed.extend(await table.reached(ports=TCP_80, pairs=[("x/c", "x/a")] * 20))

    task = asyncio.ensure_future(knock())
    try:
        yield passed
    finally:
        ended.set()
        await task


async def test_an_agent_that_starts_again_leaves_no_moment_without_its_policies(four):
    await four.apply(("x", spec(INGRESS)))
    async with knocking(four) as passed:
        for _ in range(20):
            four.start_again()
            await four.sync()
    assert passed == []
    assert await four.reached(wanted := but(to=["x/a"])) == wanted
