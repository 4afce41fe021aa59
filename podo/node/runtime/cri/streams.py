"""The streams of a runtime's streaming server (SPDY/3.1, as kubectl speaks it), as sessions and connections of ours."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from podo.node.runtime.base import Chunk, RuntimeFailure
from podo.streaming.spdy import SpdyConnection, SpdyStream
from podo.streaming.spdy_frames import SpdyError
from podo.streaming.takeover import SocketDuplex, request_upgrade

Dial = Callable[[str, int], Awaitable[socket.socket]]
"""Connect to an address as a process beside the runtime would. Raises OSError."""
COMMANDS, PORTS = "v4.channel.k8s.io", "portforward.k8s.io"
WAITING = 16  # chunks of output that wait
CUT_OFF = 137  # the exit code of what we let go of


async def connect(url: str, protocol: str, dial: Dial) -> tuple[SpdyConnection, "asyncio.Task[None]"]:
    """A connection to what a runtime answered Exec, Attach or PortForward with. Raises RuntimeFailure."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    headers = [
        ("Host", parts.netloc),
        ("Connection", "Upgrade"),
        ("Upgrade", "SPDY/3.1"),
        ("X-Stream-Protocol-Version", protocol),
        ("Content-Length", "0"),
    ]
    if parts.scheme not in ("", "http"):
        raise RuntimeFailure(f"the runtime streams over {parts.scheme}, which podo does not: {url}")
    try:
        opened = await dial("127.0.0.1" if host in ("::", "0.0.0.0") else host, port)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head, reader, writer = await request_upgrade(
            host, port, None, target, headers, method="POST", connection=opened
        )
    except OSError as error:
        raise RuntimeFailure(f"the runtime's streaming server cannot be reached at {url}: {error}") from error
    if head.status != 101:
        writer.close()
        raise RuntimeFailure(f"the runtime's streaming server answered {head.status}")
    connection = SpdyConnection(SocketDuplex(reader, writer), client=True)
    return connection, asyncio.create_task(_run(connection))


async def _run(connection: SpdyConnection) -> None:
    with suppress(SpdyError):
        await connection.run()


async def open_command(url: str, wanted: Mapping[str, bool], *, tty: bool, dial: Dial) -> "RemoteSession":
    """A session over the streams that are wanted: stdin, stdout, stderr. Raises RuntimeFailure."""
    connection, running = await connect(url, COMMANDS, dial)
    names = ["error", *(name for name, on in wanted.items() if on), *(["resize"] if tty else [])]
    try:
        streams = {name: await connection.open({"streamtype": name}) for name in names}
    except ConnectionError as error:
        await connection.close()
        raise RuntimeFailure(f"the runtime refused a stream: {error}") from error
    return RemoteSession(connection, streams, running)


class RemoteSession:
    """Implements `Session`. When a client leaves, a command that does not read its input runs on: so it is with CRI."""

    def __init__(
        self, connection: SpdyConnection, streams: Mapping[str, SpdyStream], running: "asyncio.Task[None]"
    ) -> None:
        self._connection, self._streams = connection, streams
        self._chunks: asyncio.Queue[Chunk | None] = asyncio.Queue(WAITING)
        self._ended: asyncio.Future[int] | None = None
        self._closed = False
        outputs = [(1, "stdout"), (2, "stderr")]
        read = {number: streams[name] for number, name in outputs if name in streams}
        self._tasks = [running, asyncio.create_task(self._collect(read))]

    async def read(self) -> Chunk | None:
        chunk = await self._chunks.get()
        if chunk is None:
            self._chunks.put_nowait(None)  # the end stays the end
        return chunk

    async def write(self, data: bytes) -> None:
        if stream := self._streams.get("stdin"):
            with suppress(ConnectionError):
                await stream.write(data)

    async def close_stdin(self) -> None:
        if stream := self._streams.get("stdin"):
            with suppress(ConnectionError):
                await stream.close()

    async def resize(self, columns: int, rows: int) -> None:
        if stream := self._streams.get("resize"):
            with suppress(ConnectionError):
                await stream.write(json.dumps({"Width": columns, "Height": rows}).encode() + b"\n")

    async def wait(self) -> int:
        """The exit code. Raises RuntimeFailure if the command could not be started."""
        if self._ended is None:
            self._ended = asyncio.ensure_future(self._status())
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        self._closed = True
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(asyncio.QueueFull):
            self._chunks.put_nowait(None)

    async def _pump(self, number: int, stream: SpdyStream) -> None:
        while data := await stream.read():
            await self._chunks.put(Chunk(number, data))

    async def _collect(self, outputs: Mapping[int, SpdyStream]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number, stream in outputs.items():
                tasks.create_task(self._pump(number, stream))
        await self._chunks.put(None)

    async def _status(self) -> int:
        text = b""
        while data := await self._streams["error"].read():
            text += data
        return exit_code(text) if text or not self._closed else CUT_OFF


def exit_code(status: bytes) -> int:
    """What a command's Status says (an empty one: all went well). Raises RuntimeFailure if it never ran."""
    try:
        told = json.loads(status or b"{}")
    except ValueError:
        raise RuntimeFailure(status.decode(errors="replace")) from None
    if told.get("status", "Success") == "Success":
        return 0
    for cause in (told.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise RuntimeFailure(told.get("message") or "the command failed")


async def open_port(url: str, port: int, *, dial: Dial) -> "PortStream":
    """A connection to a port of a sandbox. Raises RuntimeFailure."""
    connection, running = await connect(url, PORTS, dial)
    try:
        marks = {"port": str(port), "requestid": "0"}
        error = await connection.open({"streamtype": "error"} | marks)
        await error.close()
        data = await connection.open({"streamtype": "data"} | marks)
    except ConnectionError as failed:
        await connection.close()
        raise RuntimeFailure(f"the runtime refused port {port}: {failed}") from failed
    return PortStream(connection, data, running)


class PortStream:
    """Implements `Connection`."""

    def __init__(self, connection: SpdyConnection, data: SpdyStream, running: "asyncio.Task[None]") -> None:
        self._connection, self._data, self._running, self._rest = connection, data, running, b""

    async def read(self, limit: int = 65536) -> bytes:
        data = self._rest or await self._data.read()
        self._rest = data[limit:]
        return data[:limit]

    async def write(self, data: bytes) -> None:
        await self._data.write(data)

    async def write_eof(self) -> None:
        with suppress(ConnectionError):
            await self._data.close()

    async def close(self) -> None:
        await self._connection.close()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
