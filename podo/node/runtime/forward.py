"""A connection to a port inside a sandbox."""

import asyncio
import contextlib
import socket
from pathlib import Path

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.namespaces import connect_in


class PortConnection:
    """Implements `Connection` over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection

    async def read(self, limit: int = 65536) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(self._connection, limit)
        except ConnectionResetError:
            return b""

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._connection, data)

    async def write_eof(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:  # the other side is gone
            return

    async def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # who reads just now sees the end
        self._connection.close()


async def connect_to_port(namespace: Path | None, port: int) -> PortConnection:
    """`namespace` is the sandbox's network (None: the node's). Raises RuntimeFailure as a dial would."""
    try:
        return PortConnection(await asyncio.to_thread(connect_in, namespace, port))
    except OSError as error:
        what = "connection refused" if isinstance(error, ConnectionRefusedError) else str(error.strerror or error)
        raise RuntimeFailure(f"dial tcp4 127.0.0.1:{port}: connect: {what}") from error
