"""Calls over a socket of the machine."""

import copy
import os
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol, Self

from podo.rpc.messages import Messages
from podo.rpc.short_path import ShortPath

TIME_LIMIT = 120.0  # seconds for a call
MOST_BYTES = 32 << 20  # of an answer


class CallFailed(Exception):
    """A call was answered with an error, or not at all. `code` is gRPC's: RESOURCE_EXHAUSTED."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"rpc error: code = {_name(code)} desc = {details}")
        self.code, self.details = code, details


class Caller(Protocol):
    """Who makes calls."""

    async def call(self, method: str, /, **fields: Any) -> Any:
        """The answer of a method (`/csi.v1.Node/NodeGetInfo`). Raises CallFailed."""
        ...


class SocketCaller:
    """Calls over one socket. Whoever comes back after its end is reached again."""

    def __init__(self, socket: Path, messages: Messages, time_limit: float | None = TIME_LIMIT) -> None:
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # whoever forks here executes at once
        import grpc.aio

        options: list[tuple[str, str | int]] = [
            ("grpc.enable_http_proxy", 0),
            ("grpc.default_authority", "localhost"),
            ("grpc.max_receive_message_length", MOST_BYTES),
        ]
        self._place = ShortPath(socket)
        weakref.finalize(self, self._place.close)
        self._channel = grpc.aio.insecure_channel(f"unix://{self._place.path}", options=options)
        self._messages, self._time_limit = messages, time_limit
        self._methods: dict[str, Callable[..., Any]] = {}

    def within(self, time_limit: float | None) -> Self:
        """The same, with another limit in seconds for a call (None: none)."""
        other = copy.copy(self)
        other._time_limit = time_limit
        return other

    async def call(self, method: str, /, **fields: Any) -> Any:
        import grpc

        made = self._messages.make(self._messages.methods[method][0], **fields)
        try:
            return await self._method(method, "unary_unary")(made, timeout=self._time_limit, wait_for_ready=False)
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error.code().name, error.details() or "") from error

    async def pass_on(self, method: str, body: bytes) -> bytes:
        """The answer to a message of any protocol, as bytes. Raises CallFailed."""
        import grpc

        send = self._channel.unary_unary(method, request_serializer=None, response_deserializer=None)
        try:
            answer: bytes = await send(body, timeout=self._time_limit, wait_for_ready=False)
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error.code().name, error.details() or "") from error
        return answer

    async def stream(self, method: str, /, **fields: Any) -> AsyncIterator[Any]:
        """What a method answers, as it comes. Raises CallFailed."""
        import grpc

        made = self._messages.make(self._messages.methods[method][0], **fields)
        try:
            async for answer in self._method(method, "unary_stream")(made):
                yield answer
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error.code().name, error.details() or "") from error

    async def follow(self, changed: Callable[[bool], None]) -> None:
        """Keep the connection up, and tell whenever it is, or is not any more; until cancelled."""
        import grpc

        while True:
            state = self._channel.get_state(try_to_connect=True)
            changed(state is grpc.ChannelConnectivity.READY)
            if state is grpc.ChannelConnectivity.SHUTDOWN:
                return
            await self._channel.wait_for_state_change(state)

    async def close(self) -> None:
        """No more calls."""
        await self._channel.close()
        self._place.close()

    def _method(self, method: str, form: str) -> Callable[..., Any]:
        if method not in self._methods:
            self._methods[method] = getattr(self._channel, form)(
                method,
                request_serializer=lambda made: made.SerializeToString(),
                response_deserializer=self._messages.parser(self._messages.methods[method][1]),
            )
        return self._methods[method]


def _name(code: str) -> str:
    """A status code as its name is printed: FailedPrecondition."""
    return "".join(part.title() for part in code.split("_"))
