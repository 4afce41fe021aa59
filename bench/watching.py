"""Waiting for the cluster to reach a state, by watch, so that the time is exact and asking costs nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench.client import Client, words

Item = dict[str, Any]


class Observed:
    """The objects of one list, kept current by a watch."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self._changed = asyncio.Event()
        self._rest = b""

    def take(self, chunk: bytes) -> None:
        """Apply the watch events in `chunk`, which may end within one."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in filter(None, lines):
            event = json.loads(line)
            item, name = event["object"], event["object"].get("metadata", {}).get("name", "")
            if event["type"] == "DELETED":
                self.items.pop(name, None)
            elif event["type"] in ("ADDED", "MODIFIED"):
                self.items[name] = item
        self._changed.set()

    async def until(self, reached: Callable[[dict[str, Item]], bool], patience: float) -> None:
        """Return once `reached` holds for the objects by name. Raises TimeoutError after `patience` seconds."""
        async with asyncio.timeout(patience):
            while not reached(self.items):
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def observed(client: Client, path: str) -> AsyncIterator[Observed]:
    """The objects under `path`, from now on."""
    listed = await client.one("GET", path)
    view = Observed()
    view.items = {item["metadata"]["name"]: item for item in listed.get("items") or []}
    query = {"watch": "1", "resourceVersion": listed["metadata"]["resourceVersion"]}
    async with client.connect() as connection:
        connection.stream = view.take
        ended = connection.request(client.encode("GET", path, query=query))
        await asyncio.sleep(0)
        if ended.done():
            raise ConnectionError(f"the watch of {path} ended: {words(ended.result())}")
        yield view
