"""What Ingresses mean: which host and path lead to which port of which Service. Pure.

Of two Ingresses that claim the same, the older one has it. A request whose host some rule names is routed by the rules
of that host alone; the longest path wins, and an exact one over a prefix.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import NamedTuple

from podo.api.types.core_v1 import Secret, Service
from podo.api.types.networking_v1 import Ingress, IngressBackend, IngressClass
from podo.client.base import Key, key_of
from podo.network.haproxy.certificates import CertificateProblem, pem_of
from podo.network.ingress.treatment import PLAIN, Asked, Treatment, asked_for
from podo.network.services.backends import PortKey, port_key

CONTROLLER, OLD_CLASS = "podo/ingress", "kubernetes.io/ingress.class"
EXACT, PREFIX = "Exact", "Prefix"
HTTP2 = "kubernetes.io/h2c"


class BackendKey(NamedTuple):
    """A port of a Service, and what is done to its requests."""

    service: Key
    port: PortKey
    http2: bool = False
    treatment: Treatment = PLAIN

    @property
    def name(self) -> str:
        """As haproxy calls it."""
        name = f"{self.service.namespace}_{self.service.name}_{self.port.name or 'port'}"
        if self.treatment == PLAIN:
            return name
        return f"{name}_{sha256(repr(self.treatment).encode()).hexdigest()[:12]}"


class Route(NamedTuple):
    """A path of a host. `backend` None: the Service or its port is not there, which is 503.

    `pattern`: the path is a regular expression, which paths begin with.
    """

    path: str
    exact: bool
    backend: BackendKey | None
    pattern: bool = False


class Certificate(NamedTuple):
    """Certificate and key in PEM; `hosts` () are those that it names itself."""

    secret: Key
    pem: bytes
    hosts: tuple[str, ...] = ()


@dataclass
class Site:
    """Everything that haproxy serves. Hosts are names, names that begin with "*.", or "" for any."""

    hosts: dict[str, list[Route]] = field(default_factory=dict)
    default: BackendKey | None = None
    certificates: list[Certificate] = field(default_factory=list)
    problems: dict[Key, list[str]] = field(default_factory=dict)

    def backends(self) -> list[BackendKey]:
        """All that are led to, in the order of their names."""
        found = {route.backend for routes in self.hosts.values() for route in routes} | {self.default}
        return sorted((each for each in found if each is not None), key=lambda each: each.name)


def is_ours(ingress: Ingress, classes: Mapping[str, IngressClass]) -> bool:
    """Whether the Ingress is of a class that podo implements."""
    name = ingress.spec.ingress_class_name
    if name is None:
        name = ingress.metadata.annotations.get(OLD_CLASS, "")
    found = classes.get(name)
    return found is not None and found.spec.controller == CONTROLLER


def site_of(
    ingresses: Iterable[Ingress],
    service: Callable[[Key], Service | None],
    secret: Callable[[Key], Secret | None],
) -> Site:
    """What these Ingresses, all of them ours, add up to."""
    reader = _Reader(service, secret)
    for ingress in sorted(ingresses, key=lambda each: (str(each.metadata.creation_timestamp or ""), key_of(each))):
        reader.read(ingress)
    for routes in reader.site.hosts.values():
        routes.sort(key=lambda route: (-len(route.path), not route.exact))
    return reader.site


class _Reader:
    """Collects a Site from Ingresses, the oldest first."""

    def __init__(self, service: Callable[[Key], Service | None], secret: Callable[[Key], Secret | None]) -> None:
        self.site = Site()
        self._service, self._secret = service, secret
        self._seen: set[Key] = set()

    def read(self, ingress: Ingress) -> None:
        key = key_of(ingress)
        problems = self.site.problems.setdefault(key, [])
        asked = asked_for(ingress.metadata.annotations, secure=bool(ingress.spec.tls))
        problems += asked.problems
        if ingress.spec.default_backend is not None and self.site.default is None:
            self.site.default = self._backend(key, ingress.spec.default_backend, asked, "", problems)
        for rule in ingress.spec.rules:
            routes = self.site.hosts.setdefault(rule.host.lower(), [])
            taken = {(route.path, route.exact) for route in routes}
            for path in rule.http.paths if rule.http else ():
                exact = path.path_type == EXACT
                pattern = asked.patterns and not exact
                text = path.path if exact or pattern else path.path.rstrip("/") or "/"
                if (text, exact) in taken or path.backend is None:
                    continue
                if pattern and not _is_pattern(text):
                    problems.append(f"{text} is no regular expression")
                    continue
                backend = self._backend(key, path.backend, asked, text if pattern else "", problems)
                routes.append(Route(text, exact, backend, pattern))
        for tls in ingress.spec.tls:
            if tls.secret_name:
                self._certificate(Key(key.namespace, tls.secret_name), tls.hosts, problems)

    def _backend(
        self, ingress: Key, backend: IngressBackend, asked: Asked, pattern: str, problems: list[str]
    ) -> BackendKey | None:
        if asked.problems:
            return None
        if backend.service is None or backend.service.port is None:
            problems.append("a backend that is no Service is not supported")
            return None
        key = Key(ingress.namespace, backend.service.name)
        service = self._service(key)
        if service is None:
            problems.append(f"Service {key} does not exist")
            return None
        wanted = backend.service.port
        for port in service.spec.ports:
            if (wanted.name and port.name == wanted.name) or (wanted.number and port.port == wanted.number):
                treatment = replace(asked.treatment, pattern=pattern) if pattern else asked.treatment
                return BackendKey(key, port_key(port), port.app_protocol == HTTP2, treatment)
        problems.append(f"Service {key} has no port {wanted.name or wanted.number}")
        return None

    def _certificate(self, key: Key, hosts: tuple[str, ...], problems: list[str]) -> None:
        secret = self._secret(key)
        if secret is None:
            problems.append(f"Secret {key} does not exist")
            return
        try:
            pem = pem_of(secret)
        except CertificateProblem as error:
            problems.append(f"Secret {key} {error}")
            return
        self.site.certificates.append(Certificate(key, pem, tuple(host.lower() for host in hosts)))


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return all(ord(each) >= 32 for each in text)
