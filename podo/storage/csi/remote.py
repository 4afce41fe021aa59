"""Calls to a driver on another node, passed on by that node's agent (`podo.node.api.drivers`)."""

from collections.abc import Awaitable, Callable
from typing import Any

from podo.api.errors import APIError
from podo.rpc.caller import CallFailed
from podo.storage.csi.wire import METHODS, message, parser

Post = Callable[[str, str, bytes], Awaitable[bytes]]
"""POSTs to a node's agent: the node, a path, a body; the answer's body. Raises APIError."""


class NodeCaller:
    """The `Caller` for a driver on a node."""

    def __init__(self, post: Post, node: str, driver: str) -> None:
        self._post, self._node, self._place = post, node, f"/csi/{driver}"

    async def call(self, method: str, /, **fields: Any) -> Any:
        asked, answered = METHODS[method]
        try:
            answer = await self._post(self._node, self._place + method, message(asked, **fields).SerializeToString())
        except APIError as error:
            cause = (error.details.get("causes") or [{}])[0]
            raise CallFailed(cause.get("reason") or "UNAVAILABLE", cause.get("message") or str(error)) from error
        return parser(answered)(answer)
