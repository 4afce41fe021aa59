import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.api.types.discovery_v1 import EndpointHints, ForNode, ForZone
from podo.network.services.backends import Backend, Backends, PortKey, arranged, backends
from tests.network.build import endpoint, endpoint_slice, port, service, terminating

HTTP = PortKey("http", "tcp")
A, B, C, D = (f"10.244.1.{i}" for i in (2, 3, 4, 5))


def found(*endpoints, node="node-1", **more):
    return backends(service(), [endpoint_slice(*endpoints, **more)], node=node, version=4)[HTTP]


def at(*addresses):
    return tuple(Backend(each, 8080) for each in addresses)


@pytest.mark.parametrize(
    ("endpoints", "cluster", "local"),
    [
        pytest.param([A, B], (A, B), (A, B), id="all ready here"),
        pytest.param([A, endpoint(B, node="node-2")], (A, B), (A,), id="one elsewhere"),
        pytest.param([A, endpoint(B, ready=False)], (A,), (A,), id="one not ready"),
        pytest.param([endpoint(A, ready=None)], (A,), (A,), id="unknown is ready"),
        pytest.param([A, terminating(B)], (A,), (A,), id="terminating is not used while another is ready"),
        pytest.param([terminating(A), terminating(B)], (A, B), (A, B), id="terminating serve where none is ready"),
        pytest.param([terminating(A, serving=False)], (), (), id="terminating and no longer serving"),
        pytest.param([endpoint(A, node="node-2"), terminating(B)], (A,), (B,), id="the last one here terminates"),
        pytest.param([], (), (), id="none"),
    ],
)
def test_who_serves(endpoints, cluster, local):
    serving = found(*endpoints)
    assert (serving.cluster, serving.local) == (at(*cluster), at(*local))


@pytest.mark.parametrize(
    ("endpoints", "draining"),
    [([A], False), ([A, terminating(B)], False), ([terminating(A)], True), ([], False)],
)
def test_a_port_drains_when_only_terminating_endpoints_are_left(endpoints, draining):
    assert found(*endpoints).draining is draining


def hinted(address, *, zone="", node=""):
    made = endpoint(address)
    zones, nodes = (ForZone(name=zone),) if zone else (), (ForNode(name=node),) if node else ()
    return msgspec.structs.replace(made, hints=EndpointHints(for_zones=zones, for_nodes=nodes))


@pytest.mark.parametrize(
    ("endpoints", "cluster"),
    [
        pytest.param([hinted(A, zone="z1"), hinted(B, zone="z2")], (A,), id="the own zone"),
        pytest.param([hinted(A, zone="z2"), hinted(B, zone="z3")], (A, B), id="none in the own zone"),
        pytest.param([hinted(A, zone="z1"), B], (A, B), id="one without a hint"),
        pytest.param(
            [hinted(A, zone="z1", node="node-2"), hinted(B, zone="z1", node="node-1")], (B,), id="the own node"
        ),
        pytest.param(
            [hinted(A, zone="z1", node="node-2"), hinted(B, zone="z2", node="node-3")], (A,), id="else the own zone"
        ),
        pytest.param([hinted(A, zone="z1"), terminating(B)], (A,), id="only ready ones count"),
        pytest.param([terminating(A)], (A,), id="terminating ones are for all"),
    ],
)
def test_hints_say_which_endpoints_are_close(endpoints, cluster):
    slices = [endpoint_slice(*endpoints)]
    assert backends(service(), slices, node="node-1", zone="z1", version=4)[HTTP].cluster == at(*cluster)
    everybody = at(*(each.addresses[0] if not isinstance(each, str) else each for each in endpoints))
    assert set(backends(service(), slices, node="", version=4)[HTTP].cluster) <= set(everybody)


def test_only_ready_endpoints_count_for_the_health_of_a_node():
    assert found(A, endpoint(B, node="node-2"), terminating(C)).ready_here == 1
    assert found(terminating(A)).ready_here == 0


def test_on_the_host_every_endpoint_is_local():
    assert found(A, endpoint(B, node="node-2"), node="").local == at(A, B)


def test_an_endpoint_in_two_slices_counts_once_and_as_ready_if_one_says_so():
    slices = [endpoint_slice(terminating(A), name="x"), endpoint_slice(A, name="y"), endpoint_slice(A, name="z")]
    assert backends(service(), slices, node="node-1", version=4)[HTTP].cluster == at(A)


def test_ports_are_matched_by_name_and_protocol():
    web = service(ports=[port(53, name="dns", protocol="UDP"), port(53, name="dns-tcp"), port(9, name="none")])
    slices = [endpoint_slice(A, ports=(("dns", "UDP", 5353), ("dns-tcp", "TCP", 5354), ("other", "TCP", 1)))]
    ports = backends(web, slices, node="node-1", version=4)
    assert {key: value.cluster for key, value in ports.items()} == {
        PortKey("dns", "udp"): (Backend(A, 5353),),
        PortKey("dns-tcp", "tcp"): (Backend(A, 5354),),
        PortKey("none", "tcp"): (),
    }


def test_families_do_not_mix():
    slices = [endpoint_slice(A), endpoint_slice("fd00::1", name="six", version=6)]
    assert backends(service(), slices, node="", version=6)[HTTP].cluster == (Backend("fd00::1", 8080),)


@pytest.mark.parametrize(
    ("before", "wanted", "now"),
    [
        pytest.param((), (A, B), (A, B), id="new ones in order"),
        pytest.param((A, B, C), (A, B, C), (A, B, C), id="nothing changes"),
        pytest.param((A, B, C), (B, C), (C, B), id="the last fills the gap"),
        pytest.param((A, B, C), (A, B), (A, B), id="the last goes"),
        pytest.param((A, B), (C, B, D), (C, B, D), id="one replaced, one more"),
        pytest.param((A, B, C), (D, C, B), (D, B, C), id="order of the wanted does not matter"),
    ],
)
def test_backends_keep_their_numbers(before, wanted, now):
    arrange = arranged({HTTP: Backends(cluster=at(*before))}, {HTTP: Backends(cluster=at(*wanted))})
    assert arrange[HTTP].cluster == at(*now)


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_at_most_as_many_numbers_change_as_backends_do(before, wanted):
    old, new = at(*map(str, sorted(before))), at(*map(str, sorted(wanted)))
    now = arranged({HTTP: Backends(cluster=old)}, {HTTP: Backends(cluster=new)})[HTTP].cluster
    assert set(now) == set(new)
    assert len(now) == len(new)
    moved = sum(1 for a, b in zip(old, now, strict=False) if a != b) + max(len(now) - len(old), 0)
    assert moved <= len(set(new) - set(old)) + len(set(old) - set(new))
