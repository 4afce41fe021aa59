"""Container events from one source to any number of subscribers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podo.node.runtime.observed import ContainerEvent


class EventBroadcast:
    """Each subscriber has a queue of its own; who does not subscribe costs nothing."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[ContainerEvent]] = set()

    def send(self, event: ContainerEvent) -> None:
        """To all who have subscribed."""
        for queue in self._queues:
            queue.put_nowait(event)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[ContainerEvent]]:
        """The iterator of all events sent from now until the context is left."""
        queue: asyncio.Queue[ContainerEvent] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._queues.discard(queue)


async def _drain(queue: asyncio.Queue[ContainerEvent]) -> AsyncIterator[ContainerEvent]:
    while True:
        yield await queue.get()
