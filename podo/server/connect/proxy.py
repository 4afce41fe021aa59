"""proxy of Pods, Services and Nodes: an HTTP request carried on to what the path names (`[scheme:]name[:port]`)."""

import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web

from podo.api.errors import BadRequest, NotFound, ServiceUnavailable
from podo.server.answer import Answer
from podo.server.connect.nodes import NODE_PORT, NodeAccess, place_of
from podo.server.http.handler import Call
from podo.server.outgoing.addresses import checked_host
from podo.server.outgoing.forwarding import Backend, Unreachable, client_headers, forward
from podo.server.outgoing.trust import trusting_anyone

Object = Mapping[str, Any]
SAFE = "/:@!$&()*+,;=~'"


IsPod = Callable[[Object, str], bool]
"""Whether an endpoint's targetRef is a Pod with that address."""


class ProxyName(NamedTuple):
    """What the name in a proxy path says."""

    scheme: str
    name: str
    port: str


class Target(NamedTuple):
    """Where a proxied request goes."""

    scheme: str
    host: str
    port: int


def parse_name(text: str) -> ProxyName:
    """`web`, `web:80`, `https:web:443`, `https:web:`. Raises BadRequest."""
    parts = text.split(":")
    if len(parts) == 1:
        return ProxyName("", parts[0], "")
    if len(parts) == 2:
        return ProxyName("", parts[0], parts[1])
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return ProxyName(*parts)
    raise BadRequest(f"invalid proxy name {text!r}: it is [scheme:]name[:port]")


def pod_target(pod: Object, name: ProxyName) -> Target:
    """The Pod's address; without a port its first container's first TCP port. Raises BadRequest, ServiceUnavailable."""
    address = (pod.get("status") or {}).get("podIP", "")
    if not address:
        raise ServiceUnavailable(f"pod {pod['metadata']['name']} has no address yet")
    ports = [p for c in pod["spec"]["containers"] for p in c.get("ports") or () if p.get("protocol", "TCP") == "TCP"]
    if not name.port:
        return Target(name.scheme or "http", address, ports[0]["containerPort"] if ports else 80)
    if name.port.isdigit():
        return Target(name.scheme or "http", address, int(name.port))
    named = next((p["containerPort"] for p in ports if p.get("name") == name.port), None)
    if named is None:
        raise ServiceUnavailable(f'no port named "{name.port}" in pod {pod["metadata"]["name"]}')
    return Target(name.scheme or "http", address, named)


def service_target(
    service: Object, slices: Sequence[Object], name: ProxyName, chance: random.Random, is_pod: IsPod
) -> Target:
    """A ready endpoint of the Service's port that is a Pod's. Raises ServiceUnavailable.

    Who may write EndpointSlices could else lead this server wherever they like.
    """
    title = service["metadata"]["name"]
    ports = service["spec"].get("ports") or ()
    wanted = [p for p in ports if name.port in ("", p.get("name", ""), str(p["port"]))]
    if not wanted or (not name.port and len(ports) > 1 and not any(not p.get("name") for p in ports)):
        raise ServiceUnavailable(f'no service port "{name.port}" found for service "{title}"')
    found = [
        (address, port["port"])
        for each in slices
        for port in each.get("ports") or ()
        if port.get("name", "") == wanted[0].get("name", "")
        for endpoint in each.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True)
        for address in endpoint["addresses"]
        if is_pod(endpoint.get("targetRef") or {}, address)
    ]
    if not found:
        raise ServiceUnavailable(f'no endpoints available for service "{name.name}"')
    return Target(name.scheme or "http", *found[chance.randrange(len(found))])


def node_target(node: Object, name: ProxyName) -> Target:
    """The node's API, or another port of the node."""
    place = place_of(node)
    port = int(name.port) if name.port.isdigit() else place.port
    return Target(name.scheme or ("https" if port in (place.port, NODE_PORT) else "http"), place.host, port)


async def carry_on(
    call: Call, target: Target, context: ssl.SSLContext | None, server_name: str = ""
) -> Answer | web.StreamResponse:
    """Send the request to `target` and its answer back, both as streams. Raises ServiceUnavailable, BadRequest.

    `context` is that of TLS (None: any certificate will do), `server_name` the name that the certificate must have.
    No redirect is followed: it is the client's, who gets there only through this server again.
    """
    request = call.request
    path, _, query = request.raw_path.partition("?")
    if not call.info.rest and not path.endswith("/") and request.method in ("GET", "HEAD"):
        return Answer(301, b"", "", {"Location": f"{path}/{f'?{query}' if query else ''}"})
    host = await checked_host(target.host)
    tls = (context or trusting_anyone()) if target.scheme == "https" else None
    backend = Backend(host, target.port, tls, server_name)
    wanted = f"/{quote(call.info.rest, safe=SAFE)}{'/' if call.info.rest and path.endswith('/') else ''}"
    headers = [(k, v) for k, v in client_headers(request) if not k.lower().startswith("x-forwarded-")]
    headers += forwarded(request, path)
    try:
        return await forward(request, backend, f"{wanted}?{query}" if query else wanted, headers)
    except Unreachable as error:
        raise ServiceUnavailable(f"error trying to reach service: {error}") from error


def forwarded(request: web.BaseRequest, path: str) -> list[tuple[str, str]]:
    """What a server behind a proxy may know of the request: from whom, and for what."""
    found = [("X-Forwarded-Uri", path), ("X-Forwarded-Proto", "https" if request.secure else "http")]
    found.append(("X-Forwarded-Host", request.headers.get("Host", "")))
    return [*found, *([("X-Forwarded-For", request.remote)] if request.remote else [])]


def node_context(access: NodeAccess, target: Target, node: Object) -> ssl.SSLContext | None:
    """The server's own certificate is shown to the node's API alone, never to another port."""
    return access.context if target.scheme == "https" and target.port == place_of(node).port else None


def named(found: Object | None, kind: str, name: str) -> Object:
    """The object that was looked for. Raises NotFound."""
    if found is None:
        raise NotFound(f'{kind} "{name}" not found', name=name, kind=kind)
    return found
