"""Listening: TLS, HTTP/1.1, and an orderly end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.web_protocol import RequestHandler

from podo.api.errors import APIError, BadRequest, MethodNotAllowed
from podo.server.http.bodies import LIMIT
from podo.server.http.patience import DEFAULT, UNREAD, Patience

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
HEADER_LIMIT = 64 << 10
BACKLOG = 4096


@dataclass(frozen=True)
class TLSFiles:
    """The server's certificate and key, and the CA that client certificates must come from (None: ask for none)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


def tls_context(files: TLSFiles, proxy_ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client certificate is optional, but must be good if there is one.

    Those of `proxy_ca` are good as well: whoever asks who a client is must tell them apart.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        if proxy_ca is not None:
            context.load_verify_locations(proxy_ca)
    return context


class Connection(RequestHandler):
    """A client's connection. What is no HTTP is refused by a Status, too; who sends no request is cut off."""

    def __init__(self, manager: web.Server, patience: Patience, **more: Any) -> None:
        super().__init__(manager, keepalive_timeout=patience.idle, **more)
        self.patience = patience
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self.transport.set_write_buffer_limits(high=UNREAD)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take what has come. The headers of a request are to be complete some time after their first byte."""
        super().data_received(data)
        if self._messages or self._current_request is not None:
            if self._late is not None:
                self._late.cancel()
                self._late = None
        elif self._late is None:
            self._expect_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._late = asyncio.get_running_loop().call_later(self.patience.head, self._cut_off)

    def _cut_off(self) -> None:
        self._late = None
        if not self._messages and self._current_request is None:  # not one that began in the same turn of the loop
            self.force_close()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to a request that could not be read."""
        error: APIError = BadRequest("the request is no HTTP that this server understands")
        if isinstance(exc, BadHttpMethod):
            error = MethodNotAllowed("the server does not allow this method on the requested resource")
        body = msgspec.json.encode(error.status())
        response = web.Response(status=error.code, body=body, content_type="application/json")
        response.force_close()
        return response


class Server(web.Server):
    """Makes the connections."""

    def __init__(self, handle: Handle, patience: Patience, **more: Any) -> None:
        super().__init__(handle, **more)
        self._patience = patience

    def __call__(self) -> RequestHandler:
        return Connection(self, self._patience, loop=self._loop, **self._kwargs)


@asynccontextmanager
async def listening(
    handle: Handle, sockets: list[socket.socket], tls: ssl.SSLContext | None, patience: Patience = DEFAULT
) -> AsyncIterator[None]:
    """Serve on the sockets until left. Requests of clients that have gone are cancelled."""
    server = Server(
        handle,
        patience,
        access_log=None,
        handler_cancellation=True,
        auto_decompress=False,
        max_line_size=HEADER_LIMIT,
        max_field_size=HEADER_LIMIT,
        lingering_time=patience.rest,
        read_bufsize=LIMIT // 8,
    )
    loop = asyncio.get_running_loop()
    listeners = [await loop.create_server(server, sock=sock, ssl=tls, backlog=BACKLOG) for sock in sockets]
    try:
        yield
    finally:
        for listener in listeners:
            listener.close()
        server.pre_shutdown()
        await server.shutdown(1.0)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError, with the address in it, where that is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    found.setblocking(False)
    return found
