"""Answers on the wire: each whole one goes out as one write of status line, headers and body."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from podo.server.answer import PIECE, Answer, Compressed, Pieces, gzipped
from podo.server.http.patience import patience_with, room
from podo.server.http.request_keys import HEAD

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
CACHE = b"Cache-Control: no-cache, private\r\n"
GZIP_FROM = 128 << 10


class Whole(web.StreamResponse):
    """A complete answer as bytes, headers included."""

    def __init__(self, status: int, head: bytes, body: bytes | Pieces, *, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._head, self._whole_body, self._keeps = head, body, keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._keeps

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write it. Raises ConnectionError when the client is gone."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        body = self._whole_body
        if isinstance(body, bytes) and len(body) <= PIECE:
            transport.write(self._head + body)
            if request.protocol.writing_paused:
                await room(request)
            return None
        transport.write(self._head)
        until = asyncio.get_running_loop().time() + patience_with(request).reading
        for piece in body if isinstance(body, Pieces) else _pieces(body):
            if transport.is_closing():
                raise ConnectionResetError("the client is gone")
            transport.write(piece)
            await room(request, until)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""
        self._eof_sent = True


def _pieces(body: bytes) -> Iterator[memoryview]:
    view = memoryview(body)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))


class _Date:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._second, self._line = 0, b""

    def line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))
            self._second, self._line = second, b"Date: %b\r\n" % moment.encode()
        return self._line


_date = _Date()


def head_lines(
    status: int, media_type: str, headers: Mapping[str, str], warnings: Iterable[str], head: bytes = b""
) -> list[bytes]:
    """Status line and headers, but for the length and the empty line. `head` has whole lines that go first."""
    lines = [STATUS_LINES[status], head]
    if "Cache-Control" not in headers:
        lines.append(CACHE)
    if media_type:
        lines.append(b"Content-Type: %b\r\n" % media_type.encode())
    lines.append(_date.line())
    lines += [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
    lines += [f"Warning: {warning_value(text)}\r\n".encode() for text in warnings]
    return lines


def warning_value(text: str) -> str:
    """A Warning header's value (RFC 7234): code 299, no agent, the text in quotes."""
    clean = "".join(c if c.isprintable() else " " for c in text).replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{clean}"'


async def whole(request: web.BaseRequest, answer: Answer, warnings: Iterable[str] = ()) -> Whole:
    """The response that sends `answer`; compressed if it is large and the client wants it so."""
    status, body, media_type, headers = answer
    lines = head_lines(status, media_type, headers, warnings, request.get(HEAD, b""))
    if len(body) > GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = body.zipped if isinstance(body, Compressed) else await asyncio.to_thread(_gzip, body)
        lines.append(b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n")
    if not request.keep_alive:
        lines.append(b"Connection: close\r\n")
    lines.append(b"Content-Length: %d\r\n\r\n" % len(body))
    if request.method == "HEAD":
        body = b""
    return Whole(status, b"".join(lines), body, keep_alive=bool(request.keep_alive))


def _gzip(body: bytes | Pieces) -> bytes:
    return gzipped((body,) if isinstance(body, bytes) else body)
