"""Links, routes and Services for real: packets through the kernel."""

import asyncio
import socket

import pytest

from podo.network.base import PortMapping
from podo.network.netlink import in_namespace
from podo.network.nft import NftCommand
from podo.network.removal import cleanup, residue
from podo.network.routes import Route
from tests.e2e.network_world import ask, made_in, spread, world
from tests.network.build import endpoint, endpoint_slice, port, service

pytestmark = pytest.mark.e2e
WEB = "10.96.0.50"


@pytest.fixture
async def net(tmp_path):
    async with world(tmp_path) as made:
        yield made


@pytest.fixture
async def pods(net):
    """Two Pods a node, each with a server."""
    made = []
    for node, name in (("node-1", "a"), ("node-1", "b"), ("node-2", "c"), ("node-2", "d")):
        pod = await net.add_pod(node, name)
        await net.serve(pod.netns, name)
        made.append(pod)
    return made


def slices_of(pods, nodes=("node-1", "node-1", "node-2", "node-2"), **more):
    return endpoint_slice(*(endpoint(p.address, node=n) for p, n in zip(pods, nodes, strict=False)), **more)


async def test_pods_reach_each_other_on_one_node_and_across_with_their_own_addresses(net, pods):
    a, b, c, _ = pods
    assert await ask(a.netns, b.address, 8080) == ("b", a.address)
    assert await ask(a.netns, c.address, 8080) == ("c", a.address)
    assert await ask(c.netns, b.address, 8080) == ("b", c.address)


async def test_the_host_and_the_nodes_reach_pods_everywhere(net, pods):
    a, _, c, _ = pods
    assert await ask(net.host_netns, a.address, 8080) == ("a", "10.245.0.1")
    assert await ask(net.nodes["node-1"].netns, a.address, 8080) == ("a", "10.245.0.2")
    assert await ask(net.nodes["node-1"].netns, c.address, 8080) == ("c", "10.245.0.2")


async def test_a_service_is_balanced_evenly_from_pods_nodes_and_host(net, pods):
    await net.change(services=[(None, service(ip=WEB))], slices=[(None, slices_of(pods[:3]))])
    for netns in (pods[0].netns, pods[3].netns, net.host_netns, net.nodes["node-2"].netns):
        answers = await spread(netns, WEB, times=90)
        assert set(answers) == {"a", "b", "c"}
        assert min(answers.values()) >= 12  # fair coins fail this once in some ten million runs


async def test_a_pod_reaches_itself_through_its_service(net, pods):
    await net.change(services=[(None, service(ip=WEB))], slices=[(None, slices_of(pods[:1]))])
    assert (await ask(pods[0].netns, WEB))[0] == "a"


async def test_a_pod_that_is_led_to_itself_is_answered_even_when_no_service_knows_it_any_more(net, pods):
    """As when its endpoint goes while its packet is between the two hooks: somebody else's rule has the same effect."""
    a, b = pods[:2]
    rules = [f"ip daddr 10.96.0.99 tcp dport {port} dnat to {pod.address}:8080" for port, pod in ((81, a), (82, b))]
    chain = ("chain lead {", "type nat hook prerouting priority dstnat - 10", *rules, "}")
    await NftCommand(net.nodes["node-1"].netns).apply(["table ip elses {", *chain, "}"])
    assert await ask(a.netns, "10.96.0.99", 81) == ("a", "10.245.0.2")
    assert await ask(a.netns, "10.96.0.99", 82) == ("b", a.address)  # all others keep their address


async def test_sources_are_kept_inside_the_cluster(net, pods):
    await net.change(services=[(None, service(ip=WEB))], slices=[(None, slices_of(pods[:1]))])
    assert await ask(pods[2].netns, WEB) == ("a", pods[2].address)


async def test_node_ports_answer_on_every_node_and_on_the_hosts_loopback(net, pods):
    web = service(ip=WEB, type="NodePort", ports=[port(80, node_port=30080)])
    await net.change(services=[(None, web)], slices=[(None, slices_of(pods[2:3], ["node-2"]))])
    for address in ("10.245.0.2", "10.245.0.3", "10.245.0.1", "127.0.0.1"):
        assert (await ask(net.host_netns, address, 30080))[0] == "c"
    assert (await ask(pods[0].netns, "10.245.0.2", 30080))[0] == "c"
    assert (await ask(net.nodes["node-1"].netns, "10.245.0.2", 30080))[0] == "c"


