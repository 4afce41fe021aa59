"""POST or GET /portForward/NAMESPACE/POD: connections to ports of a Pod."""

from aiohttp import web

from podo.api.errors import BadRequest, NotFound
from podo.node.api import directory
from podo.node.api.server import Node, Request
from podo.node.runtime.base import RuntimeFailure
from podo.streaming.port_forward import (
    CHANNEL_PROTOCOLS,
    SPDY_PROTOCOL,
    TUNNEL_PROTOCOL,
    Port,
    SocketTunnel,
    parse_port,
    serve_channels,
    serve_spdy,
)
from podo.streaming.remote_command import beside
from podo.streaming.spdy import SpdyConnection
from podo.streaming.takeover import take_over


class PortForward:
    """Answers for port-forward."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def __call__(self, request: Request) -> web.StreamResponse:
        if len(request.parts) not in (2, 3):
            raise NotFound("the path is /portForward/NAMESPACE/POD[/UID]")
        seen = await self._node.runtime.observe()
        sandbox = directory.sandbox_of(seen, *request.parts).id

        async def connect(port: int) -> Port:
            try:
                return await self._node.runtime.port_forward(sandbox, port)
            except RuntimeFailure as error:
                raise ConnectionRefusedError(str(error)) from error

        if request.http.headers.get("Upgrade", "").lower() != "websocket":
            headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": SPDY_PROTOCOL}
            response, duplex = await take_over(request.http, headers)
            connection = SpdyConnection(duplex)
            await beside(lambda: serve_spdy(connection, connect), connection.run)
            return response
        offered = [p.strip() for p in request.http.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]
        protocol = next((p for p in offered if p in (TUNNEL_PROTOCOL, *CHANNEL_PROTOCOLS)), "")
        if offered and not protocol:
            raise BadRequest(f"none of the WebSocket protocols {offered} is spoken here")
        ports = [parse_port(text) for text in request.query.get("ports", request.query.get("port", ()))]
        socket = web.WebSocketResponse(protocols=(protocol,) if protocol else (), max_msg_size=0)
        await socket.prepare(request.http)
        if protocol == TUNNEL_PROTOCOL:
            tunnel = SpdyConnection(SocketTunnel(socket))
            await beside(lambda: serve_spdy(tunnel, connect), tunnel.run)
        else:
            await serve_channels(socket, ports, connect)
        return socket
