"""The stores under contract, opened by name; and a real etcd for one of them."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from podo.api.errors import ServiceUnavailable
from podo.store.open import FullStore, open_store
from podo.store.retention import Retention

STORES = ["memory", "sqlite", pytest.param("etcd", marks=pytest.mark.e2e)]


@asynccontextmanager
async def opened(name: str, *, retention: Retention | None = None) -> AsyncIterator[FullStore]:
    """A new, empty store of this name; nothing of it is left afterwards."""
    async with AsyncExitStack() as stack:
        if name == "memory":
            url = "memory"
        elif name == "sqlite":
            url = f"sqlite:{stack.enter_context(tempfile.TemporaryDirectory())}/state.db"
        else:
            url = (await stack.enter_async_context(etcd())).url
        yield await stack.enter_async_context(open_store(url, retention=retention))


class EtcdServer:
    """An etcd of one member on loopback, which can be killed and started again."""

    def __init__(self, folder: str) -> None:
        program = shutil.which("etcd")
        assert program, "these tests need etcd: apt install etcd-server"
        client, peer = (f"http://127.0.0.1:{port}" for port in _free_ports())
        self.url = client.replace("http", "etcd")
        self._command = (program, "--data-dir", f"{folder}/data", "--initial-cluster", f"default={peer}")
        self._command += ("--listen-client-urls", client, "--advertise-client-urls", client)
        self._command += ("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer)
        self._log = Path(folder) / "log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdout=log, stderr=log)
        async with asyncio.timeout(30):
            while not await _answers(self.url):
                assert self._process.returncode is None, self._log.read_text()[-2000:]
                await asyncio.sleep(0.05)  # the start of another process has no event to wait for

    async def kill(self) -> None:
        """kill -9."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def etcd() -> AsyncIterator[EtcdServer]:
    """A new etcd; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = EtcdServer(folder)
        try:
            await server.start()
            yield server
        finally:
            await server.kill()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


async def _answers(url: str) -> bool:
    try:
        async with open_store(url):
            return True
    except ServiceUnavailable:
        return False
