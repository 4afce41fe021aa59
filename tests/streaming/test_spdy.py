import asyncio
from contextlib import asynccontextmanager

import pytest

from podo.streaming.spdy import SpdyConnection
from podo.streaming.spdy_frames import FrameCodec, Open, SpdyError
from tests.streaming.duplex import pair


@asynccontextmanager
async def connected():
    one, other = pair()
    client, server = SpdyConnection(one, client=True), SpdyConnection(other)
    running = [asyncio.ensure_future(c.run()) for c in (client, server)]
    try:
        yield client, server
    finally:
        await client.close()
        await asyncio.gather(*running)


async def test_a_stream_carries_bytes_both_ways_until_each_side_ends():
    async with connected() as (client, server):
        stream = await client.open({"streamType": "data"})
        accepted = await server.accept()
        assert accepted.headers == {"streamtype": "data"}
        await stream.write(b"question")
        await stream.close()
        assert [await accepted.read(), await accepted.read()] == [b"question", b""]
        await accepted.write(b"answer")
        await accepted.close()
        assert [await stream.read(), await stream.read()] == [b"answer", b""]


async def test_a_reset_ends_both_sides():
    async with connected() as (client, server):
        stream = await client.open({})
        accepted = await server.accept()
        await accepted.reset()
        assert await stream.read() == b""
        with pytest.raises(ConnectionError):
            await stream.write(b"late")


async def test_large_data_comes_whole_and_in_order():
    async with connected() as (client, server):
        stream = await client.open({})
        accepted, sent = await server.accept(), bytes(range(256)) * 2000
        sending = asyncio.ensure_future(stream.write(sent))
        got = b""
        while len(got) < len(sent):
            got += await accepted.read()
        await sending
        assert got == sent


async def test_the_end_of_the_connection_ends_every_stream():
    async with connected() as (client, server):
        stream = await client.open({})
        await server.close()
        assert await stream.read() == b""
        await client.ended.wait()
        assert await client.accept() is None


async def test_a_stream_number_of_our_own_side_is_refused():
    one, other = pair()
    server = SpdyConnection(other)
    await one.write(FrameCodec().encode(Open(2, {})))
    with pytest.raises(SpdyError):
        await server.run()