async def test_external_traffic_policy_local_keeps_the_source_and_drops_where_there_is_no_endpoint(net, pods):
    web = service(ip=WEB, type="NodePort", ports=[port(80, node_port=30080)], external_traffic_policy="Local")
    await net.change(services=[(None, web)], slices=[(None, slices_of(pods[:1]))])
    assert await ask(net.host_netns, "10.245.0.2", 30080) == ("a", "10.245.0.1")
    with pytest.raises(TimeoutError):
        await ask(net.host_netns, "10.245.0.3", 30080, seconds=0.5)
    assert (await ask(pods[2].netns, "10.245.0.3", 30080))[0] == "a"  # the cluster's own traffic goes anywhere


async def test_internal_traffic_policy_local_stays_on_the_node(net, pods):
    web = service(ip=WEB, internal_traffic_policy="Local")
    await net.change(services=[(None, web)], slices=[(None, slices_of(pods[:3]))])
    assert set(await spread(pods[2].netns, WEB, times=10)) == {"c"}
    assert set(await spread(pods[0].netns, WEB, times=30)) == {"a", "b"}


async def test_a_service_without_endpoints_refuses_at_once(net, pods):
    web = service(ip=WEB, type="NodePort", ports=[port(80, node_port=30080)])
    await net.change(services=[(None, web)])
    for netns in (pods[0].netns, net.host_netns, net.nodes["node-1"].netns):
        with pytest.raises(ConnectionRefusedError):
            await ask(netns, WEB)
        with pytest.raises(ConnectionRefusedError):
            await ask(netns, WEB, 81)
        with pytest.raises(OSError, match="113"):
            await ask(netns, "10.96.77.77")
    with pytest.raises(ConnectionRefusedError):
        await ask(net.host_netns, "10.245.0.2", 30080)


async def test_clients_stick_to_their_endpoint_with_session_affinity(net, pods):
    web = service(ip=WEB, affinity_seconds=100)
    before = slices_of(pods)
    await net.change(services=[(None, web)], slices=[(None, before)])
    first = await spread(pods[0].netns, WEB, times=10)
    assert len(first) == 1
    name = next(iter(first))
    rest = [p for p in pods if p.name != name]
    await net.change(slices=[(before, slices_of(rest, ["node-1"] * 3))])
    assert len(await spread(pods[0].netns, WEB, times=10)) == 1


async def test_session_affinity_ends_with_its_timeout(net, pods):
    web = service(ip=WEB, affinity_seconds=1)
    await net.change(services=[(None, web)], slices=[(None, slices_of(pods))])
    await ask(pods[0].netns, WEB)
    assert "expires" in await listing(net.nodes["node-1"].netns)
    async with asyncio.timeout(10):
        while "expires" in await listing(net.nodes["node-1"].netns):
            pass  # the kernel forgets the client by itself


async def listing(netns):
    """All rules and sets of a namespace, as text."""
    command = ("nsenter", f"--net={netns}", "nft", "list", "sets")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()


async def test_endpoints_come_and_go_and_progress_tells_when_that_is_in_force(net, pods):
    proxy = net.nodes["node-1"].proxy
    before, now = slices_of(pods, revision=7), slices_of(pods[1:], ["node-1", "node-2", "node-2"], revision=9)
    await net.change(services=[(None, service(ip=WEB))], slices=[(None, before)])
    assert proxy.progress.revision == 7
    assert proxy.serves(pods[0].address)
    await net.change(slices=[(before, now)])
    assert proxy.progress.revision == 9
    async with asyncio.timeout(1):
        await proxy.withdrawn(pods[0].address)
    assert set(await spread(pods[0].netns, WEB, times=60)) == {"b", "c", "d"}


DNS = service("dns", ip="10.96.0.60", ports=[port(53, name="dns", protocol="UDP")])


def dns_slice(*addresses):
    return endpoint_slice(*addresses, of="dns", name="dns-1", ports=(("dns", "UDP", 8080),))


