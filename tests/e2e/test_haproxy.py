"""haproxy itself: started, told, reloaded, ended."""

import asyncio
import os

import pytest

from podo.client.base import Key
from podo.clock import SystemClock
from podo.network.haproxy.process import Haproxy, ProxyFailure
from podo.network.haproxy.servers import server_commands
from podo.network.ingress.configuration import Places, configuration, maps
from podo.network.ingress.routing import BackendKey, Site
from podo.network.services.backends import Backend, PortKey

pytestmark = pytest.mark.e2e
WEB = BackendKey(Key("ns", "web"), PortKey("", "tcp"))
EMPTY = (None,) * 4
SITE = Site(default=WEB)
FILES = maps(SITE)
PORT = 38080


@pytest.fixture
async def proxy(tmp_path):
    made = Haproxy(tmp_path, SystemClock())
    yield made
    await made.stop()


def text(folder, generation, servers=EMPTY):
    places = Places("127.0.0.1", PORT, PORT + 1, str(folder))
    lines = configuration(SITE, {WEB.name: servers}, places, generation).splitlines()
    return "\n".join(line for line in lines if " ssl " not in line) + "\n"


async def served():
    """A server that answers with a word; where it is."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, Backend(*server.sockets[0].getsockname())


async def status():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def test_endpoints_come_at_run_time_and_stay_over_a_reload(proxy, tmp_path):
    await proxy.load(text(tmp_path, "one"), "one", FILES)
    assert await status() == 503
    server, where = await served()
    async with server:
        commands, servers = server_commands(WEB.name, EMPTY, [where])
        await proxy.tell(commands)
        assert await status() == 200
        loading = asyncio.ensure_future(proxy.load(text(tmp_path, "two", servers), "two", FILES))
        while not loading.done():
            assert await status() == 200
        await loading
        commands, _ = server_commands(WEB.name, servers, [])
        await proxy.tell(commands)
        assert await status() == 503


async def test_what_it_refuses_is_told_and_what_was_served_stays(proxy, tmp_path):
    await proxy.load(text(tmp_path, "one"), "one", FILES)
    with pytest.raises(ProxyFailure, match=r"refuses its configuration: .*unknown keyword .nonsense."):
        await proxy.load("nonsense\n", "two", FILES)
    with pytest.raises(ProxyFailure, match="No such"):
        await proxy.tell(["set server ns_web_port/s99 state ready"])
    assert await status() == 503


async def test_its_end_is_noticed_and_it_starts_again(proxy, tmp_path):
    await proxy.load(text(tmp_path, "one"), "one", FILES)
    os.kill(proxy._master.pid, 9)
    async with asyncio.timeout(5):
        await proxy.ended()
    await proxy.load(text(tmp_path, "two"), "two", FILES)
    assert await status() == 503
