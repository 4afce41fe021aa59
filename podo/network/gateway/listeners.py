"""What Gateways' listeners are worth: whether they can be served, with which certificates, for which routes. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from podo.api.types.core_v1 import Secret
from podo.client.base import Key, key_of
from podo.network.gateway.findings import ACCEPTED, CONFLICTED, PROGRAMMED, RESOLVED, Finding
from podo.network.gateway.grants import Grants, Referrer
from podo.network.gateway.kinds import GROUP, Gateway, Listener, ListenerSet, SecretReference
from podo.network.gateway.plan import HTTP, HTTPS, TCP, TLS, Bound, Certificate, ClientCheck
from podo.network.gateway.trust import ConfigMaps, client_check
from podo.network.haproxy.certificates import CertificateProblem, pem_of

KINDS = {HTTP: ("HTTPRoute", "GRPCRoute"), HTTPS: ("HTTPRoute", "GRPCRoute"), TLS: ("TLSRoute",), TCP: ("TCPRoute",)}
"""The kinds of routes for each protocol that is served."""
PASSTHROUGH = "Passthrough"


class Sources(NamedTuple):
    """What listeners refer to."""

    grants: Grants
    secret: Callable[[Key], Secret | None]
    config_map: ConfigMaps


class Owner(NamedTuple):
    """Whose a listener is: a Gateway's own, or a ListenerSet's."""

    kind: str
    key: Key


@dataclass
class ListenerState:
    """A listener, what is wrong with it, and the routes that it has."""

    owner: Owner
    listener: Listener
    kinds: tuple[str, ...]
    accepted: Finding
    resolved: Finding
    conflict: Finding
    certificates: tuple[Certificate, ...] = ()
    check: ClientCheck | None = None
    attached: int = 0
    bound: Bound = field(init=False)

    def __post_init__(self) -> None:
        each = self.listener
        passed = each.tls is not None and each.tls.mode == PASSTHROUGH
        self.bound = Bound(each.name, each.hostname, each.protocol, self.certificates, passed=passed, check=self.check)

    @property
    def programmed(self) -> bool:
        """Whether it is served."""
        if not self.accepted.met:
            return False
        return bool(self.certificates) or not needs_certificate(self.listener)

    def findings(self, *, served: bool, why: str = "") -> list[Finding]:
        """Its conditions. `served`: its Gateway is; `why` says why it is not."""
        programmed = self.programmed and served
        reason = PROGRAMMED if programmed else "Invalid" if not self.programmed else "Pending"
        if self.conflict.met and self.owner.kind == "ListenerSet":
            reason = self.conflict.reason
        return [
            self.accepted,
            Finding(PROGRAMMED, programmed, reason, "" if programmed else why),
            self.resolved,
            self.conflict,
        ]


def needs_certificate(listener: Listener) -> bool:
    """Whether TLS ends at the listener."""
    passed = listener.tls is not None and listener.tls.mode == PASSTHROUGH
    return listener.protocol in (HTTPS, TLS) and not passed


def listener_states(
    gateway: Gateway, grants: Grants, secret: Callable[[Key], Secret | None], config_map: ConfigMaps
) -> list[ListenerState]:
    """The listeners of a Gateway, in its order."""
    owner, conflicts = Owner("Gateway", key_of(gateway)), conflicts_of(gateway.spec.listeners)
    states = [_state(owner, each, conflicts.get(each.name, ""), grants, secret) for each in gateway.spec.listeners]
    return [_with_check(gateway, each, grants, config_map) for each in states]


def set_states(
    gateway: Gateway,
    found: ListenerSet,
    taken: Iterable[ListenerState],
    sources: Sources,
) -> list[ListenerState]:
    """The listeners of a set, in its order. None has what others of the Gateway have `taken`, or one before it."""
    others = [each.listener for each in taken if each.accepted.met]
    states = []
    for each in found.spec.listeners:
        conflict = clash(each, others)
        state = _state(Owner("ListenerSet", key_of(found)), each, conflict, sources.grants, sources.secret)
        if state.accepted.met:
            others.append(each)
        states.append(_with_check(gateway, state, sources.grants, sources.config_map))
    return states


def clash(listener: Listener, others: Iterable[Listener]) -> str:
    """Why a listener cannot be told from one of the others; "" if it can."""
    same = [each for each in others if each.port == listener.port]
    if any(_family(each) != _family(listener) for each in same):
        return "ProtocolConflict"
    alike = [each for each in same if each.hostname == listener.hostname]
    if not alike:
        return ""
    return "HostnameConflict" if all(each.protocol == listener.protocol for each in alike) else "ProtocolConflict"


def _with_check(gateway: Gateway, state: ListenerState, grants: Grants, config_map: ConfigMaps) -> ListenerState:
    """The listener with how it checks clients, if it does."""
    if state.listener.protocol != HTTPS:
        return state
    check, refused, resolved = client_check(gateway, state.listener.port, grants, config_map)
    return replace(
        state,
        check=check,
        accepted=refused if refused and state.accepted.met else state.accepted,
        resolved=resolved if resolved and state.resolved.met else state.resolved,
    )


def _state(
    owner: Owner, listener: Listener, conflict: str, grants: Grants, secret: Callable[[Key], Secret | None]
) -> ListenerState:
    supported = KINDS.get(listener.protocol, ())
    accepted, conflicted = Finding(ACCEPTED, True, ACCEPTED), Finding(CONFLICTED, False, "NoConflicts")
    if not supported:
        message = f"protocol {listener.protocol} is not supported"
        accepted = Finding(ACCEPTED, False, "UnsupportedProtocol", message)
    elif conflict:
        message = f"another listener of port {listener.port} cannot be told from this one"
        accepted, conflicted = (
            Finding(ACCEPTED, False, conflict, message),
            Finding(CONFLICTED, True, conflict, message),
        )
    wanted = listener.allowed_routes.kinds
    kinds = tuple(dict.fromkeys(w.kind for w in wanted if w.group == GROUP and w.kind in supported))
    resolved, certificates = _certificates(owner, listener, grants, secret)
    if wrong := [w.kind for w in wanted if w.group != GROUP or w.kind not in supported]:
        message = f"no routes for protocol {listener.protocol}: {', '.join(wrong)}"
        resolved = Finding(RESOLVED, False, "InvalidRouteKinds", message)
    return ListenerState(owner, listener, kinds if wanted else supported, accepted, resolved, conflicted, certificates)


def conflicts_of(listeners: Iterable[Listener]) -> dict[str, str]:
    """Listeners that cannot be told from another one, by name, and the reason: none of these is served.

    Those of a port are told apart by their hostnames, if all of them are HTTP, or all have TLS.
    """
    ports: dict[int, list[Listener]] = {}
    for each in listeners:
        if each.protocol in KINDS:
            ports.setdefault(each.port, []).append(each)
    found = {}
    for same in ports.values():
        hosts = [each.hostname for each in same]
        for each in same:
            if any(_family(each) != _family(other) for other in same):
                found[each.name] = "ProtocolConflict"
            elif hosts.count(each.hostname) > 1:
                clash = {other.protocol for other in same if other.hostname == each.hostname}
                found[each.name] = "HostnameConflict" if len(clash) == 1 else "ProtocolConflict"
    return found


def _family(listener: Listener) -> str:
    return TLS if listener.protocol in (HTTPS, TLS) else listener.protocol


def _certificates(
    owner: Owner, listener: Listener, grants: Grants, secret: Callable[[Key], Secret | None]
) -> tuple[Finding, tuple[Certificate, ...]]:
    found: list[Certificate] = []
    problem: Finding | None = None
    if needs_certificate(listener):
        refs = listener.tls.certificate_refs if listener.tls else ()
        if not refs:
            problem = Finding(RESOLVED, False, "InvalidCertificateRef", "tls.certificateRefs names no certificate")
        for ref in refs:
            read = _certificate(owner, ref, grants, secret)
            if isinstance(read, Certificate):
                found.append(read)
            else:
                problem = problem or read
    return problem or Finding(RESOLVED, True, RESOLVED), tuple(found)


def _certificate(
    owner: Owner, ref: SecretReference, grants: Grants, secret: Callable[[Key], Secret | None]
) -> Certificate | Finding:
    if (ref.group, ref.kind) != ("", "Secret"):
        message = f"a certificate cannot be of {ref.group or 'core'}/{ref.kind}"
        return Finding(RESOLVED, False, "InvalidCertificateRef", message)
    key = Key(ref.namespace or owner.key.namespace, ref.name)
    if not grants.permit(Referrer(owner.kind, owner.key.namespace), key, group="", kind="Secret"):
        return Finding(RESOLVED, False, "RefNotPermitted", f"no ReferenceGrant permits Secret {key}")
    found = secret(key)
    if found is None:
        return Finding(RESOLVED, False, "InvalidCertificateRef", f"Secret {key} does not exist")
    try:
        return Certificate(key, pem_of(found))
    except CertificateProblem as error:
        return Finding(RESOLVED, False, "InvalidCertificateRef", f"Secret {key} {error}")
