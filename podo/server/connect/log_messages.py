"""A log as one HTTP body, or as messages of a WebSocket, in the protocols of k8s.io/apiserver's wsstream readers."""

import base64
from collections.abc import AsyncIterator

from aiohttp import web

BINARY, BASE64 = "binary.k8s.io", "base64.binary.k8s.io"


def wants_messages(request: web.BaseRequest) -> bool:
    """Whether the client has asked for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def send_text(request: web.BaseRequest, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """The pieces as they come, in one body."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def send_messages(request: web.BaseRequest, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Each piece as a message, binary or, if the client prefers, as base64 text."""
    socket = web.WebSocketResponse(protocols=(BINARY, BASE64))
    await socket.prepare(request)
    async for piece in pieces:
        if socket.ws_protocol == BASE64:
            await socket.send_str(base64.b64encode(piece).decode())
        else:
            await socket.send_bytes(piece)
    await socket.close()
    return socket
