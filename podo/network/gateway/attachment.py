"""Which listeners a route attaches to, or why to none. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from podo.api.selectors import from_object
from podo.client.base import Key
from podo.network.gateway.findings import ACCEPTED, Finding
from podo.network.gateway.hostnames import intersection
from podo.network.gateway.kinds import GROUP, Listener, ParentReference
from podo.network.gateway.listeners import ListenerState, Owner
from podo.network.gateway.plan import TCP
from podo.network.gateway.routes import Route

Labels = Callable[[str], Mapping[str, str] | None]
"""The labels of a namespace, None if it does not exist."""


class Attachment(NamedTuple):
    """A listener that has the route, and the hostnames that it has it for."""

    state: ListenerState
    hosts: tuple[str, ...]


def parent_of(ref: ParentReference, namespace: str) -> Owner | None:
    """What an object of `namespace` names as its parent, None if that can have no listeners."""
    if ref.group != GROUP or ref.kind not in ("Gateway", "ListenerSet"):
        return None
    return Owner(ref.kind, Key(ref.namespace or namespace, ref.name))


def attach(
    route: Route, ref: ParentReference, states: Sequence[ListenerState], labels: Labels
) -> tuple[list[Attachment], Finding]:
    """(the listeners among `states` that `route` attaches to by `ref`, the condition Accepted)."""
    named = [s for s in states if ref.section_name in ("", s.listener.name) and ref.port in (None, s.listener.port)]
    if not named:
        return [], Finding(ACCEPTED, False, "NoMatchingParent", "the Gateway has no such listener")
    namespace = route.metadata.namespace
    allowed = [s for s in named if route.kind in s.kinds and _admits(s.listener, s.owner.key, namespace, labels)]
    if not allowed:
        message = "no listener allows routes of this kind from this namespace"
        return [], Finding(ACCEPTED, False, "NotAllowedByListeners", message)
    found = [Attachment(state, tuple(_hosts(state.listener, route.spec.hostnames))) for state in allowed]
    if not (met := [each for each in found if each.hosts]):
        return [], Finding(ACCEPTED, False, "NoMatchingListenerHostname", "no listener has one of the hostnames")
    return met, Finding(ACCEPTED, True, ACCEPTED)


def _hosts(listener: Listener, wanted: Iterable[str]) -> list[str]:
    return [""] if listener.protocol == TCP else intersection(listener.hostname, wanted)


def _admits(listener: Listener, owner: Key, namespace: str, labels: Labels) -> bool:
    """Whether routes of `namespace` may attach."""
    rule = listener.allowed_routes.namespaces
    if rule.from_ == "All":
        return True
    if rule.from_ == "Selector":
        found = labels(namespace)
        return rule.selector is not None and found is not None and from_object(rule.selector).matches(found)
    return namespace == owner.namespace
