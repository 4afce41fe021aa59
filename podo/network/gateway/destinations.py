"""Where a rule's requests go, and what of that cannot be. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from podo.api.types.core_v1 import Service
from podo.client.base import Key
from podo.network.gateway.backend_tls import BackendPolicies
from podo.network.gateway.durations import milliseconds
from podo.network.gateway.findings import RESOLVED, Finding
from podo.network.gateway.grants import Grants, Referrer
from podo.network.gateway.matching import Unsupported, check_text
from podo.network.gateway.plan import HTTP2, PLAIN, BackendTLS, Destination, Mirrored, ServicePort, Share
from podo.network.gateway.routes import (
    Filter,
    GRPCRule,
    HTTPRule,
    Mirror,
    PathMatch,
    PlainRule,
    Route,
    ServiceReference,
)
from podo.network.services.backends import port_key

H2C = "kubernetes.io/h2c"
REDIRECT, REWRITE, EXTENSION = "RequestRedirect", "URLRewrite", "ExtensionRef"
CROSS_ORIGIN, MIRROR = "CORS", "RequestMirror"
FILTERS = ("RequestHeaderModifier", "ResponseHeaderModifier", REDIRECT, REWRITE, CROSS_ORIGIN, MIRROR)


class Led(NamedTuple):
    """A port of a Service, and the protocol that it speaks."""

    target: ServicePort
    protocol: str
    tls: BackendTLS | None = None
    open: bool = True  # something may be sent


class Leading:
    """Makes destinations for the rules of one route, and collects what is wrong."""

    def __init__(
        self, route: Route, grants: Grants, service: Callable[[Key], Service | None], policies: BackendPolicies
    ) -> None:
        self._referrer = Referrer(route.kind, route.metadata.namespace)
        self._kind, self._grants, self._service = route.kind, grants, service
        self._policies = policies
        self.problems: list[Finding] = []
        self.services: set[Key] = set()

    def plain(self, rule: PlainRule) -> tuple[Share, ...]:
        """The shares of a rule for connections."""
        shares = []
        for ref in rule.backend_refs:
            led = self._lead(ref)
            target = led.target if led else None
            shares.append(Share(ref.weight, Destination(target, connections=True)))
        return tuple(each for each in shares if each.weight) or (Share(1, Destination(connections=True)),)

    def shares(self, rule: HTTPRule | GRPCRule, path: PathMatch | None) -> tuple[Share, ...]:
        """The shares of a rule for requests whose path is met by `path`. Raises Unsupported."""
        timeout = None
        if isinstance(rule, HTTPRule):
            timeout = shortest(rule.timeouts.request, rule.timeouts.backend_request)
        if any(each.type == REDIRECT for each in rule.filters) or not rule.backend_refs:
            return (Share(1, self._destination(None, rule.filters, path, timeout)),)
        found = [
            Share(ref.weight, self._destination(self._lead(ref), (*rule.filters, *ref.filters), path, timeout))
            for ref in rule.backend_refs
        ]
        return tuple(each for each in found if each.weight) or (Share(1, Destination()),)

    def _destination(
        self, led: Led | None, filters: tuple[Filter, ...], path: PathMatch | None, timeout: int | None
    ) -> Destination:
        for each in filters:
            _check(each)
        if any(each.type == EXTENSION for each in filters):
            self._wrong("InvalidKind", "filters of other groups are not supported")
            return Destination()
        return Destination(
            led.target if led and led.open else None,
            protocol=led.protocol if led else PLAIN,
            filters=filters,
            prefix=path.value if path and any(_replaces_prefix(each) for each in filters) else "",
            timeout=timeout,
            tls=led.tls if led else None,
            mirrors=tuple(self._mirrors(each.request_mirror for each in filters if each.request_mirror)),
        )

    def _mirrors(self, mirrors: Iterable[Mirror]) -> Iterator[Mirrored]:
        for each in mirrors:
            part, whole = 100 if each.percent is None else each.percent, 100
            if each.fraction is not None:
                part, whole = each.fraction.numerator, each.fraction.denominator
            if (led := self._lead(each.backend_ref)) and part and led.open:
                yield Mirrored(Destination(led.target, protocol=led.protocol, tls=led.tls), part, whole)

    def _lead(self, ref: ServiceReference) -> Led | None:
        """What `ref` leads to; None, and a problem, if that is nothing."""
        if (ref.group, ref.kind) != ("", "Service"):
            self._wrong("InvalidKind", f"a backend cannot be of {ref.group or 'core'}/{ref.kind}")
            return None
        key = Key(ref.namespace or self._referrer.namespace, ref.name)
        if not self._grants.permit(self._referrer, key, group="", kind="Service"):
            self._wrong("RefNotPermitted", f"no ReferenceGrant permits Service {key}")
            return None
        service = self._service(key)
        if service is None or service.spec.type == "ExternalName":
            self._wrong("BackendNotFound", f"Service {key} does not exist, or is an ExternalName")
            return None
        for port in service.spec.ports:
            if port.port == ref.port and (port.protocol or "TCP") == "TCP":
                http2 = self._kind == "GRPCRoute" or port.app_protocol == H2C
                self.services.add(key)
                target, verdict = ServicePort(key, port_key(port)), self._policies.of(key, port.name)
                protocol = HTTP2 if http2 else PLAIN
                return Led(target, protocol, verdict.tls, verdict.tls is not None) if verdict else Led(target, protocol)
        self._wrong("BackendNotFound", f"Service {key} has no port {ref.port}")
        return None

    def _wrong(self, reason: str, message: str) -> None:
        self.problems.append(Finding(RESOLVED, False, reason, message))

    def resolved(self) -> Finding:
        """The condition ResolvedRefs."""
        return self.problems[0] if self.problems else Finding(RESOLVED, True, RESOLVED)


def _replaces_prefix(found: Filter) -> bool:
    paths = (each.path for each in (found.request_redirect, found.url_rewrite) if each)
    return any(path is not None and path.type == "ReplacePrefixMatch" for path in paths)


def _check(found: Filter) -> None:
    if found.cors is not None:
        for text in (*found.cors.allow_origins, *found.cors.allow_methods, *found.cors.allow_headers):
            check_text(text)
    if found.type not in (*FILTERS, EXTENSION):
        raise Unsupported(f"filters of type {found.type} are not supported")
    for each in (found.request_header_modifier, found.response_header_modifier):
        for header in (*each.set, *each.add) if each else ():
            check_text(header.value)
    for path in (each.path for each in (found.request_redirect, found.url_rewrite) if each and each.path):
        check_text(path.replace_full_path + path.replace_prefix_match)


def shortest(*durations: str) -> int | None:
    """The shortest of the durations that are set, in milliseconds; 0 is none at all. None: nothing is said."""
    said = [milliseconds(each) for each in durations if each]
    return min((each for each in said if each), default=0 if said else None)
