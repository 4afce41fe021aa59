"""Take an HTTP connection over after its request: answer 101 and speak another protocol (RFC 9110, section 7.8).

The server's side is aiohttp's request, the client's side a plain connection whose request is written here, since no
HTTP client hands its socket out.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

BUFFERED = 1024 * 1024
MAX_HEAD = 64 * 1024


class _Sink:
    """Stands where aiohttp expects a parser: gets every byte that comes in after the request."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._chunks, self._size = transport, deque[bytes](), 0
        self._paused, self._eof, self._changed = False, False, asyncio.Event()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._chunks.append(bytes(data))
        self._size += len(data)
        if self._size > BUFFERED and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._changed.set()
        return False, b""

    def feed_eof(self) -> None:
        self._eof = True
        self._changed.set()

    async def read(self) -> bytes:
        while not self._chunks and not self._eof:
            self._changed.clear()
            await self._changed.wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        if self._paused and self._size <= BUFFERED // 2:
            self._paused = False
            self._transport.resume_reading()
        return chunk


class TakenOver:
    """A `Duplex` over the connection of a request that was answered with 101."""

    def __init__(self, request: web.BaseRequest, response: web.StreamResponse, sink: _Sink) -> None:
        self._request, self._response, self._sink = request, response, sink

    async def read(self) -> bytes:
        return await self._sink.read()

    async def write(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        transport.write(data)
        await self._request.protocol._drain_helper()

    async def close(self) -> None:
        if (transport := self._request.transport) is not None:
            transport.close()


async def take_over(request: web.BaseRequest, headers: Mapping[str, str]) -> tuple[web.StreamResponse, TakenOver]:
    """Answer 101 with `headers`, and speak on; the response is what the handler must return in the end."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    sink = _Sink(transport)
    response = web.StreamResponse(status=101, headers=dict(headers))
    response.force_close()
    await response.prepare(request)
    request.protocol.set_parser(sink)  # type: ignore[arg-type]
    request.protocol.keep_alive(False)
    return response, TakenOver(request, response, sink)


class SocketDuplex:
    """A `Duplex` over an asyncio stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(64 * 1024)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class Head:
    """The head of an HTTP/1.1 answer; header names are lower case."""

    status: int
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str:
        """A header's value, or ""."""
        return next((value for key, value in self.headers if key == name), "")


async def request_upgrade(
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    target: str,
    headers: Iterable[tuple[str, str]],
    *,
    method: str = "GET",
    server_name: str = "",
    connection: socket.socket | None = None,
) -> tuple[Head, asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request that asks for another protocol; the answer's head, and the connection. Raises OSError.

    `server_name` is the name that the server's certificate must have ("": the host's). With `connection`, which is
    connected already, no other is made.
    """
    if connection is not None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_HEAD)
    else:
        name = server_name or None if context is not None else None
        reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=MAX_HEAD, server_hostname=name)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        head = await reader.readuntil(b"\r\n\r\n")
        return parse_head(head), reader, writer
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        writer.close()
        raise ConnectionResetError(f"{host}:{port} gave no HTTP answer") from error


def parse_head(raw: bytes) -> Head:
    """The head of an answer. Raises ValueError."""
    first, *rest = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(f"no HTTP answer: {first!r}")
    pairs = (line.partition(":") for line in rest)
    return Head(int(status), [(name.strip().lower(), value.strip()) for name, _, value in pairs])


async def join(one: Any, other: Any) -> None:
    """Carry bytes between two `Duplex` both ways until either ends."""
    tasks = {asyncio.ensure_future(_pump(a, b)) for a, b in ((one, other), (other, one))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await one.close()
        await other.close()


async def _pump(source: Any, target: Any) -> None:
    try:
        while data := await source.read():
            await target.write(data)
    except ConnectionError:
        pass  # the other direction ends as well
