"""The bodies of requests: reading them within bounds of size and time."""

import asyncio

from aiohttp import StreamReader, web

from podo.api.errors import RequestEntityTooLarge, Timeout
from podo.server.http.patience import patience_with

LIMIT = 3 << 20
TOO_SLOW = "Timeout: request did not complete within the allotted timeout"


async def read_body(request: web.BaseRequest) -> bytes:
    """All of it. Raises RequestEntityTooLarge, before reading on, for more than 3 MiB; Timeout if it does not come."""
    length, content = request.content_length, request.content
    if length is not None and length > LIMIT:
        raise _too_large()
    if content.is_eof():
        return content.read_nowait()
    try:
        async with asyncio.timeout(patience_with(request).body):
            return await _pieces(content)
    except TimeoutError:
        raise Timeout(TOO_SLOW) from None


async def _pieces(content: StreamReader) -> bytes:
    pieces, size = [], 0
    async for piece in content.iter_any():
        size += len(piece)
        if size > LIMIT:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {LIMIT}")
