"""The bodies of requests: reading them within bounds."""

from aiohttp import web

from podo.api.errors import RequestEntityTooLarge

LIMIT = 3 << 20


async def read_body(request: web.BaseRequest) -> bytes:
    """All of it. Raises RequestEntityTooLarge, before reading on, for more than 3 MiB."""
    length = request.content_length
    if length is not None:
        if length > LIMIT:
            raise _too_large()
        return await request.content.read()
    pieces, size = [], 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > LIMIT:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {LIMIT}")
