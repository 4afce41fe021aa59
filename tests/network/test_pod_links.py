from pathlib import Path

import pytest

from podo.network.base import PodSandbox
from podo.network.pod_links import GATEWAY_MAC, pod_link
from podo.network.routes import Route
from tests.network.build import CONFIG

BOX = PodSandbox(id="0123456789abcdef", netns=Path("/run/x"), namespace="default", name="web", uid="u")


@pytest.fixture
def link():
    return pod_link(CONFIG, BOX, addresses=("10.244.1.5",), sources=("10.245.0.2",))


def test_the_pods_end_is_eth0_and_both_ends_know_each_others_link_layer_address(link):
    assert (link.veth.peer, link.veth.netns, link.veth.alias) == ("eth0", Path("/run/x"), "podo:test")
    assert (link.veth.mac, link.veth.peer_mac) == (GATEWAY_MAC, "0a:58:0a:f4:01:05")


def test_the_node_has_a_host_route_to_the_pod_and_talks_to_it_from_its_own_address(link):
    assert link.node_routes == (Route("10.244.1.5/32", device=link.veth.name, source="10.245.0.2"),)


def test_the_pod_sends_everything_to_the_gateway_which_it_can_reach_first(link):
    assert link.pod_routes == (
        Route("169.254.1.1/32", device="eth0"),
        Route("0.0.0.0/0", gateway="169.254.1.1", device="eth0"),
    )


def test_a_second_family_is_more_routes_on_the_same_link(link):
    dual = pod_link(CONFIG, BOX, addresses=("10.244.1.5", "fd00::5"), sources=("10.245.0.2", "fd01::2"))
    assert dual.veth == link.veth
    assert dual.node_routes == (*link.node_routes, Route("fd00::5/128", device=link.veth.name, source="fd01::2"))
    assert dual.pod_routes == (
        *link.pod_routes,
        Route("fe80::1/128", device="eth0"),
        Route("::/0", gateway="fe80::1", device="eth0"),
    )
