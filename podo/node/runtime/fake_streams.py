"""Sessions and connections of the fake runtime: queues instead of pipes."""

import asyncio

from podo.node.runtime.base import Chunk


class FakeSession:
    """What an echoing process would do: everything written comes back; its input's end ends it."""

    def __init__(self, output: bytes, exit_code: int, *, echo: bool) -> None:
        self._echo, self._exit_code = echo, exit_code
        self._chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self.sizes: list[tuple[int, int]] = []
        if output:
            self._chunks.put_nowait(Chunk(1, output))
        if not echo:
            self.end(exit_code)

    async def read(self) -> Chunk | None:
        chunk = await self._chunks.get()
        if chunk is None:
            self._chunks.put_nowait(None)  # an end stays an end
        return chunk

    async def write(self, data: bytes) -> None:
        if self._echo and not self._ended.is_set():
            self._chunks.put_nowait(Chunk(1, data))

    async def close_stdin(self) -> None:
        self.end(self._exit_code)

    async def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    async def wait(self) -> int:
        await self._ended.wait()
        return self._exit_code

    async def close(self) -> None:
        self.end(137)

    def end(self, exit_code: int) -> None:
        """The process has ended."""
        if not self._ended.is_set():
            self._exit_code = exit_code
            self._ended.set()
            self._chunks.put_nowait(None)


class FakeConnection:
    """An echo server."""

    def __init__(self) -> None:
        self._reader, self._closed = asyncio.StreamReader(), False

    async def read(self, limit: int = 65536) -> bytes:
        return await self._reader.read(limit)

    async def write(self, data: bytes) -> None:
        if self._closed:
            raise ConnectionResetError("the connection is closed")
        self._reader.feed_data(data)

    async def write_eof(self) -> None:
        if not self._closed:
            self._reader.feed_eof()

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._reader.feed_eof()
