"""Requests and answers over HTTPS: the one file of the client that knows aiohttp, imported when first needed."""

import os
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from podo.api.errors import APIError, ServiceUnavailable, from_status
from podo.client.kubeconfig import Credentials

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
USER_TIMEOUT_MS = 30_000  # unacknowledged data: the peer is gone


@dataclass(frozen=True)
class Request:
    """A request; `body` None sends none."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content: str = "application/json"
    accept: str = "application/json"


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end. `retry_after`: the server asks to come again after so many seconds."""

    status: int
    body: bytes
    retry_after: float | None = None


class Transport:
    """Kept connections to one server. Whatever goes wrong on the way is ServiceUnavailable."""

    def __init__(
        self, credentials: Credentials, *, agent: str = "podo", token: Callable[[], Awaitable[str]] | None = None
    ) -> None:
        """`token` gives the token in the credentials' place, for one that changes."""
        self._credentials, self._agent, self._changing = credentials, agent, token
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Answer:
        """The answer to `request`. One that may be sent twice is, if a kept connection turns out to be closed."""
        import aiohttp

        for last in (False, True):
            try:
                async with self._open(request, ANSWER_SECONDS, ANSWER_SECONDS) as response:
                    return Answer(response.status, await response.read(), _retry_after(response.headers))
            except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
                if last or request.method not in IDEMPOTENT:
                    raise self._unreachable(error) from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise self._unreachable(error) from error
        raise AssertionError("unreachable")

    async def lines(self, request: Request, *, silence: float) -> AsyncIterator[bytes]:
        """The lines of a streamed answer, however long they are. An answer of 400 and more raises its failure.

        A server that sends nothing for `silence` seconds counts as gone.
        """
        import aiohttp

        try:
            async with self._open(request, None, silence) as response:
                if response.status >= 400:
                    raise error_of(Answer(response.status, await response.read()))
                async for line in _split(response.content.iter_any()):
                    yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def _open(
        self, request: Request, total: float | None, silence: float
    ) -> AsyncIterator["aiohttp.ClientResponse"]:
        import aiohttp

        headers = {"Accept": request.accept, "User-Agent": self._agent}
        if request.body is not None:
            headers["Content-Type"] = request.content
        if token := await self._changing() if self._changing else self._token():
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_SECONDS, sock_read=silence)
        async with self._sessions().request(
            request.method,
            self._credentials.server + request.path,
            params=request.query,
            data=request.body,
            headers=headers,
            timeout=timeout,
            server_hostname=self._credentials.server_name or None,
            allow_redirects=False,
        ) as response:
            yield response

    def _sessions(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            secure = self._credentials.server.startswith("https:")
            connector = aiohttp.TCPConnector(
                limit=0,
                ssl=ssl_context(self._credentials) if secure else True,
                socket_factory=_socket,
                keepalive_timeout=60,
            )
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        return self._session

    def _token(self) -> str:
        if self._credentials.token_file:  # read each time: it is replaced before it expires
            try:
                return Path(self._credentials.token_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ServiceUnavailable(f"cannot read the token: {error}") from error
        return self._credentials.token

    def _unreachable(self, error: BaseException) -> ServiceUnavailable:
        return ServiceUnavailable(f"cannot reach {self._credentials.server}: {str(error) or type(error).__name__}")


def ssl_context(credentials: Credentials) -> ssl.SSLContext:
    """What the connections trust and show. Raises ssl.SSLError for certificates and keys that are none."""
    context = ssl.create_default_context(cadata=credentials.ca or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on from Python 3.13; what Go's clients take, we take
    if credentials.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if credentials.certificate:
        descriptor, name = tempfile.mkstemp(prefix="podo-")  # the ssl module reads keys from files only; mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{credentials.certificate}\n{credentials.key}")
            context.load_cert_chain(name)
        finally:
            Path(name).unlink()
    return context


def _socket(address: Any) -> socket.socket:
    """A socket whose peer's death is noticed also when nothing is sent."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        made.setsockopt(socket.IPPROTO_TCP, option, value)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


async def _split(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines in a stream of chunks, without their ends and without empty ones."""
    rest: list[bytes] = []
    async for chunk in chunks:
        *lines, tail = chunk.split(b"\n")
        for line in lines:
            if whole := b"".join([*rest, line]):
                yield whole
            rest.clear()
        if tail:
            rest.append(tail)


def error_of(answer: Answer) -> APIError:
    """The failure that an answer of 400 and more tells of; what is no Status was sent by something in between."""
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        body = None
    if isinstance(body, dict) and body.get("kind") == "Status":
        return from_status(body)
    text = answer.body[:500].decode(errors="replace").strip() or "no text"
    if answer.status in (502, 503, 504):
        return ServiceUnavailable(text)
    error = APIError(text)
    error.code, error.reason = answer.status, ""
    return error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers["Retry-After"])
    except (KeyError, ValueError):
        return None
