"""Clients that write slowly, or do not read: they cost a connection for a while, and no more."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest

from podo.api.types.core_v1 import ConfigMap
from podo.api.types.meta_v1 import ObjectMeta
from podo.clock import SystemClock
from podo.server.app import ServerConfig, serving
from podo.server.http.patience import Patience
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import BACKLOG_BYTES

MAPS = "/api/v1/namespaces/default/configmaps"
SHORT = Patience(head=0.3, idle=0.3, body=0.3, reading=0.3, rest=0.1)
LONG = 20.0  # seconds in which a busy machine gets anything done


class Lab:
    """A server of little patience, and ways to be slow with it."""

    def __init__(self, server):
        self.server, self.client = server, server.core.client()

    @asynccontextmanager
    async def connection(self, **options):
        """A plain connection whose receiving side is small, so that what is not read stays at the server."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (self.server.host, self.server.port))
        reader, writer = await asyncio.open_connection(sock=connection, **options)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def watchers(self):
        """How many watch ConfigMaps."""
        core = self.server.core
        served = core.catalog.by_path("", "v1", "configmaps")
        return len(core.cache.resource(served.stored.prefix).watchers.everyone())

    async def ended(self, reader):
        """Everything until the server closes the connection."""
        async with asyncio.timeout(LONG):
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""


def request(method, path, *headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Authorization: Bearer secret", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
async def lab(tmp_path):
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('secret,admin,1,"system:masters"\n')
    config = ServerConfig(port=0, token_file=tokens, service_cidr="10.0.0.0/24", patience=SHORT)
    async with serving(config, SystemClock()) as server:
        yield Lab(server)


async def test_who_sends_no_request_is_cut_off(lab):
    async with lab.connection() as (reader, _):
        assert await lab.ended(reader) == b""


async def test_headers_that_come_drop_by_drop_are_waited_for_only_so_long(lab):
    async with lab.connection() as (reader, writer):
        ending = asyncio.ensure_future(lab.ended(reader))
        writer.write(b"GET / HTTP/1.1\r\n")
        for _ in range(200):
            if ending.done():
                break
            writer.write(b"X: y\r\n")
            await asyncio.wait([ending], timeout=0.05)
        assert await ending == b""


async def test_a_second_request_that_stops_in_its_headers_is_cut_off_too(lab):
    async with lab.connection() as (reader, writer):
        writer.write(request("GET", "/version") + b"GET / HTTP/1.1\r\nX: ")
        assert (await lab.ended(reader)).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.slow
async def test_a_request_that_takes_long_is_not_cut_off(lab):
    async with lab.connection() as (reader, writer):
        writer.write(request("GET", f"{MAPS}?watch=1&timeoutSeconds=1"))
        head, _, rest = (await lab.ended(reader)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert rest.endswith(b"0\r\n\r\n")  # it ended by itself


async def test_an_idle_connection_is_closed(lab):
    async with lab.connection() as (reader, writer):
        writer.write(request("GET", "/version"))
        answer = await lab.ended(reader)
        assert answer.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_come_is_answered_by_a_timeout(lab, framing):
    async with lab.connection() as (reader, writer):
        writer.write(request("POST", MAPS, "Content-Type: application/json", framing))
        answer = await lab.ended(reader)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    found = json.loads(body)
    assert (found["reason"], found["code"]) == ("Timeout", 504)
    assert found["message"] == "Timeout: request did not complete within the allotted timeout"


def config_map(number, text):
    return ConfigMap(metadata=ObjectMeta(name=f"m{number}", namespace="default"), data={"k": text})


async def stock(lab, count, size):
    """Make objects from inside the server: it has little patience with us, too, when the machine is busy."""
    for number in range(count):
        await lab.client.create(config_map(number, "x" * size))


async def cut_off(write, writer):
    """Write until the connection is no more; True then."""
    try:
        while True:
            write()
            await writer.drain()
            await asyncio.wait([asyncio.ensure_future(writer.wait_closed())], timeout=0.05)
    except ConnectionError:
        return True


async def test_who_does_not_read_a_long_answer_is_cut_off(lab):
    async with lab.connection(limit=1) as (_, writer):
        await stock(lab, 12, 900_000)
        writer.write(request("GET", MAPS))
        async with asyncio.timeout(LONG):
            assert await cut_off(lambda: writer.write(b"GET / HTTP/1.1\r\n"), writer)


async def test_answers_that_nobody_reads_stop_coming(lab):
    """Requests one after the other without reading: the server answers some, and no more."""
    async with lab.connection(limit=1) as (_, writer):
        await stock(lab, 1, 200_000)
        many = request("GET", f"{MAPS}/m0") * 10
        async with asyncio.timeout(LONG):
            assert await cut_off(lambda: writer.write(many), writer)


async def test_a_watcher_that_does_not_read_is_sent_little_and_then_cut_off(lab):
    async with lab.connection(limit=1) as (_, writer):
        await stock(lab, 1, 10)
        writer.write(request("GET", f"{MAPS}?watch=1&resourceVersion=0"))
        async with asyncio.timeout(LONG):
            number = 0
            while number < 10 or await lab.watchers():
                number += 1
                await lab.client.update(config_map(0, f"{number:0500000}"))
    assert 10 <= number < 1000


async def test_a_watcher_that_reads_slowly_is_closed_before_it_holds_too_much(lab):
    served = lab.server.core.catalog.by_path("", "v1", "configmaps")
    await stock(lab, 1, 10)
    watcher = lab.server.core.registry.watch(served, Selection(), lab.server.core.cache.revision)
    size = 900_000
    for number in range(BACKLOG_BYTES // size + 2):
        await lab.client.update(config_map(0, f"{number:0{size}}"))
    assert watcher.closed
    assert watcher.take() == []
