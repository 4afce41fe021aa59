"""Pipes, terminals and such as awaitable streams. No buffers of their own: who reads slowly slows the writer."""

import asyncio
import errno
import os
from collections.abc import Callable

CHUNK = 32768


async def ready_to_read(*fds: int) -> None:
    """Return when a read of one of them would not block."""
    loop = asyncio.get_running_loop()

    def add(wake: Callable[[], None]) -> None:
        for fd in fds:
            loop.add_reader(fd, wake)

    await _ready(add, lambda: [loop.remove_reader(fd) for fd in fds])


async def _ready(add: Callable[[Callable[[], None]], None], remove: Callable[[], object]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add(wake)
    try:
        await ready
    finally:
        remove()


def read_now(fd: int, limit: int = CHUNK) -> bytes | None:
    """What is there; None if there is nothing yet, b"" at the end. A terminal that nobody has open has ended too."""
    try:
        return os.read(fd, limit)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:
            return b""
        raise


class FdReader:
    """Reads a descriptor that stays its owner's to close."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd

    async def read(self) -> bytes:
        """Some bytes; b"" at the end."""
        while (data := read_now(self._fd)) is None:
            await ready_to_read(self._fd)
        return data


class FdWriter:
    """Writes to a descriptor that stays its owner's to close."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd

    async def write(self, data: bytes) -> None:
        """All of it. Raises BrokenPipeError when nobody reads any more."""
        view = memoryview(data)
        loop = asyncio.get_running_loop()
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                await _ready(lambda wake: loop.add_writer(self._fd, wake), lambda: loop.remove_writer(self._fd))
