"""How the end of a command is told over each version of the channel protocol."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from podo.streaming.remote_command import ChannelStreams, exit_status


@pytest.fixture
async def ended():
    """What a client of a protocol receives of a command that has ended with a code."""
    code = 0

    async def answer(request):
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io", "channel.k8s.io"))
        await socket.prepare(request)
        await ChannelStreams(socket, socket.ws_protocol, stdin=False).finish(exit_status(code))
        return socket

    app = web.Application()
    app.router.add_get("/exec", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:

        async def receive(protocol, wanted):
            nonlocal code
            code = wanted
            async with session.ws_connect(server.make_url("/exec"), protocols=(protocol,)) as socket:
                return [message.data async for message in socket]

        yield receive


async def test_since_version_4_there_is_a_status(ended):
    assert await ended("v4.channel.k8s.io", 0) == [b'\x03{"metadata":{},"status":"Success"}']


async def test_before_there_is_only_the_text_of_an_error(ended):
    assert await ended("channel.k8s.io", 0) == []
    assert await ended("channel.k8s.io", 3) == [b"\x03command terminated with non-zero exit code: exit status 3"]
