"""Calls to a driver behind a socket of the machine."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from podo.storage.csi.wire import METHODS, message, parser
from podo.storage.drivers import DriverFailure, NoRoom

TIME_LIMIT = 120.0  # seconds for a call


class Caller(Protocol):
    """Who makes calls."""

    async def call(self, method: str, /, **fields: Any) -> Any:
        """The answer of a method (`/csi.v1.Node/NodeGetInfo`). Raises DriverFailure."""
        ...


class SocketCaller:
    """Calls over one socket. A driver that comes back after its end is reached again."""

    def __init__(self, socket: Path) -> None:
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # whoever forks here executes at once
        import grpc.aio

        options = [("grpc.enable_http_proxy", 0), ("grpc.default_authority", "localhost")]
        self._channel = grpc.aio.insecure_channel(f"unix://{socket}", options=options)
        self._methods: dict[str, Callable[..., Any]] = {}

    async def call(self, method: str, /, **fields: Any) -> Any:
        import grpc

        asked, answered = METHODS[method]
        if method not in self._methods:
            self._methods[method] = self._channel.unary_unary(
                method,
                request_serializer=lambda made: made.SerializeToString(),
                response_deserializer=parser(answered),
            )
        try:
            return await self._methods[method](message(asked, **fields), timeout=TIME_LIMIT, wait_for_ready=False)
        except grpc.aio.AioRpcError as error:
            words = f"rpc error: code = {_name(error.code().name)} desc = {error.details()}"
            full = error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE)
            raise (NoRoom if full else DriverFailure)(words) from error

    async def close(self) -> None:
        """No more calls."""
        await self._channel.close()


def _name(code: str) -> str:
    """A status code as its name is printed: FailedPrecondition."""
    return "".join(part.title() for part in code.split("_"))
