"""The fixed part of podo's nftables table: base chains, and the empty maps that Services fill. Pure.

A new connection costs one lookup in `services`, whose verdict leads to the chain for that many endpoints; there it
draws a number, and costs one more lookup in the map of all endpoints with that number (docs/adr/0030). So it is the
same however many Services and endpoints there are. Packets of known connections pass no rule here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from podo.network.config import NetworkConfig, of_family
from podo.network.names import POD_LINKS, table_name

MASQUERADE_MARK = 0x0040_0000


class Family(NamedTuple):
    """An IP version in nft's words."""

    version: int
    word: str  # the table's family, and the protocol of `saddr` and `daddr`
    address: str  # the data type
    icmp: str
    loopback: str

    def table(self, config: NetworkConfig) -> str:
        """The cluster's table of this family."""
        return f"{self.word} {table_name(config.cluster)}"


IPV4 = Family(4, "ip", "ipv4_addr", "icmp", "127.0.0.0/8")
IPV6 = Family(6, "ip6", "ipv6_addr", "icmpv6", "::1/128")


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """Where a proxy runs. `node` "" is the host, which is no node but through which all local nodes are reached.

    `node_addresses` are the addresses or CIDRs of this namespace on which node ports and host ports are open.
    """

    config: NetworkConfig
    node: str
    node_addresses: tuple[str, ...]
    masquerade_egress: bool = True

    @property
    def families(self) -> tuple[Family, ...]:
        """The families that the cluster uses."""
        return tuple(each for each in (IPV4, IPV6) if of_family(self.config.ranges, each.version))


class Target(NamedTuple):
    """Two ways to name a port: by address (cluster IPs and the like), or by number alone (node ports)."""

    prefix: str
    key: str  # what is looked up
    type: str  # its type


def by_address(family: Family) -> Target:
    """A port of an address that belongs to one Service."""
    key = f"{family.word} daddr . meta l4proto . th dport"
    return Target("", key, f"{family.address} . inet_proto . inet_service")


BY_NODE_PORT = Target("node-", "meta l4proto . th dport", "inet_proto . inet_service")
TRANSPORTS = "meta l4proto { tcp, udp, sctp }"
MARK = f"meta mark set meta mark or {MASQUERADE_MARK:#x}"


def fresh_table(settings: ProxySettings, family: Family) -> list[str]:
    """Commands that replace whatever the table holds by its fixed part."""
    table = family.table(settings.config)
    lines = [*_maps(family), *_nat(settings, family), *_refusal(settings, family)]
    return [f"add table {table}", f"delete table {table}", f"table {table} {{", *lines, "}"]


def dropped_table(config: NetworkConfig, family: Family) -> list[str]:
    """Commands after which there is no such table."""
    table = family.table(config)
    return [f"add table {table}", f"delete table {table}"]


def _maps(family: Family) -> list[str]:
    service, node_port = by_address(family).type, BY_NODE_PORT.type
    backend = f"{family.address} . inet_service"
    return [
        f"map services {{ type {service} : verdict; }}",
        f"map node-ports {{ type {node_port} : verdict; }}",
        f"map host-ports {{ type {node_port} : {backend}; }}",
        f"map address-host-ports {{ type {service} : {backend}; }}",
        f"map no-endpoints {{ type {service} : verdict; }}",
        f"map no-endpoint-node-ports {{ type {node_port} : verdict; }}",
        f"set service-addresses {{ type {family.address}; }}",
    ]


def _nat(settings: ProxySettings, family: Family) -> list[str]:
    config, ip = settings.config, family.word
    ours = _set(of_family(config.ranges, family.version))
    services = _set(of_family(config.service_ranges, family.version))
    inside = of_family(config.pod_ranges + config.node_ranges, family.version)
    sources = of_family(config.pod_ranges, family.version) if settings.node else inside
    node_addresses = of_family(settings.node_addresses, family.version)
    at_node = f"{ip} daddr {_set(node_addresses)}" if node_addresses else ""
    bits = f"meta mark and {MASQUERADE_MARK:#x}"
    egress = f"{ip} saddr {_set(sources)} {ip} daddr != {ours} masquerade"
    return [
        "chain at-node {",
        f"{TRANSPORTS} dnat {ip} to meta l4proto . th dport map @host-ports",
        "meta l4proto . th dport vmap @node-ports",
        "}",
        "chain balance {",
        f"{ip} daddr {services} {ip} saddr != {_set(inside)} {MARK}",
        f"{ip} daddr . meta l4proto . th dport vmap @services",
        f"{TRANSPORTS} dnat {ip} to {ip} daddr . meta l4proto . th dport map @address-host-ports",
        *([f"{at_node} jump at-node"] if at_node else []),
        "}",
        "chain prerouting { type nat hook prerouting priority dstnat; jump balance; }",
        "chain output { type nat hook output priority -100; jump balance; }",
        "chain postrouting { type nat hook postrouting priority srcnat;",
        f"{bits} == {MASQUERADE_MARK:#x} meta mark set meta mark xor {MASQUERADE_MARK:#x} masquerade",
        *([egress] if settings.masquerade_egress and sources else []),
        "}",
    ]


def _refusal(settings: ProxySettings, family: Family) -> list[str]:
    config, ip = settings.config, family.word
    services = _set(of_family(config.service_ranges, family.version))
    but_dns = "".join(f" {ip} daddr != {each}" for each in of_family((config.dns_address,), family.version))
    node_addresses = of_family(settings.node_addresses, family.version)
    at_node = f"{ip} daddr {_set(node_addresses)} meta l4proto . th dport vmap @no-endpoint-node-ports"
    unreachable = "host-unreachable" if family.version == 4 else "addr-unreachable"
    guard = f'iifname "{config.bridge}" {ip} daddr {family.loopback} drop'
    # That a Pod is balanced to itself was decided a moment ago, by elements that may be gone by now: so this asks the
    # route, not the endpoints. A connection that is not masqueraded here would be lost for good.
    hairpin = f'iifname "{POD_LINKS}" ct state new ct status dnat fib daddr . iif oif exists {MARK};'
    # What fits no connection is not rewritten: the client would reset its connection at a packet from an endpoint.
    forward = f"ct state invalid drop; ct state new jump unserved; {hairpin}"
    return [
        f"chain refuse {{ reject with {family.icmp} type port-unreachable; }}",
        "chain unserved {",
        f"{ip} daddr . meta l4proto . th dport vmap @no-endpoints",
        *([at_node] if node_addresses else []),
        f"{ip} daddr @service-addresses goto refuse",
        f"{ip} daddr {services}{but_dns} reject with {family.icmp} type {unreachable}",
        "}",
        "chain input { type filter hook input priority filter; ct state new jump unserved; }",
        f"chain forward {{ type filter hook forward priority filter; {forward} }}",
        "chain output-filter { type filter hook output priority filter; ct state new jump unserved; }",
        # node ports on loopback need route_localnet on the bridge: so nothing that comes from there may reach loopback
        *([f"chain guard {{ type filter hook prerouting priority raw; {guard}; }}"] if not settings.node else []),
    ]


def _set(members: Iterable[str]) -> str:
    return "{ " + ", ".join(members) + " }"
