"""Builders of what the network sees, with good defaults."""

from podo.api.types.core_v1 import (
    ClientIPConfig,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Node,
    NodeAddress,
    NodeSpec,
    NodeStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SessionAffinityConfig,
)
from podo.api.types.discovery_v1 import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.network.config import NetworkConfig
from podo.network.services.tables import ProxySettings

CONFIG = NetworkConfig(cluster="test")
NODE = ProxySettings(config=CONFIG, node="node-1", node_addresses=("10.245.0.2",))
HOST = ProxySettings(config=CONFIG, node="", node_addresses=("127.0.0.0/8", "10.245.0.1"))


def port(number=80, *, name="http", protocol="TCP", node_port=None):
    return ServicePort(name=name, port=number, protocol=protocol, node_port=node_port)


HTTP = port()


def service(name="web", *, ip="10.96.0.50", ports=(HTTP,), namespace="default", labels=None, **spec):
    ips = tuple(ip.split(",")) if ip else ()
    affinity = spec.pop("affinity_seconds", 0)
    ingress = tuple(LoadBalancerIngress(ip=each) for each in spec.pop("ingress", ()))
    if affinity:
        spec["session_affinity"] = "ClientIP"
        config = ClientIPConfig(timeout_seconds=affinity)
        spec["session_affinity_config"] = SessionAffinityConfig(client_ip=config)
    return Service(
        metadata=ObjectMeta(name=name, namespace=namespace, labels=labels or {}),
        spec=ServiceSpec(cluster_ip=ips[0] if ips else "", cluster_ips=ips, ports=tuple(ports), **spec),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)),
    )


def endpoint(address, *, node="node-1", ready=True, serving=None, terminating=None, hostname=""):
    conditions = EndpointConditions(ready=ready, serving=serving, terminating=terminating)
    return Endpoint(addresses=(address,), node_name=node, conditions=conditions, hostname=hostname)


def terminating(address, *, serving=True, node="node-1"):
    return endpoint(address, node=node, ready=False, serving=serving, terminating=True)


def endpoint_slice(*endpoints, of="web", name="web-1", ports=(("http", "TCP", 8080),), version=4, revision=""):
    return EndpointSlice(
        metadata=ObjectMeta(
            name=name, namespace="default", labels={"kubernetes.io/service-name": of}, resource_version=str(revision)
        ),
        address_type=f"IPv{version}",
        endpoints=tuple(endpoint(each) if isinstance(each, str) else each for each in endpoints),
        ports=tuple(EndpointPort(name=n, protocol=p, port=number) for n, p, number in ports),
    )


def node(name, *, address="", pod_range=""):
    """`address` and `pod_range` may be several, with commas between them."""
    addresses = tuple(NodeAddress(type="InternalIP", address=each) for each in address.split(",") if each)
    ranges = tuple(each for each in pod_range.split(",") if each)
    spec = NodeSpec(pod_cidr=ranges[0] if ranges else "", pod_cidrs=ranges)
    return Node(metadata=ObjectMeta(name=name), spec=spec, status=NodeStatus(addresses=addresses))
