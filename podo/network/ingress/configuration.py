"""haproxy's configuration for a Site. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from podo.network.haproxy.servers import Servers, server_lines
from podo.network.haproxy.words import head, word
from podo.network.ingress.routing import BackendKey, Route, Site
from podo.network.ingress.treating import server_options, treatment_lines

NOT_FOUND = "default backend - 404"
HOSTS, DOMAINS, EXACT_PATHS, PREFIXES = "hosts.map", "domains.map", "exact.map", "prefixes.map"
RULES, PATH, TO, ANY = "txn.rules", "txn.path", "txn.to", "any-host"
KNOWN, OPEN = f"{{ var({RULES}) -m found }}", f"!{{ var({TO}) -m found }}"


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
        f"  http-request set-var({PATH}) path",
    ]
    for expression, condition in _rules_of_host(site, places.folder):
        lines.append(f"  http-request set-var({RULES}) {expression}{condition}")
    exact, prefixes = f"{places.folder}/{EXACT_PATHS}", f"{places.folder}/{PREFIXES}"
    lines.append(f"  http-request set-var({TO}) var({RULES}),concat(:,{PATH}),map_str({exact}) if {KNOWN}")
    lines += _patterns(site)
    lines.append(f"  http-request set-var({TO}) var({RULES}),concat(:,{PATH},/),map_beg({prefixes}) if {KNOWN} {OPEN}")
    lines.append(f"  use_backend %[var({TO})] if {{ var({TO}) -m found }}")
    lines.append(f"  default_backend {site.default.name if site.default else 'not-found'}")
    return lines


def _rules_of_host(site: Site, folder: str) -> Iterator[tuple[str, str]]:
    """(what gives the host whose rules count, under which condition), from the most to the least special."""
    yield f"var(txn.host),map_str({folder}/{HOSTS})", ""
    unknown = f" if !{KNOWN}"
    if any(host.startswith("*.") for host in site.hosts):
        yield f"var(txn.domain),map_str({folder}/{DOMAINS})", unknown
    if "" in site.hosts:
        yield f"str({ANY})", unknown


def _patterns(site: Site) -> Iterator[str]:
    for host, routes in site.hosts.items():
        for route in routes:
            if route.pattern:
                met = f"{{ var({RULES}) -m str {word(host or ANY)} }} {{ path -m reg -i {word('^' + route.path)} }}"
                yield f"  http-request set-var({TO}) str({_name(route)}) if {OPEN} {met}"


def maps(site: Site) -> dict[str, bytes]:
    """The files in which haproxy looks hosts and paths up, by their names: so their number costs nothing."""
    lines: dict[str, list[str]] = {HOSTS: [], DOMAINS: [], EXACT_PATHS: [], PREFIXES: []}
    for host in sorted(site.hosts):
        if host.startswith("*."):
            lines[DOMAINS].append(f"{host[1:]} {host}")
        elif host:
            lines[HOSTS].append(f"{host} {host}")
        for route in site.hosts[host]:
            if route.pattern or re.search(r"\s", route.path):  # no request has a path with spaces
                continue
            key = f"{host or ANY}:{route.path}"
            if route.exact:
                lines[EXACT_PATHS].append(f"{key} {_name(route)}")
            else:
                lines[PREFIXES].append(f"{key.rstrip('/')}/ {_name(route)}")
    return {name: "".join(f"{each}\n" for each in found).encode() for name, found in lines.items()}


def _name(route: Route) -> str:
    return route.backend.name if route.backend else "no-service"


def _backend(key: BackendKey, servers: Servers) -> list[str]:
    return [
        f"backend {key.name}",
        "  balance roundrobin",
        *treatment_lines(key.treatment),
        *server_lines(servers, server_options(key.treatment, http2=key.http2)),
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
