"""What is written into the status of Gateways, their classes and routes. Pure.

A status that is right already comes out as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from podo.client.base import Key
from podo.network.gateway.definitions import CONTROLLER
from podo.network.gateway.features import FEATURES
from podo.network.gateway.findings import ACCEPTED, PARTIALLY_INVALID, PROGRAMMED, Finding, as_json, conditions
from podo.network.gateway.kinds import (
    GROUP,
    Address,
    Ancestor,
    BackendTLSPolicy,
    Feature,
    Gateway,
    GatewayClass,
    GatewayClassStatus,
    GatewayStatus,
    ListenerSet,
    ListenerSetStatus,
    ListenerStatus,
    ParentReference,
    ParentStatus,
    RouteKind,
)
from podo.network.gateway.listener_sets import SetState
from podo.network.gateway.listeners import ListenerState
from podo.network.gateway.routes import Route
from podo.network.gateway.translation import ParentFinding
from podo.network.gateway.trust import lets_strangers_in

Body = dict[str, Any]
STRANGERS = "InsecureFrontendValidationMode"


def class_status(found: GatewayClass, now: str) -> GatewayClassStatus:
    """That of a class of ours."""
    finding = Finding(ACCEPTED, True, ACCEPTED)
    if found.spec.parameters_ref is not None:
        finding = Finding(ACCEPTED, False, "InvalidParameters", "podo's classes have no parameters")
    made = conditions(found.status.conditions, [finding], generation=found.metadata.generation or 0, now=now)
    return GatewayClassStatus(conditions=made, supported_features=tuple(Feature(name=each) for each in FEATURES))


def refusal(gateway: Gateway) -> Finding | None:
    """Why a Gateway is not accepted, whatever its listeners are."""
    infrastructure = gateway.spec.infrastructure
    if infrastructure is not None and infrastructure.parameters_ref is not None:
        return Finding(ACCEPTED, False, "InvalidParameters", "podo's Gateways have no parameters")
    if wrong := [each.type for each in gateway.spec.addresses if each.type != "IPAddress"]:
        return Finding(ACCEPTED, False, "UnsupportedAddress", f"addresses of type {wrong[0]} are not supported")
    return None


def gateway_status(
    gateway: Gateway,
    states: Sequence[ListenerState],
    addresses: Sequence[str],
    now: str,
    trouble: Finding | None,
    sets: int = 0,
) -> GatewayStatus:
    """That of a Gateway at `addresses`. `trouble`: why it is not served at all, a condition Accepted or Programmed.

    `sets` is how many ListenerSets are its.
    """
    generation, before = gateway.metadata.generation or 0, gateway.status
    findings = gateway_findings(states, trouble)
    programmed = findings[1]
    if lets_strangers_in(gateway):
        words = "clients need no valid certificate"
        findings.append(Finding(STRANGERS, True, "ConfigurationChanged", words))
    listeners = _listeners(before.listeners, states, programmed, generation, now)
    return GatewayStatus(
        addresses=tuple(Address(value=each) for each in addresses),
        conditions=conditions(before.conditions, findings, generation=generation, now=now, drop=[STRANGERS]),
        listeners=listeners,
        attached_listener_sets=sets or None,
    )


def _listeners(
    before: Iterable[ListenerStatus], states: Sequence[ListenerState], programmed: Finding, generation: int, now: str
) -> tuple[ListenerStatus, ...]:
    """What is said of listeners, whose Gateway is served if `programmed` says so."""
    had = {each.name: each.conditions for each in before}
    return tuple(
        ListenerStatus(
            name=state.listener.name,
            supported_kinds=tuple(RouteKind(group=GROUP, kind=each) for each in state.kinds),
            attached_routes=state.attached,
            conditions=conditions(
                had.get(state.listener.name, ()),
                state.findings(served=programmed.met, why=programmed.message),
                generation=generation,
                now=now,
            ),
        )
        for state in states
    )


def set_status(found: ListenerSet, state: SetState, now: str, trouble: Finding | None) -> ListenerSetStatus:
    """That of a ListenerSet whose Gateway has this `trouble`."""
    generation, before = found.metadata.generation or 0, found.status
    findings = state.findings(trouble)
    return ListenerSetStatus(
        conditions=conditions(before.conditions, findings, generation=generation, now=now),
        listeners=_listeners(before.listeners, state.listeners, findings[1], generation, now),
    )


def gateway_findings(states: Sequence[ListenerState], trouble: Finding | None) -> list[Finding]:
    """The conditions Accepted and Programmed of a Gateway."""
    if trouble is not None and trouble.type == ACCEPTED:
        return [trouble, Finding(PROGRAMMED, False, "Invalid", trouble.message)]
    accepted = Finding(ACCEPTED, True, ACCEPTED)
    if refused := [each.listener.name for each in states if not each.accepted.met]:
        message = f"not valid: {', '.join(refused)}"
        accepted = Finding(ACCEPTED, len(refused) < len(states), "ListenersNotValid", message)
    if trouble is not None:
        return [accepted, trouble]
    if not any(each.programmed for each in states):
        return [accepted, Finding(PROGRAMMED, False, "Invalid", "none of the listeners can be served")]
    return [accepted, Finding(PROGRAMMED, True, PROGRAMMED)]


def route_parents(route: Route, found: Iterable[ParentFinding], now: str) -> tuple[ParentStatus, ...]:
    """What is said of a route at its parents: ours as found, those of other controllers as they are."""
    had = {each.parent_ref: each.conditions for each in route.status.parents if each.controller_name == CONTROLLER}
    ours = tuple(
        ParentStatus(
            parent_ref=each.ref,
            controller_name=CONTROLLER,
            conditions=conditions(
                had.get(each.ref, ()),
                each.findings,
                generation=route.metadata.generation or 0,
                now=now,
                drop=[PARTIALLY_INVALID],
            ),
        )
        for each in found
    )
    return (*ours, *(each for each in route.status.parents if each.controller_name != CONTROLLER))


def policy_ancestors(
    policy: BackendTLSPolicy, found: Mapping[Key, tuple[Finding, ...]], now: str
) -> tuple[Ancestor, ...]:
    """What is said of a policy at its Gateways, as with routes."""
    before = policy.status.ancestors
    had = {each.ancestor_ref: each.conditions for each in before if each.controller_name == CONTROLLER}
    ours = []
    for gateway, findings in found.items():
        ref = ParentReference(namespace=gateway.namespace, name=gateway.name)
        made = conditions(had.get(ref, ()), findings, generation=policy.metadata.generation or 0, now=now)
        ours.append(Ancestor(ancestor_ref=ref, controller_name=CONTROLLER, conditions=made))
    return (*ours, *(each for each in before if each.controller_name != CONTROLLER))


def policy_body(ancestors: Iterable[Ancestor]) -> Body:
    return {
        "ancestors": [
            {
                "ancestorRef": {"group": each.ancestor_ref.group, "kind": each.ancestor_ref.kind}
                | msgspec.to_builtins(each.ancestor_ref),
                "controllerName": each.controller_name,
                "conditions": [as_json(condition) for condition in each.conditions],
            }
            for each in ancestors
        ]
    }


def class_body(status: GatewayClassStatus) -> Body:
    return {
        "conditions": [as_json(each) for each in status.conditions],
        "supportedFeatures": [{"name": each.name} for each in status.supported_features],
    }


def gateway_body(status: GatewayStatus) -> Body:
    return {
        "addresses": [{"type": each.type, "value": each.value} for each in status.addresses],
        "conditions": [as_json(each) for each in status.conditions],
        "listeners": [_listener_body(each) for each in status.listeners],
        "attachedListenerSets": status.attached_listener_sets,
    }


def set_body(status: ListenerSetStatus) -> Body:
    return {
        "conditions": [as_json(each) for each in status.conditions],
        "listeners": [_listener_body(each) for each in status.listeners],
    }


def _listener_body(found: ListenerStatus) -> Body:
    return {
        "name": found.name,
        "supportedKinds": [{"group": kind.group, "kind": kind.kind} for kind in found.supported_kinds],
        "attachedRoutes": found.attached_routes,
        "conditions": [as_json(each) for each in found.conditions],
    }


def route_body(parents: Iterable[ParentStatus]) -> Body:
    return {
        "parents": [
            {
                "parentRef": {"group": each.parent_ref.group, "kind": each.parent_ref.kind}
                | msgspec.to_builtins(each.parent_ref),
                "controllerName": each.controller_name,
                "conditions": [as_json(condition) for condition in each.conditions],
            }
            for each in parents
        ]
    }
