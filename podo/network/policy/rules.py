"""What policies are in nftables. Pure.

A Pod that is isolated in a direction has an element in that direction's map, from its link's name to a chain. A
chain's name is the digest of its rules, so Pods for which the same holds share it, and a change of policy is a new
chain and one changed element, in one transaction: there is no moment at which neither holds. Peers are sets of
addresses, shared by all rules that name the same Pods, so a Pod that comes or goes is an element in each.
(docs/adr/0113)

The policies of the whole cluster are rules of the same chain, before and after those of NetworkPolicies; what a rule
passes on to the next tier goes to a chain of its own, which has the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from podo.network.config import NetworkConfig, of_family
from podo.network.names import POD_LINKS, table_name
from podo.network.policy.model import BlockPeer, Direction, NamedPort, PodFacts, PodPeer, PolicyFacts, PortRange, Rule
from podo.network.policy.tiers import NO_TIERS, Action, ClusterRule, Tiers
from podo.network.ruleset import Fragment, Item, ItemKind

_WORDS = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}


class MemberSet(NamedTuple):
    """A set of the addresses of all Pods that `peer` means (None: any Pod); with `port`, each with its number."""

    peer: PodPeer | None
    port: NamedPort | None = None

    def name(self, version: int) -> str:
        """Its name, for the addresses of one IP version."""
        return f"{'ports' if self.port else 'peers'}-{_digest(repr(self))}-{version}"


@dataclass
class Chains:
    """What a Pod wants in the table, and the sets that this refers to."""

    fragment: Fragment = field(default_factory=Fragment)
    sets: frozenset[MemberSet] = frozenset()


def policy_table(config: NetworkConfig) -> str:
    """The cluster's table for policies, of both families."""
    return f"inet {table_name(config.cluster)}"


def fresh_table(config: NetworkConfig) -> list[str]:
    """Commands that replace whatever the table holds by its fixed part.

    Only what a node forwards passes it: what the node itself sends to its Pods (probes) and gets from them is always
    allowed, and so is what a Pod sends to itself. Services have chosen an endpoint by then.
    """
    table = policy_table(config)
    return [
        f"add table {table}",
        f"delete table {table}",
        f"table {table} {{",
        "map egress { type ifname : verdict; }",
        "map ingress { type ifname : verdict; }",
        "chain forward { type filter hook forward priority filter - 10;",
        "ct state established,related accept",
        f'iifname "{POD_LINKS}" fib daddr . iif oif exists accept',
        "iifname vmap @egress",
        "oifname vmap @ingress",
        "}",
        "}",
    ]


def pod_chains(
    pod: PodFacts,
    link: str,
    policies: dict[Direction, list[PolicyFacts]],
    versions: Sequence[int],
    cluster: Mapping[Direction, Tiers] | None = None,
) -> Chains:
    """What isolates `pod`, whose link on this node is `link`; nothing in a direction that no policy has.

    `policies` are those of its namespace that select it, `cluster` what the whole cluster's say of it.
    """
    items: dict[Item, str] = {}
    sets: set[MemberSet] = set()
    for direction, selecting in policies.items():
        writer = _Writer(direction, pod, versions)
        admin, baseline = (cluster or {}).get(direction, NO_TIERS)
        rest, onward = writer.namespaced(selecting) if selecting else writer.tier(baseline, "return"), "return"
        if rest and any(each.action is Action.PASS for each in admin):
            onward = f"goto {_enter(items, direction, rest)}"
            rest = [onward]
        rest = [*writer.tier(admin, onward), *rest]
        if rest:
            chain = _enter(items, direction, rest)
            items[Item(ItemKind.ELEMENT, direction.lower(), f'"{link}"')] = f"jump {chain}"
            sets |= writer.sets
    return Chains(Fragment(items), frozenset(sets))


def _enter(items: dict[Item, str], direction: Direction, lines: Iterable[str]) -> str:
    """Make a chain of `lines`; its name."""
    content = "\n".join(dict.fromkeys(lines))
    chain = f"{direction.lower()}-{_digest(content)}"
    items[Item(ItemKind.CHAIN, chain)] = content
    return chain


def set_fragment(wanted: MemberSet, versions: Iterable[int]) -> Fragment:
    """The sets themselves, still without members."""
    kind = " . inet_service" if wanted.port else ""
    return Fragment({Item(ItemKind.SET, wanted.name(v), "set"): f"type {_WORDS[v][1]}{kind};" for v in versions})


