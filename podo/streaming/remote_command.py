"""Exec and attach: a client's streams, over SPDY or over a WebSocket, and the loop that joins them to a process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from podo.streaming import channels
from podo.streaming.base import RemoteStreams
from podo.streaming.spdy import SpdyConnection, SpdyStream

SPDY_PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
OPENING = 30.0  # seconds in which a client must have opened its streams


class Process(Protocol):
    """What runs: `podo.node.runtime.base.Session` has this shape."""

    async def read(self) -> Any: ...

    async def write(self, data: bytes) -> None: ...

    async def close_stdin(self) -> None: ...

    async def resize(self, columns: int, rows: int) -> None: ...

    async def wait(self) -> int: ...

    async def close(self) -> None: ...


class SpdyStreams:
    """A client's streams over SPDY: each has a header that says which it is."""

    def __init__(self, connection: SpdyConnection, streams: dict[str, SpdyStream], protocol: str) -> None:
        self._connection, self._streams, self._protocol = connection, streams, protocol
        self._partial = b""

    async def stdin(self) -> bytes:
        stream = self._streams.get("stdin")
        return await stream.read() if stream else b""

    async def size(self) -> tuple[int, int] | None:
        stream = self._streams.get("resize")
        while stream and (data := await stream.read()):
            *lines, self._partial = (self._partial + data).split(b"\n")
            if not lines and (size := channels.parse_size(self._partial)):
                self._partial = b""
                return size
            for line in reversed(lines):
                if size := channels.parse_size(line):
                    return size
        return None

    async def output(self, stream: int, data: bytes) -> None:
        if target := self._streams.get("stdout" if stream == 1 else "stderr"):
            await target.write(data)

    async def finish(self, status: bytes) -> None:
        for name in ("stdout", "stderr"):
            if stream := self._streams.get(name):
                await stream.close()
        error = self._streams["error"]
        if self._protocol == "v4.channel.k8s.io":
            await error.write(status)
        elif (decoded := json.loads(status)).get("status") != "Success":
            await error.write(str(decoded.get("message", "")).encode())
        await error.close()
        await self._wait_for_goodbye()

    async def _wait_for_goodbye(self) -> None:
        """The client closes when it has read all; closing first could cut off what is under way."""
        try:
            async with asyncio.timeout(10):
                await self._connection.ended.wait()
        except TimeoutError:
            await self._connection.close()


async def collect_streams(connection: SpdyConnection, wanted: set[str], protocol: str) -> SpdyStreams:
    """Wait until the client has opened the streams that it said it wants. Raises TimeoutError, ConnectionError."""
    found: dict[str, SpdyStream] = {}
    async with asyncio.timeout(OPENING):
        while not wanted <= found.keys():
            stream = await connection.accept()
            if stream is None:
                raise ConnectionResetError("the client left before its streams were open")
            found[stream.headers.get("streamtype", "")] = stream
    return SpdyStreams(connection, found, protocol)


class ChannelStreams:
    """A client's streams over a WebSocket. `run` must run beside the users."""

    def __init__(self, socket: web.WebSocketResponse, protocol: str, *, stdin: bool) -> None:
        self._socket, self._protocol = socket, protocol
        self._stdin: asyncio.Queue[bytes] = asyncio.Queue(64)
        self._sizes: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue(16)
        self._wants_stdin, self._over = stdin, False

    async def run(self) -> None:
        """Take in messages until the client is gone."""
        async for message in self._socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            try:
                await self._take(*channels.decode(self._protocol, message.data))
            except ValueError:
                await self._socket.close(code=1003)
        await self._end()

    async def stdin(self) -> bytes:
        return await self._stdin.get()

    async def size(self) -> tuple[int, int] | None:
        return await self._sizes.get()

    async def output(self, stream: int, data: bytes) -> None:
        await self._send(stream, data)

    async def finish(self, status: bytes) -> None:
        if channels.has_status(self._protocol):
            await self._send(channels.ERROR, status)
        elif (decoded := json.loads(status)).get("status") != "Success":
            await self._send(channels.ERROR, decoded.get("message", "").encode())
        await self._socket.close()

    async def _send(self, channel: int, data: bytes) -> None:
        message = channels.encode(self._protocol, channel, data)
        try:
            if channels.is_text(self._protocol):
                await self._socket.send_str(message.decode())
            else:
                await self._socket.send_bytes(message)
        except RuntimeError as error:  # aiohttp's word for a closed WebSocket
            raise ConnectionResetError("the client is gone") from error

    async def _take(self, channel: int, data: bytes) -> None:
        if channel == channels.STDIN and self._wants_stdin and not self._over:
            if data:  # an empty one would read as the end
                await self._stdin.put(data)
        elif channel == channels.RESIZE and (size := channels.parse_size(data)):
            await self._sizes.put(size)
        elif channel == channels.CLOSE and data[:1] == bytes([channels.STDIN]):
            await self._end_stdin()

    async def _end_stdin(self) -> None:
        if not self._over:
            self._over = True
            await self._stdin.put(b"")

    async def _end(self) -> None:
        await self._end_stdin()
        await self._sizes.put(None)


async def serve(streams: RemoteStreams, process: Process, *, stdin: bool) -> None:
    """Join a client to a process until the process has ended, and tell the client how. The process is closed.

    Without `stdin` the process's input is left alone: an attach must not end it.
    """
    helpers = [asyncio.ensure_future(_follow_size(streams, process))]
    if stdin:
        helpers.append(asyncio.ensure_future(_feed(streams, process)))
    try:
        while chunk := await process.read():
            await streams.output(chunk.stream, chunk.data)
        await streams.finish(exit_status(await process.wait()))
    except ConnectionError:
        pass  # the client is gone; whoever opened the process lets go of it
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await process.close()


async def _feed(streams: RemoteStreams, process: Process) -> None:
    while data := await streams.stdin():
        await process.write(data)
    await process.close_stdin()


async def _follow_size(streams: RemoteStreams, process: Process) -> None:
    while size := await streams.size():
        await process.resize(*size)


def exit_status(code: int) -> bytes:
    """The Status that tells a client how its command ended."""
    if code == 0:
        return b'{"metadata":{},"status":"Success"}'
    return failure_status(
        f"command terminated with non-zero exit code: exit status {code}",
        reason="NonZeroExitCode",
        details={"causes": [{"reason": "ExitCode", "message": str(code)}]},
    )


def failure_status(message: str, *, reason: str = "InternalError", details: dict[str, Any] | None = None) -> bytes:
    """The Status of a command that failed, or could not be started."""
    body: dict[str, Any] = {"metadata": {}, "status": "Failure", "message": message, "reason": reason}
    if details:
        body["details"] = details
    return json.dumps(body | ({} if details else {"code": 500})).encode()


async def beside(work: Callable[[], Awaitable[None]], feeding: Callable[[], Awaitable[None]]) -> None:
    """Run `work` and beside it `feeding`, which takes in what the client sends: either ends with the other.

    When `feeding` ends first, the client is gone, and `work` is cancelled. Raises what `work` raises.
    """
    tasks = working, _ = asyncio.ensure_future(work()), asyncio.ensure_future(feeding())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if not working.cancelled() and (error := working.exception()) is not None:
        raise error
