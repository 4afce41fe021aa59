"""The raw client, fed bytes as a network might cut them."""

import asyncio

import pytest

from bench.connection import Answer, Broken, Connection

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
REFUSED = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"
ALL = [
    (LENGTH, Answer(200, b"hello")),
    (CHUNKED, Answer(201, b"hello, world")),
    (EMPTY, Answer(204, b"")),
    (REFUSED, Answer(404, b"{}")),
]


class Wire(asyncio.Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connection(wire: Wire) -> Connection:
    connection = Connection()
    connection.connection_made(wire)
    return connection


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_answers_are_read_however_the_network_cuts_them(connection, wire, size):
    for number, (data, answer) in enumerate(ALL):
        waiting = connection.request(b"%d" % number)
        for at in range(0, len(data), size):
            assert not waiting.done()
            connection.data_received(data[at : at + size])
        assert await waiting == answer
    assert wire.sent == [b"0", b"1", b"2", b"3"]


async def test_a_stream_gets_its_chunks_as_they_come_and_the_answer_stays_open(connection):
    got: list[bytes] = []
    connection.stream = got.append
    waiting = connection.request(b"GET")
    head, rest = CHUNKED[:60], CHUNKED[60:]
    connection.data_received(head)
    connection.data_received(rest[:-5])
    assert got == [b"hello", b", world"]
    assert not waiting.done()
    connection.data_received(rest[-5:])
    assert await waiting == Answer(201, b"")


async def test_a_connection_that_closes_before_the_answer_is_broken(connection):
    waiting = connection.request(b"GET")
    connection.data_received(LENGTH[:-1])
    connection.connection_lost(None)
    with pytest.raises(Broken, match="closed the connection"):
        await waiting


async def test_nothing_is_sent_on_a_closed_connection(connection, wire):
    connection.close()
    with pytest.raises(Broken):
        connection.request(b"GET")
    assert wire.sent == []
