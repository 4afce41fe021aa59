from podo.network.config import NetworkConfig
from podo.network.names import last_resort_metric
from podo.network.route_keeper import is_kept
from podo.network.routes import Place, Route, RouteKind, base_routes, node_routes, route_changes
from tests.network.build import CONFIG, node

HOST = Place("podo0", ("10.245.0.1",))
NODE = Place("eth0", ("10.245.0.2",), "node-1")
TWO = [
    node("node-1", address="10.245.0.2", pod_range="10.244.1.0/24"),
    node("node-2", address="10.245.0.3", pod_range="10.244.2.0/24"),
]


def test_every_range_of_podo_has_a_route_of_last_resort():
    last = {r for r in base_routes(CONFIG, NODE) if r.kind is RouteKind.UNREACHABLE}
    assert {r.destination for r in last} == {"10.244.0.0/16", "10.245.0.0/24", "10.96.0.0/16"}
    assert {r.metric for r in last} == {last_resort_metric("test")}


def test_clusters_are_told_apart_by_the_metric_of_their_last_resorts():
    assert last_resort_metric("one") != last_resort_metric("two")
    assert last_resort_metric("one") > 0x7000_0000


def test_the_service_range_is_routed_to_the_link_of_the_nodes_so_that_local_processes_can_connect():
    assert Route("10.96.0.0/16", device="eth0", source="10.245.0.2") in base_routes(CONFIG, NODE)
    assert Route("10.96.0.0/16", device="podo0", source="10.245.0.1") in base_routes(CONFIG, HOST)


def test_the_host_reaches_the_pods_of_all_nodes():
    assert node_routes(CONFIG, HOST, TWO) == {
        Route("10.244.1.0/24", gateway="10.245.0.2", device="podo0", source="10.245.0.1"),
        Route("10.244.2.0/24", gateway="10.245.0.3", device="podo0", source="10.245.0.1"),
    }


def test_a_node_reaches_the_pods_of_the_others_but_not_its_own_by_them():
    assert node_routes(CONFIG, NODE, TWO) == {
        Route("10.244.2.0/24", gateway="10.245.0.3", device="eth0", source="10.245.0.2")
    }


def test_a_node_without_pod_range_or_address_has_no_route_yet():
    assert node_routes(CONFIG, HOST, [node("a", address="10.245.0.9"), node("b", pod_range="10.244.9.0/24")]) == set()


def test_a_second_family_adds_routes_and_changes_none():
    dual = NetworkConfig(
        cluster="test",
        pod_ranges=("10.244.0.0/16", "fd00:10:244::/56"),
        service_ranges=("10.96.0.0/16", "fd00:10:96::/112"),
        node_ranges=("10.245.0.0/24", "fd00:10:245::/64"),
    )
    place = Place("eth0", ("10.245.0.2", "fd00:10:245::2"), "node-1")
    assert base_routes(CONFIG, NODE) < base_routes(dual, place)
    assert Route("fd00:10:96::/112", device="eth0", source="fd00:10:245::2") in base_routes(dual, place)


def test_changes_add_what_is_missing_and_remove_what_is_not_wanted():
    kept, new, old = Route("10.244.1.0/24", device="a"), Route("10.244.2.0/24", device="a"), Route("10.244.3.0/24")
    assert route_changes({kept, new}, {kept, old}) == ({new}, {old})


def test_a_route_that_is_replaced_is_not_removed_as_well():
    before, now = Route("10.244.1.0/24", gateway="10.245.0.2"), Route("10.244.1.0/24", gateway="10.245.0.9")
    assert route_changes({now}, {before}) == ({now}, set())


def test_the_keeper_leaves_default_and_pod_routes_alone():
    assert not is_kept(Route("0.0.0.0/0", gateway="10.245.0.1", device="eth0"), {"eth0"}, 5)
    assert not is_kept(Route("10.244.1.2/32", device="pod-0123456789"), {"eth0"}, 5)
    assert is_kept(Route("10.244.2.0/24", gateway="10.245.0.3", device="eth0"), {"eth0"}, 5)


def test_the_keeper_keeps_its_own_clusters_last_resorts():
    assert is_kept(Route("10.244.0.0/16", RouteKind.UNREACHABLE, metric=5), {"eth0"}, 5)
    assert not is_kept(Route("10.243.0.0/16", RouteKind.UNREACHABLE, metric=6), {"eth0"}, 5)
