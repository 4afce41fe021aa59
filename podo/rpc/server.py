"""Answering calls at a socket of the machine."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from podo.rpc.messages import Messages
from podo.rpc.short_path import shortened

Answer = Callable[[Any], Awaitable[dict[str, Any]]]
"""The fields of the answer to a message. Raises Refused."""
CHUNK = 65536


class Refused(Exception):
    """The caller is told why. `code` is gRPC's: NOT_FOUND."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(details)
        self.code = code


@asynccontextmanager
async def answering(socket: Path, messages: Messages, answers: Mapping[str, Answer]) -> AsyncIterator[None]:
    """Answer the methods at `socket` within the block. gRPC is imported."""
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    import grpc.aio

    server = grpc.aio.server()
    services: dict[str, dict[str, Any]] = {}
    for name, answer in answers.items():
        _, service, method = name.split("/")
        services.setdefault(service, {})[method] = _handler(messages, name, answer)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]
    )
    with shortened(socket) as path:
        server.add_insecure_port(f"unix://{path}")
        await server.start()
        try:
            yield
        finally:
            await server.stop(None)


def _handler(messages: Messages, path: str, answer: Answer) -> Any:
    import grpc

    asked, answered = messages.methods[path]

    async def handle(request: Any, context: Any) -> Any:
        try:
            return messages.make(answered, **await answer(request))
        except Refused as error:
            await context.abort(grpc.StatusCode[error.code], str(error))

    return grpc.unary_unary_rpc_method_handler(handle, messages.parser(asked), lambda made: made.SerializeToString())


async def door(socket: Path, inside: Path, messages: Messages, answers: Mapping[str, Answer]) -> None:
    """Answer at `socket` until cancelled, but begin (and import gRPC) only when somebody knocks.

    What comes is passed on to `inside`, where the server listens then.
    """
    begun = asyncio.Lock()
    async with contextlib.AsyncExitStack() as open_for_good, asyncio.TaskGroup() as visits:
        serving = False

        async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal serving
            async with begun:
                if not serving:
                    inside.unlink(missing_ok=True)
                    await open_for_good.enter_async_context(answering(inside, messages, answers))
                    serving = True
            await _pass_on(reader, writer, inside)

        def knock(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            visits.create_task(visit(reader, writer))

        socket.unlink(missing_ok=True)
        with shortened(socket) as path:
            server = await asyncio.start_unix_server(knock, path)
            try:
                await server.serve_forever()
            finally:
                socket.unlink(missing_ok=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inside: Path) -> None:
    try:
        with shortened(inside) as path:
            theirs, ours = await asyncio.open_unix_connection(path)
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(reader, ours))
            both.create_task(_copy(theirs, writer))
    except (OSError, ExceptionGroup):
        return  # one of them is gone
    finally:
        writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        target.write(data)
        await target.drain()
    target.close()
