import pytest

from podo.api.types.networking_v1 import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressStatus,
    IngressTLS,
)
from podo.cluster.errors import ClusterError
from podo.cluster.network import end_of, expose, gateway_addresses, ingress_addresses, service_addresses
from podo.network.gateway.kinds import Address, Gateway, GatewaySpec, GatewayStatus, Listener
from tests.network.build import port, service
from tests.network.policy.build import pod_fact


def test_a_load_balancers_address_comes_first_then_node_ports_and_the_cluster_ip():
    web = service(type="LoadBalancer", ingress=("10.245.0.128",), ports=[port(80, node_port=30080)])
    assert [(row["address"], row["from"]) for row in service_addresses(web, "10.245.0.1")] == [
        ("10.245.0.128:80", "host, nodes, Pods"),
        ("127.0.0.1:30080", "host"),
        ("10.245.0.1:30080", "host"),
        ("10.96.0.50:80", "host, nodes, Pods"),
    ]


def test_a_headless_service_has_no_address():
    assert service_addresses(service(ip="None"), "10.245.0.1") == []


def test_an_ingress_answers_at_its_urls():
    backend = IngressBackend(service=IngressServiceBackend(name="web"))
    rules = tuple(
        IngressRule(host=host, http=HTTPIngressRuleValue(paths=(HTTPIngressPath(path="/x", backend=backend),)))
        for host in ("a.example", "")
    )
    shown = IngressLoadBalancerStatus(ingress=(IngressLoadBalancerIngress(ip="10.245.0.192"),))
    made = Ingress(
        spec=IngressSpec(rules=rules, tls=(IngressTLS(hosts=("a.example",)),)),
        status=IngressStatus(load_balancer=shown),
    )
    assert [(row["address"], row["from"], row["leads_to"]) for row in ingress_addresses(made)] == [
        ("https://a.example/x", "a.example at 10.245.0.192", "web"),
        ("http://10.245.0.192/x", "10.245.0.192 at 10.245.0.192", "web"),
    ]


def test_what_cannot_be_exposed_is_told():
    with pytest.raises(ClusterError, match="'pod/x' is nothing that can be exposed"):
        expose("default", "", "pod/x", "default")


def test_ends_of_connections_are_pods_or_addresses():
    pods = [pod_fact("a", address="10.244.1.2"), pod_fact("late", address="")]
    assert str(end_of("x/a", pods)) == "x/a"
    assert end_of("10.244.1.2", pods).pod is pods[0]
    assert end_of("192.0.2.1", pods).pod is None
    for text, problem in (("x/none", "does not exist"), ("a", "does not exist"), ("x/late", "has no address yet")):
        with pytest.raises(ClusterError, match=problem):
            end_of(text, pods)


def test_a_gateway_is_exposed_at_each_of_its_listeners():
    made = Gateway(
        spec=GatewaySpec(
            listeners=(
                Listener(name="http", port=80, protocol="HTTP"),
                Listener(name="https", port=8443, protocol="HTTPS", hostname="a.example"),
                Listener(name="db", port=5432, protocol="TCP"),
            )
        ),
        status=GatewayStatus(addresses=(Address(value="192.0.2.1"),)),
    )
    assert [row["address"] for row in gateway_addresses(made)] == [
        "http://192.0.2.1",
        "https://a.example:8443",
        "192.0.2.1:5432",
    ]
    assert gateway_addresses(Gateway(spec=made.spec)) == []
