"""What a Service with its backends is in nftables. Pure.

Services with the same number of endpoints share a chain, so a change of a Service is a change of a few map elements.
Only session affinity (a set and a chain an endpoint) and source ranges need chains of the Service's own.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256

from podo.api.types.core_v1 import Service, ServicePort
from podo.network.config import of_family
from podo.network.ruleset import Fragment, Item, ItemKind
from podo.network.services.backends import Backend, Backends, PortKey, port_key
from podo.network.services.tables import BY_NODE_PORT, MARK, TRANSPORTS, Family, ProxySettings, Target, by_address

NOT_PROXIED = ("service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless")  # labels: others' affair
LOCAL = "Local"
DEFAULT_AFFINITY_SECONDS = 10800


def service_fragment(
    service: Service, ports: Mapping[PortKey, Backends], settings: ProxySettings, family: Family
) -> Fragment:
    """All that the Service wants in the table of `family`, on the node (or host) of `settings`."""
    if any(each in service.metadata.labels for each in NOT_PROXIED) or service.spec.type == "ExternalName":
        return Fragment()
    rules = _ServiceRules(service, settings, family)
    for port in service.spec.ports:
        rules.port(port, ports.get(port_key(port), Backends()))
    return Fragment(rules.items, rules.lasting)


def cluster_addresses(service: Service, version: int) -> tuple[str, ...]:
    """The Service's cluster IPs of an IP version; () if it is headless."""
    spec = service.spec
    return tuple(ip for ip in of_family(spec.cluster_ips or (spec.cluster_ip,), version) if ip and ip != "None")


def load_balancer_addresses(service: Service, version: int) -> tuple[str, ...]:
    """The addresses of the Service's load balancer whose packets arrive with that address as destination."""
    status = service.status.load_balancer
    ingress = status.ingress if status and service.spec.type == "LoadBalancer" else ()
    return of_family((each.ip for each in ingress if each.ip and each.ip_mode in ("", "VIP")), version)


