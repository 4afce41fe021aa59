"""What the policies of a whole cluster come down to: rules in the order in which they are asked. Pure.

The tier Admin is asked first, then NetworkPolicies, then the tier Baseline. Within a tier the lower priority comes
first, then the name; the first rule that a connection meets decides: Accept and Deny for good, Pass for its tier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from podo.api.selectors import EVERYTHING, from_object
from podo.api.types.meta_v1 import LabelSelector
from podo.client.base import Key
from podo.network.policy.cluster_kinds import (
    ADMIN,
    BASELINE,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    ClusterPolicy,
    NamespacedPod,
    OldPort,
    Peer,
    Protocol,
    RuleSpec,
)
from podo.network.policy.model import (
    NOBODY,
    BlockPeer,
    Direction,
    Labels,
    NamedPort,
    PodFacts,
    PodPeer,
    PortRange,
    Rule,
    network,
)

PROTOCOLS = ("tcp", "udp", "sctp")


class Action(StrEnum):
    """What becomes of what meets a rule."""

    ACCEPT = "Accept"
    DENY = "Deny"
    PASS = "Pass"


class ClusterRule(NamedTuple):
    """A rule of a policy; `name` is its own, or its number from 1."""

    action: Action
    rule: Rule
    policy: Key
    name: str

    def __str__(self) -> str:
        return f"rule {self.name} of {self.policy}"


@dataclass(frozen=True)
class ClusterPolicyFacts:
    """A policy. `key` has its kind in place of a namespace."""

    key: Key
    tier: str
    priority: int
    subject: PodPeer | None
    rules: Mapping[Direction, tuple[ClusterRule, ...]]
    revision: int = 0


class Tiers(NamedTuple):
    """What is asked before NetworkPolicies, and what after them."""

    admin: tuple[ClusterRule, ...] = ()
    baseline: tuple[ClusterRule, ...] = ()


NO_TIERS = Tiers()


def key_of_policy(policy: ClusterPolicy) -> Key:
    """Its place among those of all kinds."""
    return Key(policy.kind, policy.metadata.name)


def cluster_policy_facts(policy: ClusterPolicy) -> ClusterPolicyFacts:
    """What `policy` comes down to."""
    spec, key = policy.spec, key_of_policy(policy)
    tier = spec.tier if isinstance(policy, ClusterNetworkPolicy) else ADMIN
    if isinstance(policy, BaselineAdminNetworkPolicy):
        tier = BASELINE
    rules = {
        Direction.INGRESS: tuple(_rule(key, n, each, each.from_) for n, each in enumerate(spec.ingress, 1)),
        Direction.EGRESS: tuple(_rule(key, n, each, each.to) for n, each in enumerate(spec.egress, 1)),
    }
    return ClusterPolicyFacts(
        key,
        tier,
        spec.priority,
        _pods(spec.subject.namespaces, spec.subject.pods),
        rules,
        int(policy.metadata.resource_version or 0),
    )


def tiers_of(policies: Iterable[ClusterPolicyFacts], pod: PodFacts, namespace_labels: Labels) -> dict[Direction, Tiers]:
    """What is asked of the connections of `pod`, whose namespace has these labels; only directions with any rule."""
    mine = [each for each in policies if each.subject and each.subject.selects(pod, namespace_labels)]
    mine.sort(key=lambda each: (each.priority, each.key))

    def rules(tier: str, direction: Direction) -> tuple[ClusterRule, ...]:
        return tuple(rule for each in mine if each.tier == tier for rule in each.rules[direction])

    found = {each: Tiers(rules(ADMIN, each), rules(BASELINE, each)) for each in Direction}
    return {direction: tiers for direction, tiers in found.items() if any(tiers)}


def _pods(namespaces: LabelSelector | None, pods: NamespacedPod | None) -> PodPeer | None:
    if pods is not None:
        return PodPeer("", from_object(pods.namespace_selector), from_object(pods.pod_selector))
    if namespaces is not None:
        return PodPeer("", from_object(namespaces), EVERYTHING)
    return None


def _rule(key: Key, number: int, spec: RuleSpec, peers: Iterable[Peer]) -> ClusterRule:
    action = Action.ACCEPT if spec.action == "Allow" else Action(spec.action)
    name = f'"{spec.name}"' if spec.name else str(number)
    found: list[PodPeer | BlockPeer] = []
    for peer in peers:
        if meant := _peer(peer):
            found += meant
        elif action is not Action.ACCEPT:  # what is not known might be anyone: the specification has it refused
            return ClusterRule(Action.DENY, Rule(None, None), key, name)
    ports = tuple(port for each in spec.protocols for port in _ports(each))
    ports += tuple(port for each in spec.ports for port in _old_ports(each))
    said = bool(spec.protocols or spec.ports)
    return ClusterRule(action, Rule(tuple(found) or (NOBODY,), ports if said else None), key, name)


def _peer(peer: Peer) -> list[PodPeer | BlockPeer]:
    """Whom it means; nobody if that is not known."""
    if pods := _pods(peer.namespaces, peer.pods):
        return [pods]
    found: list[PodPeer | BlockPeer] = []
    for cidr in peer.networks:
        try:
            found.append(BlockPeer(str(network(cidr))))
        except ValueError:
            found.append(NOBODY)
    return found


def _ports(protocol: Protocol) -> list[NamedPort | PortRange]:
    if protocol.destination_named_port:
        return [NamedPort(each, protocol.destination_named_port) for each in PROTOCOLS]
    found: list[NamedPort | PortRange] = []
    for name, each in (("tcp", protocol.tcp), ("udp", protocol.udp), ("sctp", protocol.sctp)):
        if each is None:
            continue
        port = each.destination_port
        if port is None:
            found.append(PortRange(name))
        elif port.range is not None:
            found.append(PortRange(name, port.range.start, port.range.end))
        else:
            found.append(PortRange(name, port.number, port.number))
    return found


def _old_ports(port: OldPort) -> list[NamedPort | PortRange]:
    if port.named_port:
        return [NamedPort(each, port.named_port) for each in PROTOCOLS]
    if port.port_range is not None:
        return [PortRange(port.port_range.protocol.lower(), port.port_range.start, port.port_range.end)]
    if port.port_number is not None:
        return [PortRange(port.port_number.protocol.lower(), port.port_number.port, port.port_number.port)]
    return []
