"""haproxy's configuration for a Site. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from podo.network.haproxy.servers import Servers, server_lines
from podo.network.haproxy.words import head, word
from podo.network.ingress.routing import BackendKey, Route, Site

NOT_FOUND = "default backend - 404"


class Places(NamedTuple):
    """Where haproxy listens, and where its files are. `user` "" is root."""

    address: str
    http: int
    https: int
    folder: str
    user: str = ""


def configuration(site: Site, servers: Mapping[str, Servers], places: Places, generation: str) -> str:
    """The whole file, with what the servers of each backend are now.

    `generation` is told as haproxy's description: so one sees which configuration is in force.
    """
    return "\n".join(
        [
            *head(places.folder, generation, places.user),
            *_frontend(site, places),
            *(line for key in site.backends() for line in _backend(key, servers[key.name])),
            "backend not-found",
            f'  http-request return status 404 content-type text/plain string "{NOT_FOUND}"',
            "backend no-service",
            '  http-request return status 503 content-type text/plain string "no such service"',
            "",
        ]
    )


def _frontend(site: Site, places: Places) -> list[str]:
    tls = f"  bind {places.address}:{places.https} ssl crt-list {places.folder}/certificates.txt alpn h2,http/1.1"
    lines = [
        "frontend web",
        f"  bind {places.address}:{places.http}",
        tls,
        "  http-request set-header X-Forwarded-Proto https if { ssl_fc }",
        "  http-request set-header X-Forwarded-Proto http if !{ ssl_fc }",
        "  http-request set-header X-Forwarded-Host %[req.hdr(host)]",
        "  http-request set-header X-Real-IP %[src]",
        "  http-request set-var(txn.host) req.hdr(host),field(1,:),lower",
        "  http-request set-var(txn.domain) var(txn.host),regsub(^[^.]*,)",
    ]
    hosts = sorted(site.hosts, key=lambda host: (not host, host.startswith("*"), host))
    numbers = {host: number for number, host in enumerate(hosts)}
    unset = "!{ var(txn.rules) -m found }"
    for host, number in numbers.items():
        if host.startswith("*."):
            met = f"{unset} {{ var(txn.domain) -m str {word(host[1:])} }}"
        else:
            met = f"{unset} {{ var(txn.host) -m str {word(host)} }}" if host else unset
        lines.append(f"  http-request set-var(txn.rules) int({number}) if {met}")
    for host, number in numbers.items():
        for route in site.hosts[host]:
            name = route.backend.name if route.backend else "no-service"
            lines += [f"  use_backend {name} if {{ var(txn.rules) -m int {number} }} {met}" for met in _met(route)]
    lines.append(f"  default_backend {site.default.name if site.default else 'not-found'}")
    return lines


def _met(route: Route) -> list[str]:
    """The conditions under which a path is the route's, one of which has to hold."""
    if route.exact:
        return [f"{{ path -m str {word(route.path)} }}"]
    if route.path == "/":
        return [""]
    return [f"{{ path -m str {word(route.path)} }}", f"{{ path -m beg {word(route.path)}/ }}"]


def _backend(key: BackendKey, servers: Servers) -> list[str]:
    return [
        f"backend {key.name}",
        "  balance roundrobin",
        *server_lines(servers, " proto h2" if key.http2 else ""),
    ]


def certificate_list(site: Site, places: Places, default: str) -> str:
    """The file that tells which certificate is for which host. The first one is for hosts that have none."""
    lines = [f"{places.folder}/certificates/{default}"]
    for certificate in site.certificates:
        path = f"{places.folder}/certificates/{file_of(certificate.secret.namespace, certificate.secret.name)}"
        lines.append(" ".join([path, *certificate.hosts]))
    return "\n".join([*dict.fromkeys(lines), ""])


def file_of(namespace: str, name: str) -> str:
    """The name of a Secret's file."""
    return f"{namespace}_{name}.pem"
