"""What Gateways and their routes mean: a plan for haproxy, and what is said of each object. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from podo.api.types.core_v1 import ConfigMap, Secret, Service
from podo.client.base import Key, key_of
from podo.network.gateway.attachment import Attachment, Labels, attach, parent_of
from podo.network.gateway.backend_tls import BackendPolicies
from podo.network.gateway.destinations import Leading
from podo.network.gateway.findings import ACCEPTED, PARTIALLY_INVALID, Finding
from podo.network.gateway.grants import Grants
from podo.network.gateway.hostnames import specificity
from podo.network.gateway.kinds import BackendTLSPolicy, Gateway, ListenerSet, ParentReference, ReferenceGrant
from podo.network.gateway.listener_sets import SetState, gateway_of, in_order, takes
from podo.network.gateway.listeners import ListenerState, Owner, Sources, listener_states, set_states
from podo.network.gateway.matching import Match, Rank, Unsupported, grpc_matches, http_matches
from podo.network.gateway.plan import Bound, Door, Plan, Rule, Share
from podo.network.gateway.routes import GRPCRule, HTTPRule, PlainRule, Route


@dataclass(frozen=True)
class Cluster:
    """What there is. `gateways` are those of podo's classes."""

    gateways: Sequence[Gateway]
    routes: Iterable[Route]
    grants: Iterable[ReferenceGrant]
    service: Callable[[Key], Service | None]
    secret: Callable[[Key], Secret | None]
    labels: Labels
    config_map: Callable[[Key], ConfigMap | None] = lambda key: None
    policies: Iterable[BackendTLSPolicy] = ()
    sets: Iterable[ListenerSet] = ()


class RouteKey(NamedTuple):
    kind: str
    key: Key


class ParentFinding(NamedTuple):
    """What is said of a route at one of its parents."""

    ref: ParentReference
    findings: tuple[Finding, ...]


@dataclass
class Outcome:
    """`listeners` of each Gateway, `sets` of listeners for them, `parents` of each route that names one of these.

    `policies` are what is said of each BackendTLSPolicy at the Gateways that it is for.
    """

    plan: Plan = field(default_factory=Plan)
    listeners: dict[Key, list[ListenerState]] = field(default_factory=dict)
    sets: dict[Key, SetState] = field(default_factory=dict)
    parents: dict[RouteKey, list[ParentFinding]] = field(default_factory=dict)
    policies: dict[Key, dict[Key, tuple[Finding, ...]]] = field(default_factory=dict)

    def all_listeners(self, gateway: Key) -> list[ListenerState]:
        """Those of a Gateway, and of its sets."""
        sets = (each for each in self.sets.values() if each.gateway == gateway)
        return [*self.listeners[gateway], *(listener for each in sets for listener in each.listeners)]

    def of_parent(self, parent: Owner) -> tuple[Key, list[ListenerState]] | None:
        """(the Gateway, the listeners) that a route gets by naming `parent`; None if that is not ours."""
        if parent.kind == "ListenerSet":
            found = self.sets.get(parent.key)
            return (found.gateway, found.listeners) if found else None
        return (parent.key, self.listeners[parent.key]) if parent.key in self.listeners else None


class _Ranked(NamedTuple):
    """A rule before it is sorted in among the others of its listener."""

    rank: tuple[tuple[int, int], Rank, str, Key, int, int]
    rule: Rule


def translate(cluster: Cluster, addresses: Mapping[Key, str]) -> Outcome:
    """The outcome, with a door for each port of a Gateway that has an address."""
    translator = _Translator(cluster)
    for route in cluster.routes:
        translator.route(route)
    return translator.outcome(addresses)


