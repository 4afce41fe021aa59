import asyncio
from datetime import timedelta

import pytest

from podo.clock import VirtualClock
from podo.network.base import NetworkFailure, PortMapping
from podo.network.nft import NftFailure
from podo.network.services.backends import Backend
from podo.network.services.conntrack import Flow
from podo.network.services.host_ports import OpenPorts
from podo.network.services.proxy import ServiceProxy
from tests.network.build import NODE, endpoint_slice, node, port, service, terminating
from tests.network.services.test_backends import hinted

A, B = "10.244.1.2", "10.244.1.3"
WEB = "10.96.0.50 . tcp . 80"


class RecordedNft:
    """Keeps the transactions; refuses as many as it is told to."""

    def __init__(self):
        self.scripts, self.refuse, self.before_apply = [], 0, None
        self.found = [("ip", "podo-test"), ("inet", "someone-elses")]

    async def apply(self, commands):
        script = list(commands)
        if self.before_apply:
            self.before_apply()
        if self.refuse:
            self.refuse -= 1
            raise NftFailure("no such thing")
        if script:
            self.scripts.append(script)

    async def tables(self):
        return self.found


class RecordedFlows:
    def __init__(self):
        self.forgotten = []

    async def forget(self, flows):
        self.forgotten += sorted(flows, key=repr)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def nft():
    return RecordedNft()


@pytest.fixture
def flows():
    return RecordedFlows()


@pytest.fixture
async def proxy(nft, flows, clock):
    """A proxy that serves `web` at A, and whose first transaction is done."""
    made = ServiceProxy(NODE, nft=nft, flows=flows, clock=clock)
    made.service_changed(None, service())
    made.slice_changed(None, endpoint_slice(A, revision=5))
    await made.sync()
    return made


def ports(*mappings):
    return OpenPorts(mappings, (B,))


async def test_the_first_transaction_makes_the_tables_anew(proxy, nft):
    (script,) = nft.scripts
    assert script[:2] == ["add table ip podo-test", "delete table ip podo-test"]
    assert f"add element ip podo-test services {{ {WEB} : goto random-1 }}" in script


async def test_a_change_of_endpoints_is_only_that_change(proxy, nft):
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B))
    await proxy.sync()
    assert nft.scripts[1] == [
        f"delete element ip podo-test endpoints-0 {{ {WEB} : {A} . 8080 }}",
        f"add element ip podo-test endpoints-0 {{ {WEB} : {B} . 8080 }}",
    ]


async def test_a_change_that_changes_no_rule_is_no_transaction(proxy, nft):
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(A, revision=8))
    await proxy.sync()
    assert len(nft.scripts) == 1
    assert proxy.progress.revision == 8


async def test_it_is_remembered_which_change_withdrew_an_address(proxy):
    assert (proxy.left_at(A), proxy.left_at(B)) == (0, 0)
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B, revision=9))
    await proxy.sync()
    assert (proxy.left_at(A), proxy.left_at(B)) == (9, 0)
    proxy.slice_changed(endpoint_slice(B), endpoint_slice(A, revision=11))
    await proxy.sync()
    assert (proxy.left_at(A), proxy.left_at(B)) == (0, 11)


async def test_an_address_that_another_service_still_uses_has_not_left(proxy):
    proxy.service_changed(None, service("other", ip="10.96.0.51"))
    proxy.slice_changed(None, endpoint_slice(A, of="other", name="other-1", revision=6))
    await proxy.sync()
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B, revision=9))
    await proxy.sync()
    assert proxy.left_at(A) == 0


async def test_a_service_that_goes_takes_its_elements_along(proxy, nft):
    proxy.service_changed(service(), None)
    await proxy.sync()
    assert f"delete element ip podo-test services {{ {WEB} : goto random-1 }}" in nft.scripts[1]
    assert not any(line.startswith("add element") for line in nft.scripts[1])


async def test_endpoints_may_come_before_their_service(nft, flows, clock):
    made = ServiceProxy(NODE, nft=nft, flows=flows, clock=clock)
    made.slice_changed(None, endpoint_slice(A))
    await made.sync()
    assert not made.serves(A)
    made.service_changed(None, service())
    await made.sync()
    assert made.serves(A)


async def test_progress_is_told_when_the_transaction_is_in_force(proxy):
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(A, B, revision=9))
    reached = asyncio.ensure_future(proxy.progress.reached(9))
    await asyncio.sleep(0)
    assert not reached.done()
    await proxy.sync()
    await reached
    assert (proxy.progress.revision, proxy.progress.generation) == (9, 2)


async def test_withdrawn_returns_once_no_service_leads_to_the_address(proxy):
    proxy.service_changed(None, service("other", ip="10.96.0.51"))
    proxy.slice_changed(None, endpoint_slice(A, of="other", name="other-1"))
    await proxy.sync()
    withdrawn = asyncio.ensure_future(proxy.withdrawn(A))
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B))
    await proxy.sync()
    await asyncio.sleep(0)
    assert not withdrawn.done()
    proxy.slice_changed(endpoint_slice(A, of="other", name="other-1"), None)
    await proxy.sync()
    await withdrawn


async def test_the_last_endpoint_of_a_service_is_withdrawn_when_it_terminates_though_it_still_serves(proxy, nft):
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(terminating(A)))
    await proxy.sync()
    await proxy.withdrawn(A)
    assert len(nft.scripts) == 1  # no rule has changed


async def test_an_address_that_no_service_uses_is_withdrawn_already(proxy):
    await proxy.withdrawn("10.244.9.9")


