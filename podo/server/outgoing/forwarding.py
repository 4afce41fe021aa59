"""A request carried on to another server, and its answer back: both as streams, upgrades too, no redirect followed."""

import ssl
from collections.abc import Iterable
from typing import NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

from podo.server.outgoing.failures import why
from podo.streaming.takeover import SocketDuplex, join, request_upgrade, take_over

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
NEVER_SENT = HOP_BY_HOP | {"host", "authorization", "content-length"}
IMPERSONATE = "impersonate-"
CONNECT = 30.0
"""Seconds that connecting may take."""
REDIRECTED = "the backend attempted to redirect this request, which is not permitted"
Headers = Iterable[tuple[str, str]]


class Unreachable(Exception):
    """The other server cannot be reached, or broke off before it answered; the message says why."""


class Backend(NamedTuple):
    """A server: the address to connect to (checked, not a name), TLS (None: none) and the name in its certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    server_name: str = ""

    @property
    def place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_upgrade(request: web.BaseRequest) -> bool:
    """Whether the client wants to speak another protocol on the connection."""
    tokens = request.headers.get("Connection", "").lower().split(",")
    return "upgrade" in {token.strip() for token in tokens} and bool(request.headers.get("Upgrade"))


def client_headers(request: web.BaseRequest) -> list[tuple[str, str]]:
    """The client's headers that concern the other server; never its credentials, nor what concerns the connection.

    Headers that `Connection` names are of the connection as well (RFC 9110, section 7.6.1). Whom the client acts as is
    settled here.
    """
    named = {token.strip().lower() for token in request.headers.get("Connection", "").split(",")}
    left_out = NEVER_SENT | named
    return [
        (name, value)
        for name, value in request.headers.items()
        if (key := name.lower()) not in left_out and not key.startswith(IMPERSONATE)
    ]


async def forward(
    request: web.BaseRequest, backend: Backend, target: str, headers: Headers, *, refuse_redirects: bool = False
) -> web.StreamResponse:
    """The other server's answer to the request, sent to the client. `target` is path and query. Raises Unreachable."""
    try:
        if is_upgrade(request):
            return await _upgrade(request, backend, target, list(headers))
        return await _exchange(request, backend, target, list(headers), refuse_redirects=refuse_redirects)
    except (TimeoutError, ClientError, OSError) as error:
        if request.transport is None or request.transport.is_closing():
            raise
        raise Unreachable(why(error, backend.place)) from error


async def _exchange(
    request: web.BaseRequest, backend: Backend, target: str, headers: list[tuple[str, str]], *, refuse_redirects: bool
) -> web.StreamResponse:
    scheme = "https" if backend.tls is not None else "http"
    body = request.content.iter_any() if request.body_exists else None
    if body is not None and request.content_length is not None:
        headers.append(("Content-Length", str(request.content_length)))
    timeout = ClientTimeout(total=None, sock_connect=CONNECT)
    async with (
        ClientSession(connector=TCPConnector(force_close=True), timeout=timeout, auto_decompress=False) as session,
        session.request(
            request.method,
            URL(f"{scheme}://{backend.place}{target}", encoded=True),
            headers=headers,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            data=body,
            ssl=backend.tls or False,
            server_hostname=(backend.server_name or None) if backend.tls is not None else None,
            allow_redirects=False,
        ) as answer,
    ):
        if refuse_redirects and 300 <= answer.status < 400 and "Location" in answer.headers:
            return await _refuse(request)
        response = web.StreamResponse(status=answer.status, reason=answer.reason)
        response.headers.extend([(k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP])
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response


async def _refuse(request: web.BaseRequest) -> web.StreamResponse:
    response = web.Response(status=502, text=REDIRECTED)
    await response.prepare(request)
    await response.write_eof()
    return response


async def _upgrade(
    request: web.BaseRequest, backend: Backend, target: str, headers: list[tuple[str, str]]
) -> web.StreamResponse:
    asked = [("Connection", "Upgrade"), ("Upgrade", request.headers["Upgrade"])]
    if not any(name.lower() == "host" for name, _ in headers):
        headers = [("Host", backend.place), *headers]
    head, reader, writer = await request_upgrade(
        backend.host,
        backend.port,
        backend.tls,
        target,
        headers + asked,
        method=request.method,
        server_name=backend.server_name,
    )
    answered = [(name, value) for name, value in head.headers if name not in HOP_BY_HOP]
    if head.status != 101:
        try:
            if head.status < 400:
                raise Unreachable(f"invalid upgrade response: status code {head.status}")
            length = int(head.get("content-length") or 0)
            response = web.Response(status=head.status, body=await reader.read(min(length, 1 << 20)))
            response.headers.extend([(k, v) for k, v in answered if k not in ("content-length", "content-type")])
            response.headers["Content-Type"] = head.get("content-type") or "text/plain"
            await response.prepare(request)
            await response.write_eof()
            return response
        finally:
            writer.close()
    kept = {"Connection": "Upgrade", "Upgrade": head.get("upgrade") or request.headers["Upgrade"]}
    try:
        taken, client = await take_over(request, dict(answered) | kept)
    except BaseException:
        writer.close()
        raise
    await join(client, SocketDuplex(reader, writer))
    return taken
