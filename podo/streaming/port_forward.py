"""Port-forward: connections to ports of a Pod, over SPDY, over SPDY inside a WebSocket, or over channels.

Over SPDY a forwarded connection is a pair of streams with one requestID, `data` and `error` (KEP-4006 carries the same
bytes in WebSocket messages). Over channels the ports are fixed by the request: channel 2i has data, 2i+1 errors, and
each begins with its port as two bytes, low byte first.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import WSMsgType, web

from podo.streaming.spdy import SpdyConnection, SpdyStream

SPDY_PROTOCOL = "portforward.k8s.io"
TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io"
CHANNEL_PROTOCOLS = ("v4.channel.k8s.io", "portforward.k8s.io")
PAIRING = 30.0  # seconds in which the second stream of a pair must come


class Port(Protocol):
    """A connection to a port in a Pod: `podo.node.runtime.base.Connection` has this shape."""

    async def read(self, limit: int = 65536) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    async def write_eof(self) -> None: ...

    async def close(self) -> None: ...


Connect = Callable[[int], Awaitable[Port]]
"""Connects to a port of the Pod. Raises an exception whose text the user sees."""


class SocketTunnel:
    """A `Duplex` in the binary messages of a WebSocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.BINARY and message.data:
                return bytes(message.data)
            if message.type is not WSMsgType.BINARY:
                return b""

    async def write(self, data: bytes) -> None:
        try:
            await self._socket.send_bytes(data)
        except RuntimeError as error:
            raise ConnectionResetError("the client is gone") from error

    async def close(self) -> None:
        await self._socket.close()


async def serve_spdy(connection: SpdyConnection, connect: Connect) -> None:
    """Forward until the connection ends; its `run` must run beside this."""
    waiting: dict[str, SpdyStream] = {}
    async with asyncio.TaskGroup() as tasks:
        while stream := await connection.accept():
            identity = stream.headers.get("requestid") or stream.headers.get("port", "")
            other = waiting.pop(identity, None)
            if other is None:
                waiting[identity] = stream
                continue
            pair = {s.headers.get("streamtype"): s for s in (stream, other)}
            if pair.keys() != {"data", "error"}:
                await stream.reset()
                await other.reset()
                continue
            tasks.create_task(_serve_pair(pair["data"], pair["error"], connect))


async def _serve_pair(data: SpdyStream, error: SpdyStream, connect: Connect) -> None:
    try:
        port = await connect(parse_port(data.headers.get("port", "")))
    except (OSError, ValueError, RuntimeError, LookupError) as failure:
        await _say(error, str(failure))
        await _quietly(data.reset())
        return
    inward = asyncio.ensure_future(_inward(data.read, port))
    try:
        while chunk := await port.read():
            await data.write(chunk)
        await _quietly(data.close())
        await inward
    except ConnectionError:
        pass  # one side is gone, so the other goes
    finally:
        inward.cancel()
        await asyncio.gather(inward, return_exceptions=True)
        await port.close()
        await _quietly(error.close())
        await _quietly(data.reset() if not data.is_over else data.close())


def parse_port(text: str) -> int:
    """A port number. Raises ValueError."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"{text!r} is no port")
    return int(text)


async def serve_channels(socket: web.WebSocketResponse, ports: Sequence[int], connect: Connect) -> None:
    """Forward the ports that the request names until the client is gone."""
    inputs: list[asyncio.Queue[bytes]] = [asyncio.Queue(16) for _ in ports]
    async with asyncio.TaskGroup() as tasks:
        running = []
        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))
            running.append(tasks.create_task(_serve_channel(socket, index, port, inputs[index], connect)))
        async for message in socket:
            if message.type is not WSMsgType.BINARY or len(message.data) < 2:
                continue
            index, is_error = divmod(message.data[0], 2)
            if not is_error and index < len(ports):
                await inputs[index].put(bytes(message.data[1:]))
        for task in running:
            task.cancel()


async def _serve_channel(
    socket: web.WebSocketResponse, index: int, port: int, given: "asyncio.Queue[bytes]", connect: Connect
) -> None:
    try:
        target = await connect(port)
    except (OSError, ValueError, RuntimeError, LookupError) as failure:
        await socket.send_bytes(bytes([2 * index + 1]) + str(failure).encode())
        return
    inward = asyncio.ensure_future(_inward(given.get, target))
    try:
        while chunk := await target.read():
            await socket.send_bytes(bytes([2 * index]) + chunk)
        await socket.close()
    except (ConnectionError, RuntimeError):
        pass  # the client is gone
    finally:
        inward.cancel()
        await asyncio.gather(inward, return_exceptions=True)
        await target.close()


async def _inward(read: Callable[[], Awaitable[bytes]], port: Port) -> None:
    try:
        while chunk := await read():
            await port.write(chunk)
        await port.write_eof()
    except ConnectionError:
        pass  # the port no longer reads; what it still writes is forwarded


async def _say(error: SpdyStream, text: str) -> None:
    await _quietly(error.write(text.encode()))
    await _quietly(error.close())


async def _quietly(sending: Awaitable[None]) -> None:
    try:
        await sending
    except ConnectionError:
        pass  # the client is gone: there is nobody to tell