class _Translator:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._grants = cluster, Grants(cluster.grants)
        self._found, self._policies = Outcome(), BackendPolicies(cluster.policies, cluster.config_map)
        self._used: dict[Key, set[Key]] = {}  # the Gateways that have a Service behind them
        for each in cluster.gateways:
            states = listener_states(each, self._grants, cluster.secret, cluster.config_map)
            self._found.listeners[key_of(each)] = states
        self._add_sets()
        self._ranked: dict[tuple[Owner, str], list[_Ranked]] = {}

    def _add_sets(self) -> None:
        cluster, gateways = self._cluster, {key_of(each): each for each in self._cluster.gateways}
        sources = Sources(self._grants, cluster.secret, cluster.config_map)
        for found in in_order(cluster.sets):
            key = gateway_of(found)
            if key is None or (gateway := gateways.get(key)) is None:
                continue
            state = SetState(key, takes(gateway, found.metadata.namespace, cluster.labels))
            if state.allowed:
                state.listeners = set_states(gateway, found, self._found.all_listeners(key), sources)
            self._found.sets[key_of(found)] = state

    def route(self, route: Route) -> None:
        """Attach a route to its listeners, and say how that went."""
        for ref in dict.fromkeys(route.spec.parent_refs):
            parent = parent_of(ref, route.metadata.namespace)
            if parent is None or (found := self._found.of_parent(parent)) is None:
                continue
            gateway, states = found
            attached, accepted = attach(route, ref, states, self._cluster.labels)
            leading = Leading(route, self._grants, self._cluster.service, self._policies)
            rules, refused = _rules(route, leading)
            for service in leading.services:
                self._used.setdefault(service, set()).add(gateway)
            findings = [accepted, leading.resolved()]
            if refused and accepted.met:
                partly = any(rules)
                reason = Finding(ACCEPTED, True, ACCEPTED) if partly else Finding(ACCEPTED, False, *refused)
                findings[0] = reason
                if partly:
                    message = f"Dropped Rule: {refused[1]}"
                    findings.append(Finding(PARTIALLY_INVALID, True, refused[0], message))
            for each in attached:
                each.state.attached += 1
                self._rank(route, each, rules)
            places = self._found.parents.setdefault(RouteKey(route.kind, key_of(route)), [])
            places.append(ParentFinding(ref, tuple(findings)))

    def _rank(self, route: Route, attachment: Attachment, rules: "list[list[_Led]]") -> None:
        age = str(route.metadata.creation_timestamp or "")
        state = attachment.state
        place = self._ranked.setdefault((state.owner, state.listener.name), [])
        for host in attachment.hosts:
            for number, alternatives in enumerate(rules):
                for at, (match, shares) in enumerate(alternatives):
                    rule = Rule(host, match.path, match.method, match.headers, match.query, shares)
                    rank = (specificity(host), match.rank, age, key_of(route), number, at)
                    place.append(_Ranked(rank, rule))

    def outcome(self, addresses: Mapping[Key, str]) -> Outcome:
        for gateway in self._found.listeners:
            doors: dict[int, list[Bound]] = {}
            for state in self._found.all_listeners(gateway):
                if state.programmed:
                    ranked = self._ranked.get((state.owner, state.listener.name), [])
                    state.bound.rules = [each.rule for each in sorted(ranked, key=lambda each: each.rank)]
                    doors.setdefault(state.listener.port, []).append(state.bound)
            if address := addresses.get(gateway):
                self._found.plan.doors += [Door(gateway, address, port, doors[port]) for port in sorted(doors)]
        self._found.policies = self._policies.ancestors(self._used)
        return self._found


class _Led(NamedTuple):
    match: Match
    shares: tuple[Share, ...]


def _rules(route: Route, leading: Leading) -> tuple[list[list[_Led]], tuple[str, str] | None]:
    """(the alternatives of each rule, the reason and words why some rules were dropped)."""
    rules: list[list[_Led]] = []
    refused = None
    for rule in route.spec.rules:
        try:
            rules.append(list(_alternatives(route, rule, leading)))
        except Unsupported as error:
            rules.append([])
            refused = refused or ("UnsupportedValue", str(error))
    return rules, refused


def _alternatives(route: Route, rule: HTTPRule | GRPCRule | PlainRule, leading: Leading) -> Iterable[_Led]:
    if isinstance(rule, HTTPRule):
        return [_Led(match, leading.shares(rule, match.path)) for match in http_matches(rule)]
    if isinstance(rule, GRPCRule):
        return [_Led(match, leading.shares(rule, match.path)) for match in grpc_matches(rule)]
    assert isinstance(rule, PlainRule)
    return [_Led(Match(()), leading.plain(rule))]
