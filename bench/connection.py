"""An HTTP/1.1 client that costs little: prepared bytes out, status and body in, one request at a time.

The server under test is to be the bottleneck, so nothing is parsed that no measure needs. Of no use for anything else.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

_STATUS = slice(9, 12)  # of "HTTP/1.1 200 OK"
_BODILESS = (204, 304)


class Answer(NamedTuple):
    status: int
    body: bytes


class Broken(ConnectionError):
    """The server closed the connection before it had answered."""


class Connection(asyncio.Protocol):
    """One kept connection. A streamed answer's bytes go to `stream` as they come, if that is set."""

    def __init__(self) -> None:
        self.stream: Callable[[bytes], None] | None = None
        self._buffer = bytearray()
        self._body: list[bytes] = []
        self._left = 0  # bytes of a body (or of a chunk) that are still to come
        self._status = 0  # 0: before the headers
        self._chunked = False
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def request(self, data: bytes) -> asyncio.Future[Answer]:
        """Send a whole request; its answer, to be awaited before the next."""
        if self._transport is None or self._transport.is_closing():
            raise Broken("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return self._answer

    def close(self) -> None:
        """Drop the connection, whatever it waits for."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's TLS transport is of no such class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(str(exc or "the server closed the connection")))
            self._answer.exception()  # retrieved: nobody may be waiting any more

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._head() if not self._status else self._chunk() if self._chunked else self._rest():
            pass

    def _head(self) -> bool:
        """Take the headers; False if they are not whole yet."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._buffer[:end]).lower()
        del self._buffer[: end + 4]
        self._status = int(head[_STATUS])
        self._chunked = b"\r\ntransfer-encoding: chunked" in head
        self._left = 0 if self._chunked or self._status in _BODILESS else _content_length(head)
        return True

    def _rest(self) -> bool:
        """Take a body of known length; False if it is not whole yet."""
        if len(self._buffer) < self._left:
            return False
        self._body.append(bytes(self._buffer[: self._left]))
        del self._buffer[: self._left]
        return self._finish()

    def _chunk(self) -> bool:
        """Take one chunk; False if it is not whole yet."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        size = int(bytes(self._buffer[:end]).partition(b";")[0], 16)
        if len(self._buffer) < end + 2 + size + 2:
            return False
        chunk = bytes(self._buffer[end + 2 : end + 2 + size])
        del self._buffer[: end + 2 + size + 2]
        if not size:
            return self._finish()
        if self.stream is not None:
            self.stream(chunk)
        else:
            self._body.append(chunk)
        return True

    def _finish(self) -> bool:
        answer = Answer(self._status, b"".join(self._body))
        self._body.clear()
        self._status = 0
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
        return bool(self._buffer)


def _content_length(head: bytes) -> int:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    start += len(b"\r\ncontent-length:")
    end = head.find(b"\r\n", start)
    return int(head[start : end if end >= 0 else None])