async def test_a_refused_transaction_is_followed_by_one_that_makes_all_anew(proxy, nft, clock):
    nft.refuse = 1
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(A, B, revision=9))
    run = asyncio.ensure_future(proxy.run())
    await clock.run_for(timedelta(seconds=0.5))
    assert proxy.progress.revision == 5
    await clock.run_for(timedelta(seconds=1))
    assert proxy.progress.revision == 9
    assert nft.scripts[-1][1] == "delete table ip podo-test"
    assert proxy.serves(B)
    run.cancel()


async def test_tables_that_somebody_else_removes_are_made_anew(proxy, nft, clock):
    run = asyncio.ensure_future(proxy.run())
    await clock.run_for(timedelta(seconds=60))
    assert len(nft.scripts) == 1
    nft.found = [("inet", "someone-elses")]
    await clock.run_for(timedelta(seconds=20))
    assert nft.scripts[-1] == nft.scripts[0]
    run.cancel()


async def test_what_comes_while_a_transaction_runs_is_in_the_next(proxy, nft, clock):
    def meanwhile():
        nft.before_apply = None
        proxy.slice_changed(endpoint_slice(B), endpoint_slice(A, B, revision=12))

    nft.before_apply = meanwhile
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B, revision=11))
    run = asyncio.ensure_future(proxy.run())
    await clock.run_for(timedelta(seconds=1))
    assert (proxy.progress.revision, len(nft.scripts)) == (12, 3)
    run.cancel()


async def test_settled_returns_when_all_that_was_told_is_in_force(proxy, nft, clock):
    run = asyncio.ensure_future(proxy.run())
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(B))
    await proxy.settled()
    assert proxy.serves(B)
    run.cancel()


async def test_host_ports_are_in_force_on_return_and_closed_with_the_sandbox(proxy, nft):
    run = asyncio.ensure_future(proxy.run())
    await proxy.open("box", ports(PortMapping(container_port=80, host_port=8080)))
    assert f"add element ip podo-test host-ports {{ tcp . 8080 : {B} . 80 }}" in nft.scripts[-1]
    await proxy.close("box")
    await proxy.settled()
    assert f"delete element ip podo-test host-ports {{ tcp . 8080 : {B} . 80 }}" in nft.scripts[-1]
    run.cancel()


async def test_host_ports_of_one_address(proxy, nft):
    run = asyncio.ensure_future(proxy.run())
    mapping = PortMapping(container_port=53, host_port=5353, protocol="UDP", host_ip="10.245.0.2")
    await proxy.open("box", ports(mapping))
    assert any("address-host-ports { 10.245.0.2 . udp . 5353" in line for line in nft.scripts[-1])
    run.cancel()


async def test_host_ports_fail_when_no_rule_can_be_made(nft, flows, clock):
    made = ServiceProxy(NODE, nft=nft, flows=flows, clock=clock, host_port_seconds=0.01)
    with pytest.raises(NetworkFailure, match="nftables does not answer"):
        await made.open("box", ports(PortMapping(container_port=80, host_port=8080)))


DNS = service("dns", ip="10.96.0.60", type="NodePort", ports=[port(53, name="dns", protocol="UDP", node_port=30053)])


def dns_slice(*addresses):
    return endpoint_slice(*addresses, of="dns", name="dns-1", ports=(("dns", "UDP", 53),))


async def test_udp_flows_to_an_endpoint_that_is_gone_are_forgotten(proxy, flows):
    proxy.service_changed(None, DNS)
    proxy.slice_changed(None, dns_slice(A, B))
    await proxy.sync()
    flows.forgotten.clear()
    proxy.slice_changed(dns_slice(A, B), dns_slice(B))
    await proxy.sync()
    gone = Backend(A, 53)
    assert flows.forgotten == [Flow(4, "", 30053, gone), Flow(4, "10.96.0.60", 53, gone)]


async def test_udp_flows_that_were_made_while_nothing_served_are_forgotten(proxy, flows):
    proxy.service_changed(None, DNS)
    await proxy.sync()
    proxy.slice_changed(None, dns_slice(A))
    await proxy.sync()
    assert flows.forgotten == [Flow(4, "", 30053, None), Flow(4, "10.96.0.60", 53, None)]


async def test_udp_flows_of_a_service_that_is_gone_are_forgotten(proxy, flows):
    proxy.service_changed(None, DNS)
    proxy.slice_changed(None, dns_slice(A))
    await proxy.sync()
    flows.forgotten.clear()
    proxy.service_changed(DNS, None)
    await proxy.sync()
    assert Flow(4, "10.96.0.60", 53, Backend(A, 53)) in flows.forgotten


async def test_tcp_flows_are_left_alone(proxy, flows):
    proxy.slice_changed(endpoint_slice(A), None)
    await proxy.sync()
    assert flows.forgotten == []


async def test_endpoints_are_chosen_anew_when_the_node_changes_its_zone(proxy, nft):
    far = hinted(B, zone="z2")
    proxy.slice_changed(endpoint_slice(A), endpoint_slice(hinted(A, zone="z1"), far))
    await proxy.sync()
    assert proxy.serves(B)
    labelled = node("node-1")
    labelled.metadata.labels["topology.kubernetes.io/zone"] = "z1"
    proxy.node_changed(None, labelled)
    await proxy.sync()
    assert (proxy.serves(A), proxy.serves(B)) == (True, False)
    proxy.node_changed(None, node("another"))
    await proxy.sync()
    assert not proxy.serves(B)


async def test_remove_takes_the_tables_away(proxy, nft):
    await proxy.remove()
    assert nft.scripts[-1] == ["add table ip podo-test", "delete table ip podo-test"]
