"""How the parts of a control plane are, for the old ComponentStatuses: asked each time, never stored."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import aiohttp

from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry, stored_value

PORTS = {"controller-manager": 10257, "scheduler": 10259}
"""Where the parts listen that run as programs of their own beside an API server."""
PATIENCE = 20.0
"""Seconds that a part has to answer."""


class Health(NamedTuple):
    """Whether a part is well, and what it says."""

    good: bool
    message: str = "ok"


Look = Callable[[], Awaitable[Health]]


class Components:
    """The parts by name; `looks` find out how each is."""

    def __init__(self, looks: Mapping[str, Look]) -> None:
        self._looks = dict(sorted(looks.items()))

    async def find(self, name: str) -> Entry | None:
        """How one part is, None if there is none of that name."""
        look = self._looks.get(name)
        return _entry(name, await look()) if look else None

    async def all(self) -> list[Entry]:
        """How all are, asked at once."""
        found = await asyncio.gather(*(look() for look in self._looks.values()))
        return [_entry(name, health) for name, health in zip(self._looks, found, strict=True)]


def _entry(name: str, health: Health) -> Entry:
    condition = {"type": "Healthy", "status": "True" if health.good else "False", "message": health.message}
    obj: Object = {"kind": "ComponentStatus", "apiVersion": "v1", "metadata": {"name": name}, "conditions": [condition]}
    return Entry(name, 0, stored_value(obj))


def within(alive: Callable[[], bool]) -> Look:
    """A part of this very process."""

    async def look() -> Health:
        return Health(True) if alive() else Health(False, "not ready")

    return look


def beside(port: int) -> Look:
    """A program of its own on this machine, which answers at `/healthz`."""

    async def look() -> Health:
        url = f"https://127.0.0.1:{port}/healthz"
        limit = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url, ssl=False) as answer:
                return Health(answer.status == 200, await answer.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            return Health(False, f'Get "{url}": {_why(error, port)}')

    return look


def _why(error: Exception, port: int) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno == errno.ECONNREFUSED:
        return f"dial tcp 127.0.0.1:{port}: connect: connection refused"
    return str(error) or "context deadline exceeded"
