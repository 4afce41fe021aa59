"""A command's terminal, as an OCI runtime hands it over (`--console-socket`): its size is then ours to set."""

import asyncio
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from podo.node.runtime.fds import ready_to_read
from podo.rpc.short_path import shortened

NAME = "console.sock"


class ConsoleSocket:
    """Waits in a folder for one terminal. Use as a context."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> Self:
        self._socket.setblocking(False)
        with shortened(self.path) as path:
            self._socket.bind(str(path))
        self._socket.listen(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    async def terminal(self, process: asyncio.subprocess.Process) -> int:
        """The terminal's descriptor, ours to close; -1 if the process ends without having sent one."""
        got: list[int] = []
        async with asyncio.TaskGroup() as tasks:
            either = [tasks.create_task(self._receive(got)), tasks.create_task(process.wait())]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for task in either:
                task.cancel()
        return got[0] if got else -1

    async def _receive(self, got: list[int]) -> None:
        connection, _ = await asyncio.get_running_loop().sock_accept(self._socket)
        with connection:
            await ready_to_read(connection.fileno())
            _, received, _, _ = socket.recv_fds(connection, 4096, 1)
        for fd in received:
            os.set_inheritable(fd, False)
            os.set_blocking(fd, False)
            got.append(fd)
