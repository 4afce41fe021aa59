"""GET /containerLogs/NAMESPACE/POD/CONTAINER: a container's log, as kubectl logs shows it."""

import asyncio
from pathlib import Path

from aiohttp import web

from podo.api.errors import BadRequest, NotFound
from podo.node.api import directory
from podo.node.api.growth import Growth, watch_file
from podo.node.api.log_reader import Wait, read_log
from podo.node.api.query import flag, log_options
from podo.node.api.server import Node, Request
from podo.node.runtime.base import Runtime
from podo.node.runtime.observed import ContainerState, ObservedContainer


class Logs:
    """Answers for logs."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def __call__(self, request: Request) -> web.StreamResponse:
        if len(request.parts) != 3:
            raise NotFound("the path is /containerLogs/NAMESPACE/POD/CONTAINER")
        namespace, pod, name = request.parts
        options = log_options(request.query, self._node.clock.now())
        seen = await self._node.runtime.observe()
        previous = flag(request.query, "previous")
        container = directory.logged_container(seen, namespace, pod, name, previous=previous)
        path = Path(container.log_path)
        if not path.exists():
            raise BadRequest(f'the log of container "{name}" in pod "{pod}" is gone from the node')
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request.http)
        if options.follow and not previous:
            with watch_file(path) as growth:
                waiting = until_it_grows(self._node.runtime, container, growth)
                async with waiting as wait:
                    async for piece in read_log(path, options, wait):
                        await response.write(piece)
        else:
            async for piece in read_log(path, options):
                await response.write(piece)
        await response.write_eof()
        return response


class until_it_grows:
    """A `Wait` for a container's log: the file changes or is rotated, or the container ends."""

    def __init__(self, runtime: Runtime, container: ObservedContainer, growth: Growth) -> None:
        self._runtime, self._id, self._growth = runtime, container.id, growth

    async def __aenter__(self) -> Wait:
        self._events = self._runtime.events()
        iterator = await self._events.__aenter__()

        async def listen() -> None:
            async for event in iterator:
                if event.container_id == self._id:
                    self._growth.changed.set()

        self._listener = asyncio.ensure_future(listen())
        return self._wait

    async def __aexit__(self, *error: object) -> None:
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        await self._events.__aexit__(None, None, None)

    async def _wait(self) -> bool:
        seen = await self._runtime.observe()
        if not any(c.id == self._id and c.state is ContainerState.RUNNING for c in seen.containers):
            return False  # what it has written is in the file by now
        if not self._growth.renew():
            await self._growth.changed.wait()
        self._growth.changed.clear()
        return True
