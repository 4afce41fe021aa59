"""Asking a webhook: HTTPS to a URL, or to an endpoint of a Service."""

import asyncio
from typing import Any, NamedTuple, Protocol

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from podo.api.errors import APIError
from podo.server.outgoing.failures import answered, why
from podo.server.outgoing.services import Place
from podo.server.outgoing.trust import BundleError, trusting
from podo.server.strategy import Object

LIMIT = 32 << 20
"""Bytes of an answer that are read."""
HTTPS = 443


class CallError(Exception):
    """A webhook could not be asked; the message says why."""


class ServiceOf(NamedTuple):
    """The Service of a webhook."""

    namespace: str
    name: str
    port: int = HTTPS
    path: str = ""


class Target(NamedTuple):
    """Where a webhook is: `service`, or else `url`. `bundle` is the base64 of the certificates to trust."""

    url: str = ""
    service: ServiceOf | None = None
    bundle: str = ""


class Resolver(Protocol):
    """Finds endpoints of Services."""

    async def resolve(self, namespace: str, name: str, port: int) -> Place: ...


def target_of(config: Any) -> Target:
    """The target that a WebhookClientConfig (a Struct of any API group) describes."""
    if config is None:
        return Target()
    service = config.service
    if service is None:
        return Target(config.url, None, config.ca_bundle)
    port = service.port if service.port is not None else HTTPS
    return Target("", ServiceOf(service.namespace, service.name, port, service.path), config.ca_bundle)


class Webhooks:
    """Asks webhooks, over connections that are kept. `close` at the end."""

    def __init__(self, services: Resolver) -> None:
        self._services = services
        self._session: ClientSession | None = None

    async def ask(self, target: Target, review: Object, timeout: float) -> Object:
        """The answer to a review, within `timeout` seconds. Raises CallError."""
        url, server_name = address_of(target)
        shown = f"{url}?timeout={duration(timeout)}"
        try:
            async with asyncio.timeout(timeout):
                status, body = await self._post(target, URL(shown, encoded=True), server_name, review)
        except TimeoutError as error:
            raise CallError(f'Post "{shown}": context deadline exceeded') from error
        except (OSError, ClientError) as error:
            place = f"{URL(url).host}:{URL(url).port}"
            raise CallError(f'Post "{shown}": {why(error, place)}') from error
        except (APIError, BundleError) as error:
            raise CallError(f'Post "{shown}": {error}') from error
        if not 200 <= status < 300:
            raise CallError(answered(status, body))
        return _decoded(body)

    async def _post(self, target: Target, url: URL, server_name: str, review: Object) -> tuple[int, bytes]:
        if self._session is None:
            self._session = ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None))
        headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
        if target.service is not None:
            place = await self._services.resolve(target.service.namespace, target.service.name, target.service.port)
            headers["Host"] = f"{server_name}:{target.service.port}"
            url = url.with_host(place.host).with_port(place.port)
        async with self._session.post(
            url,
            data=msgspec.json.encode(review),
            headers=headers,
            ssl=trusting(target.bundle, server_name),
            server_hostname=server_name or None,
            allow_redirects=False,
        ) as answer:
            return answer.status, await _read(answer)

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()


async def _read(answer: ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > LIMIT:
            raise CallError(f"the answer is larger than {LIMIT} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def address_of(target: Target) -> tuple[str, str]:
    """(the URL as it is shown, the name that the server's certificate must have, "": the URL's)."""
    if target.service is None:
        return target.url, ""
    name = f"{target.service.name}.{target.service.namespace}.svc"
    path = target.service.path
    return f"https://{name}:{target.service.port}{path if path.startswith('/') or not path else f'/{path}'}", name


def duration(seconds: float) -> str:
    """A time as Go writes it, in whole seconds."""
    whole = max(1, -int(-seconds // 1))
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"


def _decoded(body: bytes) -> Object:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise CallError(f"couldn't get version/kind; json parse error: {error}") from error
    if not isinstance(found, dict):
        raise CallError("couldn't get version/kind; json parse error: the answer is no object")
    return found