def member_fragment(wanted: MemberSet, pod: PodFacts, versions: Iterable[int]) -> Fragment:
    """The elements that a Pod is in the sets: its addresses, with each number that the port has there."""
    numbers = [f" . {number}" for port, number in sorted(pod.ports) if port == wanted.port] if wanted.port else [""]
    return Fragment(
        {
            Item(ItemKind.ELEMENT, wanted.name(version), f"{address}{number}"): ""
            for version in versions
            for address in of_family(pod.addresses, version)
            for number in numbers
        }
    )


class _Writer:
    """Writes the rules of one direction of a Pod."""

    def __init__(self, direction: Direction, pod: PodFacts, versions: Sequence[int]) -> None:
        self.sets: set[MemberSet] = set()
        self._pod, self._versions, self._egress = pod, versions, direction is Direction.EGRESS
        self._direction = direction
        self._side = "daddr" if self._egress else "saddr"

    def namespaced(self, policies: Iterable[PolicyFacts]) -> list[str]:
        """The rules of NetworkPolicies, and that nothing else passes."""
        return [
            *(line for each in policies for rule in each.rules[self._direction] for line in self.lines(rule)),
            "drop",
        ]

    def tier(self, rules: Iterable[ClusterRule], onward: str) -> list[str]:
        """The rules of a tier; `onward` is the way to the next one."""
        verdicts = {Action.ACCEPT: "return", Action.DENY: "drop", Action.PASS: onward}
        return [line for each in rules for line in self.lines(each.rule, verdicts[each.action])]

    def lines(self, rule: Rule, verdict: str = "return") -> list[str]:
        """nft's rules for one rule: "return" leaves the chain, which lets the packet pass."""
        peers: Iterable[PodPeer | BlockPeer | None] = (None,) if rule.peers is None else rule.peers
        matches = [match for peer in peers for match in self._matches(peer, rule.ports)]
        return [" ".join(part for part in (*match, verdict) if part) for match in matches]

    def _matches(
        self, peer: PodPeer | BlockPeer | None, ports: tuple[NamedPort | PortRange, ...] | None
    ) -> Iterable[tuple[str, ...]]:
        numbers = [each for each in ports or () if isinstance(each, PortRange)]
        named = [each for each in ports or () if isinstance(each, NamedPort)]
        if not self._egress:  # the Pod itself listens, so its names are known
            numbers += [PortRange(p.protocol, n, n) for p, n in sorted(self._pod.ports) if p in named]
        elif named:
            yield from (match for port in named for match in self._at_named_port(peer, port))
        addresses = self._addresses(peer)
        for port_match in [""] if ports is None else port_matches(numbers):
            yield from ((address, port_match) for address in addresses)

    def _addresses(self, peer: PodPeer | BlockPeer | None) -> list[str]:
        if peer is None:
            return [""]
        if isinstance(peer, BlockPeer):
            return [self._block(peer)] if _version(peer.cidr) in self._versions else []
        wanted = MemberSet(peer)
        self.sets.add(wanted)
        return [f"{_WORDS[v][0]} {self._side} @{wanted.name(v)}" for v in self._versions]

    def _at_named_port(self, peer: PodPeer | BlockPeer | None, port: NamedPort) -> Iterable[tuple[str, ...]]:
        wanted = MemberSet(peer if isinstance(peer, PodPeer) else None, port)
        self.sets.add(wanted)
        block = peer if isinstance(peer, BlockPeer) else None
        for version in self._versions:
            if block is None or _version(block.cidr) == version:
                match = f"{_WORDS[version][0]} daddr . {port.protocol} dport @{wanted.name(version)}"
                yield (self._block(block) if block else "", match)

    def _block(self, peer: BlockPeer) -> str:
        match = f"{_WORDS[_version(peer.cidr)][0]} {self._side}"
        excepted = f" {match} != {{ {', '.join(peer.excepted)} }}" if peer.excepted else ""
        return f"{match} {peer.cidr}{excepted}"


def port_matches(ports: Iterable[PortRange]) -> list[str]:
    """Matches for all of the ports, one a protocol. Ranges that overlap or touch become one."""
    by_protocol: dict[str, list[tuple[int, int]]] = {}
    for port in sorted(ports):
        ranges = by_protocol.setdefault(port.protocol, [])
        if ranges and port.first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(port.last, ranges[-1][1]))
        else:
            ranges.append((port.first, port.last))
    matches = []
    for protocol, ranges in by_protocol.items():
        if ranges == [(0, 65535)]:
            matches.append(f"meta l4proto {protocol}")
        else:
            texts = (str(first) if first == last else f"{first}-{last}" for first, last in ranges)
            matches.append(f"{protocol} dport {{ {', '.join(texts)} }}")
    return matches


def _version(text: str) -> int:
    return 6 if ":" in text else 4


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
