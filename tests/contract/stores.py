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
            url = await stack.enter_async_context(etcd())
        yield await stack.enter_async_context(open_store(url, retention=retention))


@asynccontextmanager
async def etcd() -> AsyncIterator[str]:
    """A new etcd of one member on loopback; its URL."""
    program = shutil.which("etcd")
    assert program, "these tests need etcd: apt install etcd-server"
    with tempfile.TemporaryDirectory() as folder:
        client, peer = (f"http://127.0.0.1:{port}" for port in _free_ports())
        arguments = ("--data-dir", folder, "--listen-client-urls", client, "--advertise-client-urls", client)
        members = ("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer)
        members += ("--initial-cluster", f"default={peer}")
        with (Path(folder) / "log").open("wb") as log:
            server = await asyncio.create_subprocess_exec(program, *arguments, *members, stdout=log, stderr=log)
        try:
            url = client.replace("http", "etcd")
            await _answering(url)
            yield url
        finally:
            server.kill()
            await server.wait()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


async def _answering(url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with open_store(url):
                    return
            except ServiceUnavailable:
                await asyncio.sleep(0.05)  # the start of another process has no event to wait for
