"""The streams of a container's own first process, by conmon's attach socket (one packet a chunk, its kind first)."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from podo.node.runtime.base import Chunk, RuntimeFailure
from podo.node.runtime.conmon import ATTACH, control, resized

PACKET = 8193  # conmon's buffer and the byte before it
STDOUT, STDERR = 2, 3


class AttachSession:
    """Implements `Session`. Letting go leaves the container running."""

    def __init__(
        self, connection: socket.socket, bundle: Path, ended: Callable[[], Awaitable[int]], *, keeps_input: bool = False
    ) -> None:
        """`keeps_input`: the end of what the client sends ends the session, but not the container's input."""
        self._connection, self._bundle, self._ended = connection, bundle, ended
        self._keeps_input, self._let_go = keeps_input, False

    async def read(self) -> Chunk | None:
        loop = asyncio.get_running_loop()
        try:
            packet = await loop.sock_recv(self._connection, PACKET)
        except ConnectionResetError:
            return None
        return Chunk(2 if packet[0] == STDERR else 1, packet[1:]) if packet else None

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            for at in range(0, len(data), PACKET - 1):
                await loop.sock_sendall(self._connection, data[at : at + PACKET - 1])
        except (BrokenPipeError, ConnectionResetError):
            return

    async def close_stdin(self) -> None:
        self._let_go = self._keeps_input
        try:
            self._connection.shutdown(socket.SHUT_RDWR if self._let_go else socket.SHUT_WR)
        except OSError:  # the other side is gone
            return

    async def resize(self, columns: int, rows: int) -> None:
        control(self._bundle, resized(columns, rows))

    async def wait(self) -> int:
        return 0 if self._let_go else await self._ended()

    async def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # who reads just now sees the end
        self._connection.close()


def connect(bundle: Path, ended: Callable[[], Awaitable[int]], *, keeps_input: bool = False) -> AttachSession:
    """Attach, see `AttachSession`.

    The path may be longer than a socket's name can be: it is named through a descriptor of its folder.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setblocking(False)
    folder = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{ATTACH}")
    except OSError as error:
        connection.close()
        raise RuntimeFailure(f"cannot attach to the container: {error.strerror}") from error
    finally:
        os.close(folder)
    return AttachSession(connection, bundle, ended, keeps_input=keeps_input)
