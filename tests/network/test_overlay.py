import msgspec
import pytest

from podo.network.config import NetworkConfig
from podo.network.names import last_resort_metric
from podo.network.overlay import Overlay, Tunnel, mac_of, overlay, vxlan_link
from podo.network.routes import MACHINE, Place, Route, Underlay, node_routes
from tests.network.build import CONFIG, node

A, B, C = "192.0.2.10", "198.51.100.20", "192.0.2.30"


def at(machine, *args, **more):
    found = node(*args, **more)
    meta = msgspec.structs.replace(found.metadata, annotations={MACHINE: machine} if machine else {})
    return msgspec.structs.replace(found, metadata=meta)


LOCAL = [
    at(A, "node-1", address="10.245.0.2", pod_range="10.244.1.0/24"),
    at(A, "node-2", address="10.245.0.3", pod_range="10.244.2.0/24"),
]
FAR = at(B, "node-3", address=B, pod_range="10.244.3.0/24")
NEAR = at(C, "node-4", address=C, pod_range="10.244.4.0/24")
HOST = Place("podo0", ("10.245.0.1",), underlay=Underlay("ens3", f"{A}/24"))
NODE = Place("eth0", ("10.245.0.2",), "node-1")
JOINED = Place("eth0", (B,), "node-3", Underlay("eth0", f"{B}/24"))


def test_on_one_machine_there_is_nothing_to_tunnel():
    assert overlay(CONFIG, HOST, LOCAL) == Overlay()
    assert (
        overlay(CONFIG, NODE, [at("", "node-1"), at("", "node-2", address=B, pod_range="10.244.2.0/24")]) == Overlay()
    )


def test_the_host_is_the_end_of_the_tunnel_for_its_local_nodes():
    found = overlay(CONFIG, HOST, [*LOCAL, FAR])
    link = vxlan_link(CONFIG, HOST)
    assert found.routes == {
        Route("10.244.3.0/24", gateway="10.244.3.0", device=link.name, source="10.245.0.1", onlink=True)
    }
    assert found.tunnels == {Tunnel("10.244.3.0", mac_of(B), B)}
    assert found.addresses == set()
    assert (link.machine, link.device, link.mtu, link.mac) == (A, "ens3", 1450, mac_of(A))


def test_a_local_node_sends_to_its_host_what_is_for_other_machines():
    found = overlay(CONFIG, NODE, [*LOCAL, FAR])
    assert found.routes == {Route("10.244.3.0/24", gateway="10.245.0.1", device="eth0", source="10.245.0.2")}
    assert (found.tunnels, vxlan_link(CONFIG, NODE)) == (frozenset(), None)


def test_a_node_of_its_own_machine_reaches_all_that_is_behind_the_host():
    found = overlay(CONFIG, JOINED, [*LOCAL, FAR])
    assert {each.destination for each in found.routes} == {"10.244.1.0/24", "10.244.2.0/24", "10.245.0.0/24"}
    assert {(each.mac, each.machine) for each in found.tunnels} == {(mac_of(A), A)}
    assert {each.source for each in found.routes} == found.addresses == {"10.244.3.0"}


def test_machines_on_one_link_need_no_tunnel():
    found = overlay(CONFIG, HOST, [*LOCAL, NEAR])
    metric = last_resort_metric("test")
    assert found.routes == {Route("10.244.4.0/24", gateway=C, device="ens3", metric=metric)}
    assert not found.tunnelled


def test_nodes_of_other_machines_have_no_route_of_the_bridge():
    assert {each.destination for each in node_routes(CONFIG, HOST, [*LOCAL, FAR, NEAR])} == {
        "10.244.1.0/24",
        "10.244.2.0/24",
    }
    assert node_routes(CONFIG, JOINED, [*LOCAL, FAR]) == set()


def test_a_node_without_a_pod_range_has_nothing_behind_it_yet():
    assert overlay(CONFIG, HOST, [*LOCAL, at(B, "node-3", address=B)]) == Overlay()


@pytest.mark.parametrize(("machine", "mtu"), [("192.0.2.1/24", 1450), ("2001:db8::1/64", 1430)])
def test_the_tunnels_own_bytes_are_taken_off(machine, mtu):
    assert vxlan_link(CONFIG, Place("podo0", (), underlay=Underlay("ens3", machine))).mtu == mtu


def test_both_families_take_the_same_way():
    dual = NetworkConfig(
        cluster="test",
        pod_ranges=("10.244.0.0/16", "fd00:10:244::/56"),
        service_ranges=("10.96.0.0/16", "fd00:10:96::/112"),
        node_ranges=("10.245.0.0/24", "fd00:10:245::/64"),
    )
    host = Place("podo0", ("10.245.0.1", "fd00:10:245::1"), underlay=Underlay("ens3", f"{A}/24"))
    far = at(B, "node-3", address=B, pod_range="10.244.3.0/24,fd00:10:244:3::/64")
    found = overlay(dual, host, [far])
    assert {(each.gateway, each.machine) for each in found.tunnels} == {("10.244.3.0", B), ("fd00:10:244:3::", B)}
    assert {each.source for each in found.routes} == {"10.245.0.1", "fd00:10:245::1"}


def test_ends_are_told_apart_by_addresses_of_our_own_making():
    assert len({mac_of(each) for each in (A, B, C)}) == 3
    assert int(mac_of(A).partition(":")[0], 16) & 3 == 2  # locally administered, of one machine
