"""The listening side of the node API: TLS, who asks, and the table of paths."""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

import msgspec
from aiohttp import web

from podo.api.errors import APIError, Forbidden, NotFound, Unauthorized
from podo.clock import Clock
from podo.node.api.query import Parameters
from podo.node.runtime.base import Runtime, RuntimeFailure

log = logging.getLogger(__name__)
LINE = 64 << 10
"""Bytes of one line of a request's head: a command is part of the first."""
Answer = Callable[["Request"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Caller:
    """Who asks, by a client certificate or a token; nobody without either."""

    name: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""


@dataclass(frozen=True)
class Request:
    """A request on its way to the module that answers it."""

    http: web.BaseRequest
    parts: tuple[str, ...]  # the path's segments after the first
    query: Parameters
    caller: Caller


@dataclass(frozen=True, kw_only=True)
class NodeAPIConfig:
    """Where to listen, and with which certificate; `authority` signs the certificates of those who may ask."""

    address: str
    port: int = 10250
    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Node:
    """What the paths answer from."""

    runtime: Runtime
    clock: Clock


Allowed = Callable[[Caller, str, str], Awaitable[bool]]
"""(who, HTTP method, path) -> may they."""
Identify = Callable[[str], Awaitable[Caller]]
"""Who a token is of; "" is nobody's."""


async def masters_only(caller: Caller, method: str, path: str) -> bool:
    """The API server and administrators."""
    return "system:masters" in caller.groups


async def nobody(token: str) -> Caller:
    """No token is anybody's."""
    return Caller()


class NodeAPI:
    """Answers requests by the first segment of their path."""

    def __init__(
        self, paths: Mapping[str, Answer], allowed: Allowed = masters_only, identify: Identify = nobody
    ) -> None:
        self._paths, self._allowed, self._identify = paths, allowed, identify

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        first, *rest = (unquote(part) for part in path.strip("/").split("/"))
        try:
            caller = caller_of(request) or await self._identify(token_of(request))
            await self._check(caller, request.method, path)
            if (answer := self._paths.get(first)) is None:
                raise NotFound(f"the node API has no path {path}")
            parameters = parse_qs(query, keep_blank_values=True)
            return await answer(Request(request, tuple(rest), parameters, caller))
        except APIError as error:
            return plain(str(error), error.code)
        except RuntimeFailure as error:
            return plain(str(error), 500)

    async def _check(self, caller: Caller, method: str, path: str) -> None:
        if not caller.name:
            raise Unauthorized("Unauthorized")
        if not await self._allowed(caller, method, path):
            raise Forbidden(f"Forbidden (user={caller.name}, method={method}, path={path})")


def caller_of(request: web.BaseRequest) -> Caller | None:
    """Who the client certificate names; TLS has checked that the authority signed it. None without one."""
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    pairs = [pair for part in (certificate or {}).get("subject", ()) for pair in part]
    name = next((value for key, value in pairs if key == "commonName"), "")
    return Caller(name, tuple(value for key, value in pairs if key == "organizationName")) if name else None


def token_of(request: web.BaseRequest) -> str:
    """The bearer token that the request shows, or ""."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def plain(text: str, status: int = 200) -> web.Response:
    """An answer in plain text, as the kubelet's are."""
    return web.Response(text=text, status=status)


def json_answer(body: object) -> web.Response:
    """An answer in JSON."""
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


@asynccontextmanager
async def serving(api: NodeAPI, config: NodeAPIConfig) -> AsyncIterator[int]:
    """Serve meanwhile; yields the port. Raises OSError if it is taken."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(config.authority))
    context.load_cert_chain(config.certificate, config.key)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = web.Server(api, access_log=None, max_line_size=LINE, max_field_size=LINE)
    runner = web.ServerRunner(server, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.address, config.port, ssl_context=context)
        await site.start()
        assert site._server is not None
        yield site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()
