"""What NetworkPolicies and Pods come down to: facts that can be compared, hashed and shared. Pure.

The semantics are those of networking.k8s.io/v1: policies only add up; a Pod that some policy selects for a direction
lets pass in that direction what one of those policies allows, and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import NamedTuple

from podo.api.selectors import EVERYTHING, LabelSelector, Nothing, from_object
from podo.api.types.core_v1 import Pod
from podo.api.types.networking_v1 import IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort
from podo.client.base import Key, key_of

Selector = LabelSelector | Nothing
Labels = Mapping[str, str]


class Direction(StrEnum):
    """Seen from the selected Pod."""

    INGRESS = "Ingress"
    EGRESS = "Egress"


class NamedPort(NamedTuple):
    """A container port by name; what number that is depends on the Pod that listens."""

    protocol: str  # tcp, udp, sctp
    name: str


class PortRange(NamedTuple):
    """Ports of a protocol, both ends included. 0 to 65535 is every packet of the protocol."""

    protocol: str
    first: int = 0
    last: int = 65535


class PodPeer(NamedTuple):
    """Pods of `namespace`, or of all namespaces that `namespaces` selects."""

    namespace: str
    namespaces: Selector | None
    pods: Selector

    def selects(self, pod: "PodFacts", namespace_labels: Labels) -> bool:
        """Whether it means `pod`, whose namespace has these labels. Pods with the node's network are never meant."""
        if not pod.reachable or not self.pods.matches(pod.labels):
            return False
        return (
            self.namespace == pod.key.namespace
            if self.namespaces is None
            else self.namespaces.matches(namespace_labels)
        )


class BlockPeer(NamedTuple):
    """Addresses of a CIDR, without those of other CIDRs within it."""

    cidr: str
    excepted: tuple[str, ...] = ()


NOBODY = BlockPeer("0.0.0.0/32")
"""What a block means that is none: no packet is from or to there."""


@dataclass(frozen=True)
class Rule:
    """Packets that pass: to or from any of `peers` (None: anyone), at any of `ports` (None: all protocols)."""

    peers: tuple[PodPeer | BlockPeer, ...] | None
    ports: tuple[NamedPort | PortRange, ...] | None


@dataclass(frozen=True)
class PolicyFacts:
    """A NetworkPolicy. `rules` has the directions that it isolates its Pods in."""

    key: Key
    pods: Selector
    rules: Mapping[Direction, tuple[Rule, ...]]
    revision: int = 0


@dataclass(frozen=True)
class PodFacts:
    """What matters of a Pod. `reachable`: it has addresses of its own, and has not ended."""

    key: Key
    labels: Labels
    addresses: tuple[str, ...]
    ports: frozenset[tuple[NamedPort, int]]
    reachable: bool


def policy_facts(policy: NetworkPolicy) -> PolicyFacts:
    """What `policy` comes down to."""
    spec, key = policy.spec, key_of(policy)
    types = spec.policy_types or (Direction.INGRESS, *([Direction.EGRESS] if spec.egress else []))
    rules = {}
    if Direction.INGRESS in types:
        rules[Direction.INGRESS] = tuple(_rule(key, each.from_, each.ports) for each in spec.ingress)
    if Direction.EGRESS in types:
        rules[Direction.EGRESS] = tuple(_rule(key, each.to, each.ports) for each in spec.egress)
    selector = from_object(spec.pod_selector) if spec.pod_selector else EVERYTHING
    return PolicyFacts(key, selector, rules, int(policy.metadata.resource_version or 0))


def _rule(key: Key, peers: Iterable[NetworkPolicyPeer], ports: Iterable[NetworkPolicyPort]) -> Rule:
    return Rule(tuple(_peer(key, each) for each in peers) or None, tuple(_port(each) for each in ports) or None)


def _peer(key: Key, peer: NetworkPolicyPeer) -> PodPeer | BlockPeer:
    if peer.ip_block is not None:
        return _block(peer.ip_block)
    namespaces = from_object(peer.namespace_selector) if peer.namespace_selector is not None else None
    pods = from_object(peer.pod_selector) if peer.pod_selector is not None else EVERYTHING
    return PodPeer(key.namespace if namespaces is None else "", namespaces, pods)


def _block(block: IPBlock) -> BlockPeer:
    try:
        cidr, networks = network(block.cidr), [network(text) for text in block.except_]
    except ValueError:
        return NOBODY
    four = [each for each in networks if isinstance(each, IPv4Network)]
    six = [each for each in networks if isinstance(each, IPv6Network)]
    excepted = collapse_addresses(four) if cidr.version == 4 else collapse_addresses(six)
    return BlockPeer(str(cidr), tuple(str(each) for each in excepted))


def network(text: str) -> IPv4Network | IPv6Network:
    """The network of a CIDR as old objects may have it: with host bits, with zeros in front. Raises ValueError."""
    address, _, bits = text.partition("/")
    if ":" not in address:
        address = ".".join(str(int(each)) for each in address.split("."))
    return ip_network(f"{address}/{bits}", strict=False)


def _port(port: NetworkPolicyPort) -> NamedPort | PortRange:
    protocol = (port.protocol or "TCP").lower()
    if isinstance(port.port, str):
        return NamedPort(protocol, port.port)
    if port.port is None:
        return PortRange(protocol)
    return PortRange(protocol, port.port, port.end_port or port.port)


def pod_facts(pod: Pod) -> PodFacts:
    """What matters of `pod`."""
    status, spec = pod.status, pod.spec
    addresses = tuple(each.ip for each in status.pod_ips if each.ip) or ((status.pod_ip,) if status.pod_ip else ())
    ended = status.phase in ("Succeeded", "Failed")
    containers = (*spec.containers, *spec.init_containers)
    ports = frozenset(
        (NamedPort((port.protocol or "TCP").lower(), port.name), port.container_port or 0)
        for container in containers
        for port in container.ports
        if port.name
    )
    return PodFacts(key_of(pod), pod.metadata.labels, addresses, ports, not spec.host_network and not ended)


def selecting(policies: Iterable[PolicyFacts], pod: PodFacts, direction: Direction) -> list[PolicyFacts]:
    """The policies that isolate `pod` in a direction, in the order of their names."""
    found = (
        each
        for each in policies
        if each.key.namespace == pod.key.namespace and direction in each.rules and each.pods.matches(pod.labels)
    )
    return sorted(found, key=lambda each: each.key)
