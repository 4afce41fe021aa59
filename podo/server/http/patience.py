"""How long the server waits for its clients, and how much it keeps for one that does not read.

The times are those of kube-apiserver. A client that is too slow costs a connection for so long, and no more.
"""

import asyncio
from dataclasses import dataclass

from aiohttp import web

UNREAD = 64 << 10
"""Bytes that a client may leave unread before it is written no more until it has read some."""


@dataclass(frozen=True)
class Patience:
    """In seconds."""

    head: float = 32.0
    """Until the headers of a request are complete, from the connection or their first byte on."""
    idle: float = 90.0
    """Between two requests."""
    body: float = 60.0
    """Until the body of a request is complete."""
    reading: float = 60.0
    """Until a client has taken an answer, or anything of what happens on a watch."""

    rest: float = 5.0
    """While the rest of a body that was refused is read and dropped."""


DEFAULT = Patience()


def patience_with(request: web.BaseRequest) -> Patience:
    """The patience of the server that got `request`."""
    found = getattr(request.protocol, "patience", DEFAULT)
    assert isinstance(found, Patience)
    return found


async def room(request: web.BaseRequest, until: float | None = None) -> None:
    """Return once the client has read enough to be sent more; `until` is a moment of the loop's time.

    Raises ConnectionResetError for a client that is gone, or takes too long: then its connection is cut.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    if not request.protocol.writing_paused:
        return
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(until or loop.time() + patience_with(request).reading):
            await asyncio.shield(_drained(request))  # what waits below must not be cancelled: it is waited for again
    except TimeoutError:
        transport.abort()
        raise ConnectionResetError("the client does not read") from None


async def _drained(request: web.BaseRequest) -> None:
    try:
        await request.writer.drain()
    except ConnectionError:
        pass  # whoever writes next will be told
