import pytest

from podo.network.config import NetworkConfig
from podo.network.ruleset import ItemKind
from podo.network.services.backends import Backend, Backends, port_key
from podo.network.services.rules import service_fragment
from podo.network.services.tables import IPV4, IPV6, ProxySettings, fresh_table
from tests.network.build import CONFIG, HOST, NODE, port, service

A, B = Backend("10.244.1.2", 8080), Backend("10.244.2.3", 8080)
BOTH = Backends(cluster=(A, B), local=(A,))
NODE_PORT = {"type": "NodePort", "ports": [port(80, node_port=30080)]}


def rendered(web, backends=BOTH, settings=NODE, family=IPV4):
    """(elements, chains, sets) of a Service all of whose ports have the same backends."""
    fragment = service_fragment(web, {port_key(each): backends for each in web.spec.ports}, settings, family)
    everything = {**fragment.items, **fragment.lasting}
    return tuple(
        {
            (item.name, item.key) if kind is ItemKind.ELEMENT else item.name: content
            for item, content in everything.items()
            if item.kind is kind
        }
        for kind in (ItemKind.ELEMENT, ItemKind.CHAIN, ItemKind.SET)
    )


def verdict(web, key="10.96.0.50 . tcp . 80", name="services", **more):
    return rendered(web, **more)[0].get((name, key))


def test_a_cluster_ip_is_a_few_map_elements_and_shared_chains():
    elements, chains, sets = rendered(service())
    assert elements == {
        ("service-addresses", "10.96.0.50"): "",
        ("services", "10.96.0.50 . tcp . 80"): "goto random-2",
        ("endpoints-0", "10.96.0.50 . tcp . 80"): "10.244.1.2 . 8080",
        ("endpoints-1", "10.96.0.50 . tcp . 80"): "10.244.2.3 . 8080",
    }
    assert chains["random-2"] == "numgen random mod 2 vmap { 0 : goto endpoint-0, 1 : goto endpoint-1 }"
    assert sets["endpoints-1"] == "type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service;"


def test_a_connection_whose_endpoint_has_just_gone_takes_the_first_one():
    chains = rendered(service())[1]
    assert "goto" not in chains["endpoint-0"]
    assert chains["endpoint-1"].splitlines()[1] == "goto endpoint-0"


@pytest.mark.parametrize(
    "web",
    [
        pytest.param(service(ip="None"), id="headless"),
        pytest.param(service(ip="", type="ExternalName", external_name="example.org"), id="external name"),
        pytest.param(service(ip=""), id="no cluster IP yet"),
        pytest.param(service(labels={"service.kubernetes.io/service-proxy-name": "mine"}), id="another proxy's"),
        pytest.param(service(labels={"service.kubernetes.io/headless": ""}), id="labelled as headless"),
    ],
)
def test_services_that_are_not_balanced_here(web):
    elements, chains, _ = rendered(web)
    assert (elements, chains) == ({}, {})


def test_the_dns_address_is_left_to_the_server_on_the_node():
    assert verdict(service(ip="10.96.0.10"), "10.96.0.10 . tcp . 80") is None


def test_without_endpoints_a_cluster_ip_is_known_and_nothing_serves_it():
    elements, _, _ = rendered(service(), Backends())
    assert elements == {("service-addresses", "10.96.0.50"): ""}


def test_without_endpoints_external_ports_are_refused():
    web = service(external_ips=("192.0.2.7",), **NODE_PORT)
    elements, _, _ = rendered(web, Backends())
    assert elements["no-endpoints", "192.0.2.7 . tcp . 80"] == "goto refuse"
    assert elements["no-endpoint-node-ports", "tcp . 30080"] == "goto refuse"


@pytest.mark.parametrize(
    ("policy", "backends", "settings", "wanted"),
    [
        pytest.param("Cluster", BOTH, NODE, "goto random-2", id="cluster"),
        pytest.param("Local", BOTH, NODE, "goto local-random-1", id="local"),
        pytest.param("Local", Backends(cluster=(B,)), NODE, "drop", id="none here"),
        pytest.param("Local", Backends(), NODE, None, id="none anywhere"),
        pytest.param("Local", BOTH, HOST, "goto random-2", id="the host is no node"),
    ],
)
def test_internal_traffic_policy(policy, backends, settings, wanted):
    assert verdict(service(internal_traffic_policy=policy), backends=backends, settings=settings) == wanted


def test_node_ports_masquerade_since_the_endpoint_may_be_elsewhere():
    elements, chains, _ = rendered(service(**NODE_PORT))
    assert elements["node-ports", "tcp . 30080"] == "goto masquerade-node-random-2"
    assert elements["node-endpoints-1", "tcp . 30080"] == "10.244.2.3 . 8080"
    assert chains["masquerade-node-random-2"] == "meta mark set meta mark or 0x400000\ngoto node-random-2"


