"""haproxy's configuration for a Plan. Pure.

A port of a Gateway is a frontend. Where TLS passes through beside TLS that ends here, that frontend looks at the name
which a client asks for, and hands what ends here on to further frontends at sockets of their own.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from podo.network.gateway.actions import action_lines
from podo.network.gateway.connections import connection_rules
from podo.network.gateway.mirrors import SCRIPT, mirror_frontend, script
from podo.network.gateway.plan import HTTP, HTTP2, HTTPS, TCP, TLS, Bound, ClientCheck, Destination, Door, Plan
from podo.network.gateway.requests import request_rules
from podo.network.haproxy.authorities import authority_file
from podo.network.haproxy.servers import Servers, server_lines
from podo.network.haproxy.words import head, word

NO_TIMEOUT = "24d"


def configuration(plan: Plan, servers: Mapping[str, Servers], folder: str, generation: str) -> str:
    """The whole file, with what the servers of each destination that has a target are now, by its name."""
    lines = head(folder, generation, settings=[f"lua-load {folder}/{SCRIPT}"] if plan.mirrored else [])
    for door in plan.doors:
        lines += _door(door, folder)
    if plan.mirrored:
        lines += mirror_frontend(folder)
    for each in plan.destinations():
        lines += _backend(each, servers.get(each.name, ()), folder)
    return "\n".join([*lines, *_answers(), ""])


def _answers() -> list[str]:
    return ["backend not-found", '  http-request return status 404 content-type text/plain string "no route"']


def files(plan: Plan, folder: str) -> dict[str, str]:
    """The files that the configuration refers to, by their names, but for certificates."""
    scripts = {SCRIPT: script(folder)} if plan.mirrored else {}
    return scripts | {
        f"{_file(door, protocol)}.crts": certificate_list(bound, folder)
        for door in plan.doors
        for protocol in (HTTPS, TLS)
        if (bound := _ending(door, protocol))
    }


def certificate_list(bound: list[Bound], folder: str) -> str:
    """One such file. What is for any name comes first: that is for clients that name nothing, too."""
    lines = []
    for each in sorted(bound, key=lambda each: bool(each.host)):
        for certificate in each.certificates:
            path = f"{folder}/certificates/{certificate.secret.namespace}_{certificate.secret.name}.pem"
            lines.append(f"{path} {each.host}".strip())
    return "\n".join([*dict.fromkeys(lines), ""])


def _ending(door: Door, protocol: str) -> list[Bound]:
    """The listeners of a door at which TLS ends, with requests (HTTPS) or connections (TLS) inside."""
    return [each for each in door.bound if each.protocol == protocol and not each.passed]


def _file(door: Door, protocol: str) -> str:
    return f"{sha256(door.name.encode()).hexdigest()[:12]}-{protocol.lower()}"


def _door(door: Door, folder: str) -> Iterator[str]:
    plain, ending, tls = (_ending(door, each) for each in (HTTP, HTTPS, TLS))
    bind = f"  bind {door.address}:{door.port}"
    if any(each.protocol == TLS for each in door.bound):
        yield from _by_name(door, bind, folder)
        if ending:
            inner = f"  bind {_socket(door, HTTPS, folder)} accept-proxy"
            yield from _secure(door, ending, f"{door.name}_https", inner, folder)
        if tls:
            inner = f"  bind {_socket(door, TLS, folder)} accept-proxy{_ssl(door, tls, folder, '')}"
            yield from [f"frontend {door.name}_tls", "  mode tcp", inner]
            yield from connection_rules(tls, "ssl_fc_sni,lower")
    elif ending:
        yield from _secure(door, ending, door.name, bind, folder)
    elif plain:
        yield from [f"frontend {door.name}", bind, *request_rules(door, plain)]
    else:
        yield from [f"frontend {door.name}", "  mode tcp", bind]
        yield from connection_rules([each for each in door.bound if each.protocol == TCP], "")


def _secure(door: Door, bound: list[Bound], name: str, bind: str, folder: str) -> Iterator[str]:
    yield from [f"frontend {name}", bind + _ssl(door, bound, folder, " alpn h2,http/1.1")]
    yield from request_rules(door, bound)


def _ssl(door: Door, bound: list[Bound], folder: str, alpn: str) -> str:
    """TLS on a bind line. A client that asks for a name of no listener is refused where names can be told."""
    strict = all(each.host and not each.host.startswith("*.") for each in bound)
    protocol = bound[0].protocol
    sni = " strict-sni" if strict else ""
    return f" ssl crt-list {folder}/{_file(door, protocol)}.crts{alpn}{sni}{_check(bound[0].check, folder)}"


def _check(check: ClientCheck | None, folder: str) -> str:
    """How a bind line has clients' certificates checked."""
    if check is None:
        return ""
    how = "verify required" if check.strict else "verify optional crt-ignore-err all ca-ignore-err all"
    return f" ca-file {folder}/{authority_file(check.authorities)} {how}"


def _socket(door: Door, protocol: str, folder: str) -> str:
    return f"unix@{folder}/{_file(door, protocol)}.sock"


def _by_name(door: Door, bind: str, folder: str) -> Iterator[str]:
    """The frontend of a port that looks at names, and the ways on to where TLS ends."""
    yield from [f"frontend {door.name}", "  mode tcp", bind, "  tcp-request inspect-delay 5s"]
    ways = {id(each): f"{door.name}_to_{each.protocol}" for each in door.bound if not each.passed}
    yield from connection_rules(door.bound, "req.ssl_sni,lower", ways)
    for protocol in (HTTPS, TLS):
        if _ending(door, protocol):
            yield from [
                f"backend {door.name}_to_{protocol}",
                "  mode tcp",
                f"  server in {_socket(door, protocol, folder)} send-proxy-v2",
            ]


def _server_options(destination: Destination, folder: str) -> str:
    http2, tls = destination.protocol == HTTP2, destination.tls
    if tls is None:
        return " proto h2" if http2 else ""
    authorities = f"{folder}/{authority_file(tls.authorities)}" if tls.authorities else "@system-ca"
    names = f"sni str({word(tls.asked)}) verifyhost {word(tls.name)}"
    return f" ssl verify required ca-file {authorities} {names} alpn {'h2' if http2 else 'http/1.1'}"


def _backend(destination: Destination, servers: Servers, folder: str) -> Iterator[str]:
    yield f"backend {destination.name}"
    if destination.connections:
        yield "  mode tcp"
        yield from server_lines(servers) if destination.target else ()
        return
    yield "  balance roundrobin"
    if destination.timeout is not None:
        yield f"  timeout server {f'{destination.timeout}ms' if destination.timeout else NO_TIMEOUT}"
    elif destination.protocol == HTTP2:
        yield "  timeout server 1h"  # streams of gRPC may be silent for long
    yield from action_lines(destination)
    if destination.target is None:
        yield f'  http-request return status {destination.status} content-type text/plain string "no backend"'
        return
    yield from server_lines(servers, _server_options(destination, folder))