class _ServiceRules:
    """Collects the items of one Service."""

    def __init__(self, service: Service, settings: ProxySettings, family: Family) -> None:
        self.items: dict[Item, str] = {}
        self.lasting: dict[Item, str] = {}
        self._service, self._settings, self._family = service, settings, family
        spec, meta = service.spec, service.metadata
        self._label = f"{meta.namespace}/{meta.name}"
        self._sticky_seconds = affinity_seconds(service)
        self._internal_local = bool(settings.node) and spec.internal_traffic_policy == LOCAL
        self._external_local = spec.external_traffic_policy == LOCAL

    def port(self, port: ServicePort, backends: Backends) -> None:
        """Everything of one port."""
        family, service = self._family, self._service
        proto = port_key(port).protocol
        target = by_address(family)
        dns = self._settings.config.dns_address  # answered by the node itself
        for address in cluster_addresses(service, family.version):
            if address != dns:
                self._element("service-addresses", address)
                self._internal(target, f"{address} . {proto} . {port.port}", port, backends)
        for address in of_family(service.spec.external_ips, family.version):
            self._external(target, f"{address} . {proto} . {port.port}", port, backends)
        for address in load_balancer_addresses(service, family.version):
            self._external(target, f"{address} . {proto} . {port.port}", port, backends, ranges=True)
        if port.node_port and service.spec.type in ("NodePort", "LoadBalancer"):
            self._external(BY_NODE_PORT, f"{proto} . {port.node_port}", port, backends)

    def _internal(self, target: Target, key: str, port: ServicePort, backends: Backends) -> None:
        """A cluster IP: sources are kept. Without any endpoint there is no element: `service-addresses` refuses."""
        if self._internal_local and backends.cluster and not backends.local:
            self._element("services", key, "drop")
        elif self._internal_local and backends.local:
            chain = self._pick(target, key, port, backends.local, local=True)
            self._element("services", key, f"goto {chain}")
        elif backends.cluster:
            chain = self._pick(target, key, port, backends.cluster)
            self._element("services", key, f"goto {chain}")

    def _external(
        self, target: Target, key: str, port: ServicePort, backends: Backends, *, ranges: bool = False
    ) -> None:
        """An address that is not of the cluster. Where endpoints on other nodes may serve, sources are masqueraded."""
        node_port = target is BY_NODE_PORT
        if not backends.cluster:
            self._element("no-endpoint-node-ports" if node_port else "no-endpoints", key, "goto refuse")
            return
        cluster = self._pick(target, key, port, backends.cluster)
        make = self._chain if self._sticky_seconds else self._shared
        masquerading = make(f"masquerade-{cluster}", MARK, f"goto {cluster}")
        chain = self._local_first(target, key, port, backends, cluster) if self._external_local else masquerading
        if ranges and (allowed := of_family(self._service.spec.load_balancer_source_ranges, self._family.version)):
            chain = self._firewall(port, allowed, chain)
        self._element("node-ports" if node_port else "services", key, f"goto {chain}")

    def _local_first(self, target: Target, key: str, port: ServicePort, backends: Backends, cluster: str) -> str:
        """External traffic stays on this node, or is dropped; the cluster's own may go anywhere."""
        ip = self._family.word
        local = self._pick(target, key, port, backends.local, local=True) if backends.local else ""
        pods = ", ".join(of_family(self._settings.config.pod_ranges, self._family.version))
        make = self._chain if self._sticky_seconds else self._shared
        return make(
            f"from-outside-{local or 'none'}-else-{cluster}",
            f"{ip} saddr {{ {pods} }} goto {cluster}",
            f"fib saddr type local goto masquerade-{cluster}",
            f"goto {local}" if local else "drop",
        )

    def _firewall(self, port: ServicePort, allowed: Iterable[str], chain: str) -> str:
        ip = self._family.word
        name = self._named("firewall", port, chain)
        return self._chain(name, f"{ip} saddr {{ {', '.join(allowed)} }} goto {chain}", "drop")

    def _pick(
        self, target: Target, key: str, port: ServicePort, backends: tuple[Backend, ...], *, local: bool = False
    ) -> str:
        """The chain that sends a connection to one of `backends`, which are not empty."""
        if self._sticky_seconds:
            return self._sticky(port, backends, local=local)
        series = f"{target.prefix}{'local-' if local else ''}"
        for number, backend in enumerate(backends):
            self._element(f"{series}endpoints-{number}", key, f"{backend.address} . {backend.port}")
            self.lasting |= numbered(self._family, target, series, number)
        picks = ", ".join(f"{number} : goto {series}endpoint-{number}" for number in range(len(backends)))
        return self._shared(f"{series}random-{len(backends)}", f"numgen random mod {len(backends)} vmap {{ {picks} }}")

    def _sticky(self, port: ServicePort, backends: tuple[Backend, ...], *, local: bool) -> str:
        """Connections of a client go where its last one went, if that was less than the timeout ago."""
        ip, proto = self._family.word, port_key(port).protocol
        known, chains = [], []
        for backend in backends:
            name = self._named("endpoint", port, str(self._sticky_seconds), backend.address, str(backend.port))
            clients = f"{name}/clients"
            self.items[Item(ItemKind.SET, clients, "set")] = (
                f"type {self._family.address}; size 65535; flags dynamic,timeout; timeout {self._sticky_seconds}s;"
            )
            where = f"[{backend.address}]" if self._family.version == 6 else backend.address
            dnat = f"meta l4proto {proto} dnat {ip} to {where}:{backend.port}"
            chains.append(self._chain(name, f"update @{clients} {{ {ip} saddr }}", dnat))
            known.append(f"{ip} saddr @{clients} goto {name}")
        verdicts = ", ".join(f"{number} : goto {chain}" for number, chain in enumerate(chains))
        anyone = f"numgen random mod {len(chains)} vmap {{ {verdicts} }}"
        return self._chain(self._named("local-sticky" if local else "sticky", port), *known, anyone)

    def _named(self, what: str, port: ServicePort, *more: str) -> str:
        """The name of a chain of this Service's own."""
        parts = [what, self._label, port_key(port).protocol, port.name or str(port.port), *more]
        return fitting("/".join(parts).replace(":", "_"))

    def _chain(self, name: str, *rules: str) -> str:
        name = fitting(name)
        self.items[Item(ItemKind.CHAIN, name)] = "\n".join(rules)
        return name

    def _shared(self, name: str, *rules: str) -> str:
        """A chain that is the same for all Services that need it."""
        self.lasting[Item(ItemKind.CHAIN, name)] = "\n".join(rules)
        return name

    def _element(self, name: str, key: str, value: str = "") -> None:
        self.items[Item(ItemKind.ELEMENT, name, key)] = value


@cache
def numbered(family: Family, target: Target, series: str, number: int) -> dict[Item, str]:
    """The map of all endpoints that are their Service's number `number`, and the chain that sends connections there."""
    name, chain = f"{series}endpoints-{number}", f"{series}endpoint-{number}"
    rules = [f"{TRANSPORTS} dnat {family.word} to {target.key} map @{name}"]
    if number:  # gone since the number was drawn: the first one is there still
        rules.append(f"goto {series}endpoint-0")
    return {
        Item(ItemKind.SET, name, "map"): f"type {target.type} : {family.address} . inet_service;",
        Item(ItemKind.CHAIN, chain): "\n".join(rules),
    }


def fitting(name: str) -> str:
    """`name`, or a digest in its place if nft would find it too long."""
    return name if len(name) <= 110 else f"{name[:40]}-{sha256(name.encode()).hexdigest()[:20]}"


def affinity_seconds(service: Service) -> int:
    """How long a client stays with its endpoint; 0 without session affinity."""
    if service.spec.session_affinity != "ClientIP":
        return 0
    config = service.spec.session_affinity_config
    seconds = config.client_ip.timeout_seconds if config and config.client_ip else None
    return seconds or DEFAULT_AFFINITY_SECONDS