def test_external_traffic_policy_local_keeps_sources_and_stays_here():
    web = service(external_traffic_policy="Local", **NODE_PORT)
    elements, chains, _ = rendered(web)
    name = "from-outside-node-local-random-1-else-node-random-2"
    assert elements["node-ports", "tcp . 30080"] == f"goto {name}"
    assert chains[name].splitlines() == [
        "ip saddr { 10.244.0.0/16 } goto node-random-2",
        "fib saddr type local goto masquerade-node-random-2",
        "goto node-local-random-1",
    ]
    assert elements["node-local-endpoints-0", "tcp . 30080"] == "10.244.1.2 . 8080"


def test_external_traffic_policy_local_drops_where_nothing_serves():
    _, chains, _ = rendered(service(external_traffic_policy="Local", **NODE_PORT), Backends(cluster=(B,)))
    assert chains["from-outside-none-else-node-random-1"].splitlines()[-1] == "drop"


def test_load_balancer_addresses_with_source_ranges():
    web = service(
        type="LoadBalancer", ingress=("192.0.2.9",), load_balancer_source_ranges=("198.51.100.0/24", "fd00::/8")
    )
    elements, chains, _ = rendered(web)
    name = "firewall/default/web/tcp/http/masquerade-random-2"
    assert elements["services", "192.0.2.9 . tcp . 80"] == f"goto {name}"
    assert chains[name] == "ip saddr { 198.51.100.0/24 } goto masquerade-random-2\ndrop"


def test_session_affinity_has_a_set_and_a_chain_an_endpoint():
    elements, chains, sets = rendered(service(affinity_seconds=60))
    first, second = (
        "endpoint/default/web/tcp/http/60/10.244.1.2/8080",
        "endpoint/default/web/tcp/http/60/10.244.2.3/8080",
    )
    assert elements["services", "10.96.0.50 . tcp . 80"] == "goto sticky/default/web/tcp/http"
    assert chains["sticky/default/web/tcp/http"].splitlines() == [
        f"ip saddr @{first}/clients goto {first}",
        f"ip saddr @{second}/clients goto {second}",
        f"numgen random mod 2 vmap {{ 0 : goto {first}, 1 : goto {second} }}",
    ]
    assert chains[first] == f"update @{first}/clients {{ ip saddr }}\nmeta l4proto tcp dnat ip to 10.244.1.2:8080"
    assert "timeout 60s" in sets[f"{first}/clients"]


def test_names_that_would_be_too_long_for_nft_are_digests():
    web = service("n" * 63, namespace="s" * 63, affinity_seconds=60, external_traffic_policy="Local", **NODE_PORT)
    elements, chains, sets = rendered(web)
    assert max(len(name) for name in [*chains, *sets]) < 128
    targets = {value.removeprefix("goto ") for value in elements.values() if value.startswith("goto")}
    assert targets <= chains.keys()


def test_every_family_has_its_own_elements():
    web, six = service(ip="10.96.0.50,fd00:10:96::50"), Backends(cluster=(Backend("fd00:10:244::5", 8080),))
    elements, _, _ = rendered(web, six, family=IPV6)
    assert elements["services", "fd00:10:96::50 . tcp . 80"] == "goto random-1"
    assert ("services", "10.96.0.50 . tcp . 80") not in elements


def test_the_fixed_part_replaces_whatever_was_there():
    lines = fresh_table(NODE, IPV4)
    assert lines[:3] == ["add table ip podo-test", "delete table ip podo-test", "table ip podo-test {"]


def test_egress_is_masqueraded_only_for_what_is_not_podos():
    wanted = "ip saddr { 10.244.0.0/16 } ip daddr != { 10.244.0.0/16, 10.245.0.0/24, 10.96.0.0/16 } masquerade"
    assert wanted in fresh_table(NODE, IPV4)
    off = ProxySettings(config=CONFIG, node="n", node_addresses=(), masquerade_egress=False)
    assert wanted not in fresh_table(off, IPV4)


def test_only_the_hosts_loopback_is_guarded_from_the_bridge():
    guards = [line for line in fresh_table(HOST, IPV4) if "guard" in line]
    assert guards == [
        'chain guard { type filter hook prerouting priority raw; iifname "podo-9f86d08188" ip daddr 127.0.0.0/8 drop; }'
    ]
    assert not any("guard" in line for line in fresh_table(NODE, IPV4))


def test_families_are_those_of_the_ranges():
    dual = NetworkConfig(cluster="test", pod_ranges=("10.244.0.0/16", "fd00::/56"))
    assert NODE.families == (IPV4,)
    assert ProxySettings(config=dual, node="n", node_addresses=()).families == (IPV4, IPV6)
