import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from podo.server.connect.log_messages import send_messages, send_text, wants_messages


async def pieces():
    yield b"one\n"
    yield b"tw\xff\n"


@pytest.fixture
async def url():
    async def answer(request):
        send = send_messages if wants_messages(request) else send_text
        return await send(request, pieces())

    app = web.Application()
    app.router.add_get("/log", answer)
    async with TestServer(app) as server:
        yield server.make_url("/log")


async def test_a_plain_request_gets_one_text(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.content_type == "text/plain"
        assert await answer.read() == b"one\ntw\xff\n"


@pytest.mark.parametrize(
    ("protocols", "messages"),
    [
        ((), [b"one\n", b"tw\xff\n"]),
        (("binary.k8s.io",), [b"one\n", b"tw\xff\n"]),
        (("base64.binary.k8s.io",), ["b25lCg==", "dHf/Cg=="]),
    ],
)
async def test_a_websocket_gets_messages_in_the_protocol_that_it_asks_for(url, protocols, messages):
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=protocols) as socket:
        assert [message.data async for message in socket] == messages
        assert socket.close_code == 1000
