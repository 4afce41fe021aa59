"""Calls to storage drivers of nodes, which those nodes' agents pass on: for the controllers that are side-cars to them.

They go straight to the agents with the server's own certificate. No account has a right to them: who may POST to
nodes may run commands in any container.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from podo.client.http import HTTPClient
from podo.client.kubeconfig import Credentials
from podo.clock import Clock
from podo.server.connect.nodes import NodeAccess, Place, place_of

CONTENT_TYPE = "application/x-protobuf"
Find = Callable[[str], Awaitable[Mapping[str, Any]]]


class DriverCalls:
    """`find` gives a Node's object by its name; connections are closed with `stack`."""

    def __init__(self, find: Find, access: NodeAccess, clock: Clock, stack: AsyncExitStack) -> None:
        self._find, self._access, self._clock, self._stack = find, access, clock, stack
        self._clients: dict[Place, HTTPClient] = {}

    async def post(self, node: str, path: str, body: bytes) -> bytes:
        """The answer's body. Raises APIError."""
        place = place_of(await self._find(node))
        if (client := self._clients.get(place)) is None:
            client = self._clients[place] = await self._stack.enter_async_context(self._client(place))
        return await client.post(path, body, CONTENT_TYPE)

    def _client(self, place: Place) -> HTTPClient:
        access, host = self._access, f"[{place.host}]" if ":" in place.host else place.host
        credentials = Credentials(
            server=f"https://{host}:{place.port}",
            ca=access.authority.read_text(),
            certificate=access.certificate.read_text(),
            key=access.key.read_text(),
        )
        return HTTPClient(credentials, agent="podo-server", clock=self._clock)
