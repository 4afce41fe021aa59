"""Which policy and which rule lets a connection pass or not, in words. Pure: what `podo network why` says."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from podo.client.base import Key
from podo.network.policy.model import (
    BlockPeer,
    Direction,
    Labels,
    NamedPort,
    PodFacts,
    PodPeer,
    PolicyFacts,
    PortRange,
    Rule,
    selecting,
)
from podo.network.policy.tiers import NO_TIERS, Action, ClusterPolicyFacts, ClusterRule, Tiers, tiers_of


class End(NamedTuple):
    """One end of a connection: an address, and the Pod that has it, if one does."""

    address: str
    pod: PodFacts | None = None

    def __str__(self) -> str:
        return str(self.pod.key) if self.pod else self.address


class Finding(NamedTuple):
    """What holds in one direction. `rule` is the number (from 1) of the rule of `policy` that allows it.

    `cluster` is the rule of a whole cluster's policy that decides, if one does.
    """

    direction: Direction
    allowed: bool
    isolating: tuple[Key, ...] = ()
    policy: Key | None = None
    rule: int = 0
    cluster: ClusterRule | None = None

    def words(self, who: str) -> str:
        """The reason, for people; `who` is the end that is isolated or not."""
        direction = self.direction.lower()
        if self.cluster is not None:
            return f"{self.cluster} {'allows' if self.allowed else 'refuses'} it"
        if not self.isolating:
            return f"no policy isolates {who} for {direction}"
        names = ", ".join(map(str, self.isolating))
        if self.policy is None:
            return f"{names} isolates {who} for {direction}, and has no rule that allows this"
        return f"rule {self.rule} of {self.policy} allows it"


def decide(
    policies: Iterable[PolicyFacts],
    namespaces: Mapping[str, Labels],
    *,
    source: End,
    target: End,
    protocol: str,
    port: int,
    cluster: Iterable[ClusterPolicyFacts] = (),
) -> tuple[Finding, Finding]:
    """(egress, ingress): the connection passes if both allow it. `protocol` is tcp, udp or sctp."""
    known, clusters = list(policies), list(cluster)
    listening = target.pod.ports if target.pod else frozenset()
    names = {named for named, number in listening if number == port and named.protocol == protocol}

    def first(rules: Iterable[ClusterRule], peer: End) -> ClusterRule | None:
        met = (r for r in rules if _is_peer(r.rule, peer, namespaces) and _is_port(r.rule, protocol, port, names))
        return next(met, None)

    def look(direction: Direction, isolated: End, peer: End) -> Finding:
        if isolated.address == peer.address:
            return Finding(direction, True)
        admin, baseline = _tiers(clusters, isolated, direction, namespaces)
        if (found := first(admin, peer)) and found.action is not Action.PASS:
            return Finding(direction, found.action is Action.ACCEPT, cluster=found)
        isolating = _isolating(known, isolated, direction)
        if not isolating:
            found = first(baseline, peer)
            return Finding(direction, found is None or found.action is not Action.DENY, cluster=found)
        keys = tuple(each.key for each in isolating)
        for policy in isolating:
            for number, rule in enumerate(policy.rules[direction], 1):
                if _is_peer(rule, peer, namespaces) and _is_port(rule, protocol, port, names):
                    return Finding(direction, True, keys, policy.key, number)
        return Finding(direction, False, keys)

    return look(Direction.EGRESS, source, target), look(Direction.INGRESS, target, source)


def _tiers(
    policies: list[ClusterPolicyFacts], end: End, direction: Direction, namespaces: Mapping[str, Labels]
) -> Tiers:
    if end.pod is None:
        return NO_TIERS
    return tiers_of(policies, end.pod, namespaces.get(end.pod.key.namespace, {})).get(direction, NO_TIERS)


def _isolating(policies: list[PolicyFacts], end: End, direction: Direction) -> list[PolicyFacts]:
    return selecting(policies, end.pod, direction) if end.pod and end.pod.reachable else []


def _is_peer(rule: Rule, end: End, namespaces: Mapping[str, Labels]) -> bool:
    if rule.peers is None:
        return True
    return any(_matches(peer, end, namespaces) for peer in rule.peers)


def _matches(peer: PodPeer | BlockPeer, end: End, namespaces: Mapping[str, Labels]) -> bool:
    if isinstance(peer, PodPeer):
        return end.pod is not None and peer.selects(end.pod, namespaces.get(end.pod.key.namespace, {}))
    address = ip_address(end.address)
    return address in ip_network(peer.cidr) and not any(address in ip_network(each) for each in peer.excepted)


def _is_port(rule: Rule, protocol: str, port: int, names: set[NamedPort]) -> bool:
    if rule.ports is None:
        return True
    for each in rule.ports:
        if isinstance(each, PortRange):
            if each.protocol == protocol and each.first <= port <= each.last:
                return True
        elif each in names:
            return True
    return False
