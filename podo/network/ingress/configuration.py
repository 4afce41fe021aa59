"""haproxy's configuration for a Site. Pure.

A backend has a fixed number of servers that wait for addresses: endpoints are put into them at run time. It grows in
powers of two, so a reload for more of them is rare.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from podo.network.ingress.routing import BackendKey, Route, Site
from podo.network.services.backends import Backend

Servers = tuple[Backend | None, ...]
"""What the servers of a backend are; None is one that waits for an address."""
LEAST_SLOTS = 8
NOT_FOUND = "default backend - 404"


class Places(NamedTuple):
    """Where haproxy listens, and where its files are. `user` "" is root."""

    address: str
    http: int
    https: int
    folder: str
    user: str = ""


def slots_for(endpoints: int, before: int = 0) -> int:
    """How many servers a backend has that has so many endpoints, and had `before` servers."""
    slots = max(LEAST_SLOTS, before)
    while slots < endpoints:
        slots *= 2
    return slots


def configuration(site: Site, servers: Mapping[BackendKey, Servers], places: Places, generation: str) -> str:
    """The whole file, with what the servers of each backend are now.

    `generation` is told as haproxy's description: so one sees which configuration is in force.
    """
    return "\n".join(
        [
            *_fixed(places, generation),
            *_frontend(site, places),
            *(line for key in site.backends() for line in _backend(key, servers[key])),
            "backend not-found",
            f'  http-request return status 404 content-type text/plain string "{NOT_FOUND}"',
            "backend no-service",
            '  http-request return status 503 content-type text/plain string "no such service"',
            "",
        ]
    )


def _fixed(places: Places, generation: str) -> list[str]:
    return [
        "global",
        f"  description {generation}",
        f"  stats socket {places.folder}/runtime.sock mode 600 level admin expose-fd listeners",
        "  stats timeout 30s",
        *([f"  user {places.user}"] if places.user else []),
        "  hard-stop-after 10m",
        "  ssl-default-bind-options ssl-min-ver TLSv1.2",
        "defaults",
        "  mode http",
        "  option forwardfor",
        "  option redispatch 1",
        "  retries 3",
        "  retry-on conn-failure empty-response",
        "  timeout connect 1s",
        "  timeout client 1m",
        "  timeout server 1m",
        "  timeout http-request 30s",
        "  timeout queue 5s",
        "  timeout tunnel 1h",
    ]


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
            met = f"{unset} {{ var(txn.domain) -m str {_word(host[1:])} }}"
        else:
            met = f"{unset} {{ var(txn.host) -m str {_word(host)} }}" if host else unset
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
        return [f"{{ path -m str {_word(route.path)} }}"]
    if route.path == "/":
        return [""]
    return [f"{{ path -m str {_word(route.path)} }}", f"{{ path -m beg {_word(route.path)}/ }}"]


def _backend(key: BackendKey, servers: Servers) -> list[str]:
    http2 = " proto h2" if key.http2 else ""
    lines = [f"backend {key.name}", "  balance roundrobin"]
    for number, server in enumerate(servers, 1):
        where = f"{_host(server.address)}:{server.port}" if server else "127.0.0.1:1 disabled"
        lines.append(f"  server s{number} {where}{http2}")
    return lines


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _word(text: str) -> str:
    """`text` as one word of haproxy's."""
    return re.sub(r"([^A-Za-z0-9/_.~%@:+*&!()=-])", r"\\\1", text)


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


def withdrawals(backend: str, before: Servers, endpoints: Iterable[Backend]) -> list[str]:
    """Runtime commands by which the servers of endpoints that are gone get no more requests."""
    staying = set(endpoints)
    gone = (number for number, each in enumerate(before, 1) if each is not None and each not in staying)
    return [f"set server {backend}/s{number} state maint" for number in gone]


def server_commands(backend: str, before: Servers, endpoints: Iterable[Backend]) -> tuple[list[str], Servers]:
    """(runtime commands that make a backend's servers these endpoints, what its servers then are).

    An endpoint that stays keeps its server. One that goes gets no more requests, but ends those that it has. More
    servers than `before` are there only after a reload.
    """
    wanted = list(dict.fromkeys(endpoints))
    have = [*before, *[None] * (slots_for(len(wanted), len(before)) - len(before))]
    staying = set(wanted)
    after = [each if each in staying else None for each in have]
    kept = {each for each in after if each is not None}
    fresh = iter([each for each in wanted if each not in kept])
    after = [each if each is not None else next(fresh, None) for each in after]
    commands = []
    for number, (old, new) in enumerate(zip(have, after, strict=True), 1):
        if old == new:
            continue
        name = f"{backend}/s{number}"
        if new is None:
            commands.append(f"set server {name} state maint")
        else:
            commands += [f"set server {name} addr {new.address} port {new.port}", f"set server {name} state ready"]
    return commands, tuple(after)
