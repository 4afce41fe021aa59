"""A SPDY/3.1 connection: streams that either side opens, over any `Duplex`."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping

from podo.streaming.base import Duplex
from podo.streaming.spdy_frames import (
    CANCEL,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Data,
    Frame,
    FrameCodec,
    GoAway,
    Headers,
    Open,
    Ping,
    Reply,
    Reset,
    SpdyError,
)

CHUNK = 32 * 1024  # bytes of data a frame, so that streams take turns
BUFFERED = 4 * 1024 * 1024  # bytes that wait in one stream before the connection is read no further
MAX_STREAMS = 1000


class SpdyStream:
    """One stream. `read` from one task."""

    def __init__(self, connection: "SpdyConnection", number: int, headers: Headers) -> None:
        self.number, self.headers = number, headers
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._size, self._eof, self._reset, self._closed = 0, False, False, False
        self._changed, self._drained = asyncio.Event(), asyncio.Event()
        self.accepted = asyncio.Event()

    async def read(self) -> bytes:
        """The next bytes; b"" at the end, or when the stream was reset."""
        while not self._chunks and not self._eof:
            self._changed.clear()
            await self._changed.wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        self._drained.set()
        return chunk

    async def write(self, data: bytes) -> None:
        """Send all of it. Raises ConnectionError when the stream or the connection is gone."""
        if self._closed or self._reset:
            raise ConnectionResetError(f"stream {self.number} is closed")
        for start in range(0, len(data), CHUNK):
            await self._connection.send(Data(self.number, data[start : start + CHUNK]))

    async def close(self) -> None:
        """End our side. May be repeated."""
        if not self._closed:
            self._closed = True
            if not self._reset:
                await self._connection.send(Data(self.number, b"", fin=True))
            self._connection.forget(self)

    async def reset(self) -> None:
        """End both sides at once."""
        if not self._reset:
            self.fail()
            await self._connection.send(Reset(self.number, CANCEL))

    @property
    def is_over(self) -> bool:
        """Whether both sides have ended."""
        return self._reset or (self._closed and self._eof)

    async def put(self, data: bytes, *, fin: bool) -> None:
        """For the connection: what came in. Waits while too much is unread."""
        if data:
            self._chunks.append(data)
            self._size += len(data)
        self._eof = self._eof or fin
        self._changed.set()
        while self._size > BUFFERED and not self.is_over:
            self._drained.clear()
            await self._drained.wait()

    def fail(self) -> None:
        """For the connection: the stream was reset, or the connection ended."""
        self._reset = self._eof = True
        self._changed.set()
        self._drained.set()
        self.accepted.set()
        self._connection.forget(self)


class SpdyConnection:
    """One end. `run` must run beside the users of its streams; it returns when the connection ends.

    A server's streams have even numbers, a client's odd ones.
    """

    def __init__(self, duplex: Duplex, *, client: bool = False) -> None:
        self._duplex, self._codec = duplex, FrameCodec()
        self._streams: dict[int, SpdyStream] = {}
        self._next = 1 if client else 2
        self._peer_parity = 0 if client else 1
        self._opened: asyncio.Queue[SpdyStream | None] = asyncio.Queue()
        self._sending = asyncio.Lock()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Take in frames until the connection ends. Raises SpdyError when the other side breaks the protocol."""
        try:
            while data := await self._duplex.read():
                for frame in self._frames(data):
                    await self._take(frame)
        except ConnectionError:
            pass  # it ended all the same
        finally:
            self.ended.set()
            self._opened.put_nowait(None)
            for stream in list(self._streams.values()):
                stream.fail()
            await self._duplex.close()

    async def accept(self) -> SpdyStream | None:
        """The next stream that the other side opens; None when there will be none any more."""
        return await self._opened.get()

    async def open(self, headers: Mapping[str, str]) -> SpdyStream:
        """Open a stream, and wait until it is accepted. Raises ConnectionError."""
        stream = SpdyStream(self, self._next, headers)
        self._next += 2
        self._streams[stream.number] = stream
        await self.send(Open(stream.number, headers))
        await stream.accepted.wait()
        if stream.is_over:
            raise ConnectionResetError(f"stream {stream.number} was refused")
        return stream

    async def send(self, frame: Frame) -> None:
        """Send one frame. Raises ConnectionError."""
        async with self._sending:
            await self._duplex.write(self._codec.encode(frame))

    async def close(self) -> None:
        """End the connection; `run` returns."""
        await self._duplex.close()

    def forget(self, stream: SpdyStream) -> None:
        """For streams: this one has ended on both sides, or may have."""
        if stream.is_over:
            self._streams.pop(stream.number, None)

    def _frames(self, data: bytes) -> Iterator[Frame]:
        return self._codec.feed(data)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case Open(number, headers, fin):
                await self._accept(number, headers, fin)
            case Data(number, data, fin):
                if stream := self._streams.get(number):
                    await stream.put(data, fin=fin)
                    self.forget(stream)
            case Reply(number):
                if stream := self._streams.get(number):
                    stream.accepted.set()
            case Reset(number):
                if stream := self._streams.get(number):
                    stream.fail()
            case Ping(number):
                if number % 2 == self._peer_parity:  # else it is the answer to one of ours
                    await self.send(frame)
            case GoAway():
                self._opened.put_nowait(None)

    async def _accept(self, number: int, headers: Headers, fin: bool) -> None:
        if number % 2 != self._peer_parity or number in self._streams:
            await self.send(GoAway(number, PROTOCOL_ERROR))
            raise SpdyError(f"stream number {number} is not the other side's to choose")
        if len(self._streams) >= MAX_STREAMS:
            await self.send(Reset(number, REFUSED_STREAM))
            return
        stream = self._streams[number] = SpdyStream(self, number, headers)
        await self.send(Reply(number))
        await stream.put(b"", fin=fin)
        self._opened.put_nowait(stream)
