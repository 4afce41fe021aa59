"""Which Pods stand behind which Services, and at what addresses and ports. For EndpointSlices and Endpoints."""

import ipaddress
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from podo.api.types.core_v1 import Container, Node, ObjectReference, Pod, Service, ServicePort
from podo.client.base import Key, key_of
from podo.client.informer import Index, by_label
from podo.client.informers import CachedClient
from podo.controllers import pods
from podo.controllers.pods import by_node

ZONE = "topology.kubernetes.io/zone"
IPV4, IPV6 = "IPv4", "IPv6"
NO_ADDRESS = "None"  # the cluster IP of a headless Service


def by_selector(service: Service) -> Iterable[Hashable]:
    """Index keys: (namespace, name, value) of one label that the Service selects by."""
    selector = service.spec.selector
    return ((service.metadata.namespace, *min(selector.items())),) if selector else ()


class ServicePods:
    """Lookups in both directions; their cost does not depend on unrelated Pods and Services."""

    def __init__(self, client: CachedClient) -> None:
        informer = client.informer(Pod)
        self._pods, self._on_node = informer.index(by_label), informer.index(by_node)
        self._services = client.informer(Service).index(by_selector)

    def pods_of(self, service: Service) -> list[Pod]:
        """The Pods that the Service selects, by name."""
        return sorted(selected(self._pods, service.metadata.namespace, service.spec.selector), key=key_of)

    def services_of(self, pod: Pod) -> Iterable[Key]:
        """The Services that select the Pod."""
        for name, value in pod.metadata.labels.items():
            for service in self._services((pod.metadata.namespace, name, value)):
                if service.spec.selector.items() <= pod.metadata.labels.items():
                    yield key_of(service)

    def services_on(self, node: Node) -> Iterable[Key]:
        """The Services of the Pods on a node."""
        return {key for pod in self._on_node(node.metadata.name) for key in self.services_of(pod)}


def selected(index: Index[Pod], namespace: str, selector: Mapping[str, str]) -> list[Pod]:
    """The Pods that a selector of equal labels selects, found by its rarest label; none by an empty one."""
    places = [(namespace, name, value) for name, value in selector.items()]
    if not places:
        return []
    return [p for p in index(min(places, key=index.count)) if selector.items() <= p.metadata.labels.items()]


def is_served(service: Service) -> bool:
    """Whether the cluster keeps its endpoints: others do for a Service without selector."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName"


def is_headless(service: Service) -> bool:
    """Whether it has no address of its own."""
    return service.spec.cluster_ip in ("", NO_ADDRESS)


def can_be_endpoint(pod: Pod) -> bool:
    """Whether it has an address, and has not ended."""
    return not pods.is_finished(pod) and bool(pod.status.pod_ip or pod.status.pod_ips)


def may_change_endpoints(old: Pod | None, new: Pod | None) -> bool:
    """For a Watch: whether anything that an endpoint shows is different."""
    return old is None or new is None or _shown(old) != _shown(new)


def may_change_zone(old: Node | None, new: Node | None) -> bool:
    """For a Watch: whether a Node came, went, or moved to another zone."""
    return old is None or new is None or old.metadata.labels.get(ZONE) != new.metadata.labels.get(ZONE)


def _shown(pod: Pod) -> tuple[Any, ...]:
    meta, spec = pod.metadata, pod.spec
    place = (spec.node_name, spec.hostname, spec.subdomain, pod.status.pod_ips, pod.status.pod_ip)
    state = (pods.is_ready(pod), pods.is_finished(pod), bool(meta.deletion_timestamp))
    return (meta.labels, *place, *state)


def families_of(service: Service) -> tuple[str, ...]:
    """The address families that it has; by its address, or both, for one from before it had that field."""
    if service.spec.ip_families:
        return service.spec.ip_families
    if not is_headless(service):
        return (family_of(service.spec.cluster_ip),)
    return (IPV4, IPV6)


def family_of(address: str) -> str:
    """IPv4 or IPv6."""
    return IPV6 if ":" in address else IPV4


def addresses_of(pod: Pod, family: str) -> tuple[str, ...]:
    """The Pod's addresses of a family, in canonical form."""
    return tuple(str(ipaddress.ip_address(ip.ip)) for ip in pod.status.pod_ips if family_of(ip.ip) == family)


def target_port(pod: Pod, port: ServicePort) -> int | None:
    """The number of the port of the Pod; None if the Pod has none of that name. Sidecars count, other inits do not."""
    if isinstance(port.target_port, int):
        return port.target_port
    if not port.target_port:
        return port.port
    sidecars = [c for c in pod.spec.init_containers if c.restart_policy == "Always"]
    return _named_port([*pod.spec.containers, *sidecars], port.target_port, port.protocol or "TCP")


def _named_port(containers: Iterable[Container], name: str, protocol: str) -> int | None:
    for container in containers:
        for port in container.ports:
            if port.name == name and (port.protocol or "TCP") == protocol:
                return port.container_port
    return None


def hostname_of(pod: Pod, service: Service) -> str:
    """The name that DNS gives the Pod within the Service: only if its subdomain is the Service."""
    return pod.spec.hostname if pod.spec.subdomain == service.metadata.name else ""


def target_of(pod: Pod) -> ObjectReference:
    """How an endpoint names its Pod."""
    meta = pod.metadata
    return ObjectReference(kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid)
