"""What Gateways amount to: listeners of addresses, and which of their requests go where. Pure data.

`translation.py` makes it of objects, `configuration.py` says it in haproxy's words.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from podo.client.base import Key
from podo.network.gateway.routes import Filter, PathMatch, ValueMatch
from podo.network.services.backends import PortKey

HTTP, HTTPS, TLS, TCP = "HTTP", "HTTPS", "TLS", "TCP"
PLAIN, HTTP2 = "", "h2"


class ServicePort(NamedTuple):
    """Where requests end: a port of a Service."""

    service: Key
    port: PortKey


class BackendTLS(NamedTuple):
    """TLS to Pods: the name that they are asked for, the one that they must have, and whose word counts.

    `authorities`, in PEM; none are those of the system.
    """

    asked: str
    name: str
    authorities: bytes


class ClientCheck(NamedTuple):
    """Clients' certificates are of these authorities, in PEM; those of others are refused if it is `strict`."""

    authorities: bytes
    strict: bool


class Mirrored(NamedTuple):
    """Copies of a part of the requests: `part` in `whole` of them."""

    destination: "Destination"
    part: int
    whole: int


@dataclass(frozen=True)
class Destination:
    """What becomes of a request. Without a `target` it is answered with `status`, if no filter does that before.

    `prefix` is the path that was matched, for filters that replace it; "" if they do not.
    """

    target: ServicePort | None = None
    status: int = 500
    protocol: str = PLAIN
    filters: tuple[Filter, ...] = ()
    prefix: str = ""
    timeout: int | None = None  # milliseconds; 0: none
    connections: bool = False  # it gets connections, not requests
    mirrors: tuple[Mirrored, ...] = ()
    tls: BackendTLS | None = None

    @property
    def name(self) -> str:
        """As haproxy calls it: the same for all that do the same."""
        what = f"{self.target.service.namespace}_{self.target.service.name}" if self.target else str(self.status)
        return f"{what}_{sha256(repr(self).encode()).hexdigest()[:12]}"


class Share(NamedTuple):
    """A part of the requests: its weight among the others."""

    weight: int
    destination: Destination


@dataclass(frozen=True)
class Rule:
    """Requests of a host that meet all conditions; the first rule that is met decides.

    `host` is a name, one that begins with "*.", or "" for any.
    """

    host: str
    path: PathMatch | None
    method: str
    headers: tuple[ValueMatch, ...]
    query: tuple[ValueMatch, ...]
    shares: tuple[Share, ...]


class Certificate(NamedTuple):
    secret: Key
    pem: bytes


@dataclass
class Bound:
    """A listener in force: the requests of `host` at its port. `passed`: TLS goes through as it is."""

    name: str
    host: str
    protocol: str
    certificates: tuple[Certificate, ...] = ()
    rules: list[Rule] = field(default_factory=list)
    passed: bool = False
    check: ClientCheck | None = None


@dataclass
class Door:
    """A port of a Gateway's address with its listeners."""

    gateway: Key
    address: str
    port: int
    bound: list[Bound] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.gateway.namespace}_{self.gateway.name}_{self.port}"


@dataclass
class Plan:
    """Everything that haproxy serves for Gateways."""

    doors: list[Door] = field(default_factory=list)

    def destinations(self) -> list[Destination]:
        """All that are led to, once each, in the order of their names."""
        found = {
            share.destination for door in self.doors for b in door.bound for rule in b.rules for share in rule.shares
        }
        found |= {mirror.destination for each in found for mirror in each.mirrors}
        return sorted(found, key=lambda each: each.name)

    def authorities(self) -> set[bytes]:
        """All that somebody is to be checked by."""
        found = {each.tls.authorities for each in self.destinations() if each.tls}
        found |= {bound.check.authorities for door in self.doors for bound in door.bound if bound.check}
        return found - {b""}

    @property
    def mirrored(self) -> bool:
        """Whether copies of requests are made."""
        return any(each.mirrors for each in self.destinations())
