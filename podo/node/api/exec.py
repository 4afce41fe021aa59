"""POST or GET /exec and /attach /NAMESPACE/POD/CONTAINER: a command in a container, or its own process's streams."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from podo.api.errors import BadRequest, NotFound
from podo.node.api import directory
from podo.node.api.query import Parameters, flag
from podo.node.api.server import Node, Request
from podo.node.runtime.base import RuntimeFailure, Session
from podo.node.runtime.config import ExecConfig
from podo.node.runtime.observed import ObservedContainer
from podo.streaming import channels
from podo.streaming.base import RemoteStreams
from podo.streaming.remote_command import (
    SPDY_PROTOCOLS,
    ChannelStreams,
    beside,
    collect_streams,
    failure_status,
    serve,
)
from podo.streaming.spdy import SpdyConnection
from podo.streaming.takeover import take_over

Start = Callable[[ObservedContainer, Parameters], Awaitable[Session]]


class RemoteCommand:
    """Answers for exec or attach; `start` says which."""

    def __init__(self, node: Node, start: Start) -> None:
        self._node, self._start = node, start

    async def __call__(self, request: Request) -> web.StreamResponse:
        if len(request.parts) not in (3, 4):
            raise NotFound("the path is /exec/NAMESPACE/POD[/UID]/CONTAINER")
        namespace, pod, *uid, name = request.parts
        seen = await self._node.runtime.observe()
        container = directory.running_container(seen, namespace, pod, name, *uid)
        if not any(wanted(request.query).values()):
            raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
        if request.http.headers.get("Upgrade", "").lower() == "websocket":
            return await self._over_websocket(request, container)
        return await self._over_spdy(request, container)

    async def _over_websocket(self, request: Request, container: ObservedContainer) -> web.StreamResponse:
        offered = [p.strip() for p in request.http.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]
        protocol = channels.choose(offered)
        if protocol is None:
            raise BadRequest(f"none of the WebSocket protocols {offered} is spoken here")
        socket = web.WebSocketResponse(protocols=(protocol,), max_msg_size=0, autoping=True)
        await socket.prepare(request.http)
        streams = ChannelStreams(socket, protocol, stdin=wanted(request.query)["stdin"])
        await beside(lambda: self._run(streams, container, request.query), streams.run)
        return socket

    async def _over_spdy(self, request: Request, container: ObservedContainer) -> web.StreamResponse:
        protocol = spdy_protocol(request.http.headers.getall("X-Stream-Protocol-Version", []))
        headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": protocol}
        response, duplex = await take_over(request.http, headers)
        connection = SpdyConnection(duplex)

        async def work() -> None:
            names = {"error"} | {name for name, on in wanted(request.query).items() if on}
            if flag(request.query, "tty") and protocol in SPDY_PROTOCOLS[:2]:
                names.add("resize")
            streams = await collect_streams(connection, names, protocol)
            await self._run(streams, container, request.query)

        try:
            await beside(work, connection.run)
        except (TimeoutError, ConnectionError):
            await connection.close()
        return response

    async def _run(self, streams: RemoteStreams, container: ObservedContainer, query: Parameters) -> None:
        try:
            session = await self._start(container, query)
            await serve(streams, session, stdin=wanted(query)["stdin"])
        except RuntimeFailure as error:  # it could not be started, or (as a CRI runtime may say late) never ran
            await streams.finish(failure_status(str(error)))


def exec_in(node: Node) -> RemoteCommand:
    """Run the command of the request."""

    async def start(container: ObservedContainer, query: Parameters) -> Session:
        command = tuple(query.get("command", ()))
        if not command:
            raise RuntimeFailure("you must specify a command for the container")
        streams = wanted(query)
        config = ExecConfig(
            command=command,
            stdin=streams["stdin"],
            stdout=streams["stdout"],
            stderr=streams["stderr"],
            tty=flag(query, "tty"),
        )
        return await node.runtime.exec(container.id, config)

    return RemoteCommand(node, start)


def attach_to(node: Node) -> RemoteCommand:
    """The streams of the container's own process."""

    async def start(container: ObservedContainer, query: Parameters) -> Session:
        return await node.runtime.attach(container.id, stdin=wanted(query)["stdin"])

    return RemoteCommand(node, start)


def wanted(query: Parameters) -> dict[str, bool]:
    """The streams that the client wants, by the kubelet's names for them or the API server's."""
    tty = flag(query, "tty")
    return {
        "stdin": flag(query, "input", "stdin"),
        "stdout": flag(query, "output", "stdout"),
        "stderr": flag(query, "error", "stderr") and not tty,
    }


def spdy_protocol(offered: list[str]) -> str:
    """The newest protocol that the client offers; the oldest one if it names none. Raises BadRequest."""
    if not offered:
        return "channel.k8s.io"
    names = {name.strip() for text in offered for name in text.split(",")}
    for protocol in SPDY_PROTOCOLS:
        if protocol in names:
            return protocol
    raise BadRequest(f"none of the stream protocols {sorted(names)} is spoken here")