async def exchange(client):
    """Send a datagram on a connected socket; what comes back."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(2):
        await loop.sock_sendall(client, b"?")
        return (await loop.sock_recv(client, 100)).decode()


async def test_a_udp_client_moves_to_another_endpoint_when_its_own_goes(net, pods):
    for pod in pods[:2]:
        await net.serve_udp(pod.netns, pod.name)
    both = dns_slice(pods[0].address, pods[1].address)
    await net.change(services=[(None, DNS)], slices=[(None, both)])
    with made_in(pods[2].netns, socket.SOCK_DGRAM) as client:
        client.connect(("10.96.0.60", 53))
        first = await exchange(client)
        assert {await exchange(client) for _ in range(5)} == {first}
        left = next(pod for pod in pods[:2] if pod.name != first)
        await net.change(slices=[(both, dns_slice(left.address))])
        assert await exchange(client) == left.name


async def test_a_udp_client_that_asked_too_early_is_served_once_there_is_an_endpoint(net, pods):
    await net.serve_udp(pods[0].netns, "a")
    await net.change(services=[(None, DNS)])
    with made_in(pods[2].netns, socket.SOCK_DGRAM) as client:
        client.connect(("10.96.0.60", 53))
        with pytest.raises(ConnectionRefusedError):
            await exchange(client)
        await net.change(slices=[(None, dns_slice(pods[0].address))])
        assert await exchange(client) == "a"


async def test_the_api_servers_cluster_ip_leads_to_the_host_from_everywhere(net, pods):
    await net.serve(net.host_netns, "api", 6443, "10.245.0.1")
    api = service("kubernetes", ip="10.96.0.1", ports=[port(443, name="https")])
    endpoints = endpoint_slice(
        endpoint("10.245.0.1", node=""), of="kubernetes", name="k", ports=(("https", "TCP", 6443),)
    )
    await net.change(services=[(None, api)], slices=[(None, endpoints)])
    assert await ask(pods[0].netns, "10.96.0.1", 443) == ("api", pods[0].address)
    assert await ask(net.nodes["node-1"].netns, "10.96.0.1", 443) == ("api", "10.245.0.2")
    assert (await ask(net.host_netns, "10.96.0.1", 443))[0] == "api"


async def test_pods_reach_the_world_with_the_hosts_address(net, pods):
    """The world is one more namespace, linked to the host."""
    outside = net.config.run_root / "pods" / "world"
    await net.add_world(outside, host="198.51.100.1/24", world="198.51.100.2/24")
    await net.serve(outside, "world")
    assert await ask(pods[0].netns, "198.51.100.2", 8080) == ("world", "198.51.100.1")
    assert await ask(net.nodes["node-2"].netns, "198.51.100.2", 8080) == ("world", "198.51.100.1")
    with pytest.raises(OSError, match=r"101|113"):  # nor does the world find a way in by itself
        await ask(outside, pods[0].address, 8080)


async def test_the_bridge_does_not_lead_to_the_hosts_loopback(net, pods):
    await net.serve(net.host_netns, "secret", 9999, "127.0.0.1")
    assert (await ask(net.host_netns, "127.0.0.1", 9999))[0] == "secret"
    node = net.nodes["node-1"].netns
    await in_namespace(node, lambda link: link.add_route(Route("127.9.0.0/16", gateway="10.245.0.1", device="eth0")))
    for netns in (node, pods[0].netns):
        with pytest.raises((OSError, TimeoutError)):
            await ask(netns, "127.9.0.1", 9999, seconds=0.3)


async def test_no_connection_fails_while_endpoints_come_and_go(net, pods):
    """All four Pods go on answering; only the rules change, all the time."""
    have = slices_of(pods)
    await net.change(services=[(None, service(ip=WEB))], slices=[(None, have)])
    clients = [asyncio.ensure_future(spread(netns, WEB, times=1500)) for netns in (pods[0].netns, net.host_netns)]
    turns = 0
    while not all(client.done() for client in clients):
        turns += 1
        left = [pod for number, pod in enumerate(pods) if number != turns % 4 and number != turns % 3]
        have, before = slices_of(left, [f"node-{1 + pods.index(pod) // 2}" for pod in left]), have
        await net.change(slices=[(before, have)])
    assert [sum((await client).values()) for client in clients] == [1500, 1500]
    assert turns > 5


async def test_a_host_port_leads_to_its_pod_from_elsewhere_and_from_itself(net):
    mapping = PortMapping(container_port=8080, host_port=8081)
    run = asyncio.ensure_future(net.nodes["node-1"].proxy.run())
    try:
        pod = await net.add_pod("node-1", "p", port_mappings=(mapping,))
        await net.serve(pod.netns, "p")
        assert await ask(net.host_netns, "10.245.0.2", 8081) == ("p", "10.245.0.1")
        assert (await ask(pod.netns, "10.245.0.2", 8081))[0] == "p"
        await net.nodes["node-1"].pods.teardown(pod.sandbox)
        await net.nodes["node-1"].proxy.settled()
        with pytest.raises(ConnectionRefusedError):
            await ask(net.host_netns, "10.245.0.2", 8081)
    finally:
        run.cancel()


async def test_one_host_port_on_several_addresses_and_protocols_leads_to_several_pods(net):
    """As upstream's conformance test has it: from a process of the node, whose source is the node's address."""
    node = net.nodes["node-1"]
    run = asyncio.ensure_future(node.proxy.run())
    try:
        wanted = (("loop", "127.0.0.1", "TCP"), ("node", "10.245.0.2", "TCP"), ("udp", "10.245.0.2", "UDP"))
        for name, address, protocol in wanted:
            mapping = PortMapping(container_port=8080, host_port=54323, host_ip=address, protocol=protocol)
            pod = await net.add_pod("node-1", name, port_mappings=(mapping,))
            await (net.serve_udp if protocol == "UDP" else net.serve)(pod.netns, name)
        assert (await ask(node.netns, "127.0.0.1", 54323, source="10.245.0.2"))[0] == "loop"
        assert (await ask(node.netns, "10.245.0.2", 54323))[0] == "node"
        with made_in(node.netns, socket.SOCK_DGRAM) as client:
            client.connect(("10.245.0.2", 54323))
            assert await exchange(client) == "udp"
    finally:
        run.cancel()


async def test_nothing_for_podos_ranges_leaves_by_the_default_route(net, pods):
    """Not even when the routes to the nodes are gone: the routes of last resort are still there."""
    for spot in net.spots:
        routes = await in_namespace(spot.netns, lambda netlink: netlink.routes())
        last = {route.destination for route in routes if route.kind.value == "unreachable"}
        assert last == {"10.244.0.0/16", "10.245.0.0/24", "10.96.0.0/16"}
    with pytest.raises(OSError, match="113"):
        await ask(pods[0].netns, "10.244.200.1")


async def test_routes_that_somebody_else_removes_come_back(net, pods):
    keeper = net.nodes["node-1"].keeper
    route = Route("10.244.2.0/24", gateway="10.245.0.3", device="eth0", source="10.245.0.2")
    await in_namespace(net.nodes["node-1"].netns, lambda link: link.delete_route(route))
    with pytest.raises(OSError, match="113"):
        await ask(pods[0].netns, pods[2].address, 8080)
    await keeper.sync()
    assert (await ask(pods[0].netns, pods[2].address, 8080))[0] == "c"


async def test_teardown_lets_the_address_go_and_may_be_repeated(net, pods):
    node = net.nodes["node-1"]
    await node.pods.teardown(pods[0].sandbox)
    await node.pods.teardown(pods[0].sandbox)
    again = await net.add_pod("node-1", "later")
    assert again.address not in {p.address for p in pods}  # reused as late as possible
    with pytest.raises(OSError, match="113"):
        await ask(pods[1].netns, pods[0].address, 8080)


async def test_many_pods_go_at_once(net):
    node = net.nodes["node-1"]
    made = [await net.add_pod("node-1", f"p{i}") for i in range(20)]
    await asyncio.gather(*(node.pods.teardown(pod.sandbox) for pod in made))
    links = await in_namespace(node.netns, lambda netlink: netlink.links())
    assert {link.name for link in links} == {"lo", "eth0"}


async def test_setup_of_the_same_sandbox_again_changes_nothing(net, pods):
    before = await in_namespace(net.nodes["node-1"].netns, lambda netlink: netlink.links())
    assert await net.nodes["node-1"].pods.setup(pods[0].sandbox) == (pods[0].address,)
    assert await ask(pods[1].netns, pods[0].address, 8080) == ("a", pods[1].address)
    assert await in_namespace(net.nodes["node-1"].netns, lambda netlink: netlink.links()) == before


async def test_what_is_left_of_sandboxes_that_went_meanwhile_is_taken_down(net, pods):
    a, b, _, _ = pods
    await net.nodes["node-1"].pods.retain({b.sandbox.id})
    assert await ask(pods[2].netns, b.address, 8080) == ("b", pods[2].address)
    with pytest.raises(OSError, match="113"):
        await ask(b.netns, a.address, 8080)


async def test_cleanup_leaves_nothing_and_may_be_repeated(net, pods):
    assert len(await residue("e2e", run_root=net.config.run_root, netns=net.host_netns)) > 5
    for _ in range(2):
        await cleanup("e2e", run_root=net.config.run_root, netns=net.host_netns)
        assert await residue("e2e", run_root=net.config.run_root, netns=net.host_netns) == []
    assert await NftCommand(net.host_netns).tables() == []
    links = await in_namespace(net.host_netns, lambda host: host.links())
    assert [link.name for link in links] == ["lo"]
    assert await in_namespace(net.host_netns, lambda host: host.routes(protocol=0)) == set()
