"""Requests to one API server: who we are, where it is, and how a request looks as bytes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.connection import Answer, Connection
from podo.client import kubeconfig
from podo.client.transport import ssl_context

JSON = "application/json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Refused(Exception):
    """The server answered a preparing step with an error; the message has its words."""


@dataclass(frozen=True)
class Client:
    """Encodes requests, opens connections. `one` is for the steps that are not measured."""

    credentials: kubeconfig.Credentials
    tls: ssl.SSLContext | None = field(repr=False)
    cluster_cpu: Callable[[], float] = field(default=float, repr=False)
    """CPU seconds that the cluster has used so far; always 0 where its processes are not known."""

    @classmethod
    def from_kubeconfig(cls, path: Path, context: str = "") -> "Client":
        credentials = kubeconfig.load(path, context)
        secure = credentials.server.startswith("https:")
        return cls(credentials, ssl_context(credentials) if secure else None)

    def encode(
        self, method: str, path: str, body: bytes = b"", *, content: str = JSON, query: Mapping[str, str] | None = None
    ) -> bytes:
        """The bytes of a request."""
        target = f"{path}?{urlencode(query)}" if query else path
        lines = [f"{method} {target} HTTP/1.1", f"Host: {urlsplit(self.credentials.server).netloc}", f"Accept: {JSON}"]
        if self.credentials.token:
            lines.append(f"Authorization: Bearer {self.credentials.token}")
        if body or method in ("POST", "PUT", "PATCH"):
            lines += [f"Content-Type: {content}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """A connection of our own."""
        url = urlsplit(self.credentials.server)
        port = url.port or (443 if self.tls else 80)
        loop, host = asyncio.get_running_loop(), url.hostname or "localhost"
        name = (self.credentials.server_name or host) if self.tls else None
        _, connection = await loop.create_connection(Connection, host, port, ssl=self.tls, server_hostname=name)
        try:
            yield connection
        finally:
            connection.close()

    @asynccontextmanager
    async def connections(self, count: int) -> AsyncIterator[list[Connection]]:
        """So many connections, opened a few at a time, so as not to overrun the server's backlog."""
        async with AsyncExitStack() as stack:
            opened: list[Connection] = []
            while len(opened) < count:
                batch = range(min(32, count - len(opened)))
                opened += await asyncio.gather(*(stack.enter_async_context(self.connect()) for _ in batch))
            yield opened

    async def one(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: str = JSON,
        query: Mapping[str, str] | None = None,
        allow: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        """Do one request on a connection of its own. Raises Refused for a status of 400 and more not in `allow`."""
        data = json.dumps(body).encode() if body is not None else b""
        async with self.connect() as connection:
            answer = await connection.request(self.encode(method, path, data, content=content, query=query))
        if answer.status >= 400 and answer.status not in allow:
            raise Refused(f"{method} {path}: {words(answer)}")
        found = json.loads(answer.body) if answer.body.startswith(b"{") else {}
        return found if isinstance(found, dict) else {}


def words(answer: Answer) -> str:
    """What the server said, short."""
    try:
        said = json.loads(answer.body)["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.body[:200].decode(errors="replace")
    return f"{answer.status}: {said}"
