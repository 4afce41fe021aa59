"""exec, attach, portforward and log of Pods: carried on to the API of the node that runs the Pod."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from aiohttp import web

from podo.api.errors import APIError, BadRequest, ServiceUnavailable, from_status
from podo.api.field_errors import invalid_object
from podo.server.answer import Answer
from podo.server.connect import containers
from podo.server.connect.log_messages import send_messages, send_text, wants_messages
from podo.server.connect.nodes import FindNode, NodeAccess, Place, place_of
from podo.server.http.handler import Call
from podo.server.outgoing.addresses import checked_host
from podo.streaming.takeover import Head, SocketDuplex, join, request_upgrade, take_over

Object = Mapping[str, Any]
FORWARDED: tuple[str, ...] = (
    "connection",
    "upgrade",
    "x-stream-protocol-version",
    "sec-websocket-key",
    "sec-websocket-version",
)
FORWARDED += ("sec-websocket-protocol", "sec-websocket-extensions")
KUBELET_NAMES = {"stdin": "input", "stdout": "output", "stderr": "error"}
STREAMS = ("stdin", "stdout", "stderr")
ON = ("1", "true", "True", "TRUE", "t", "T")


class PodConnections:
    """Answers for the subresources of Pods that reach into them."""

    def __init__(self, find_node: FindNode, access: NodeAccess) -> None:
        self._find_node, self._access = find_node, access

    async def answer(self, call: Call, pod: Object) -> Answer | web.StreamResponse:
        """Answer one request about `pod`. Raises APIError."""
        subresource, query = call.info.subresource, call.query
        if subresource == "log":
            return await self._log(call, pod)
        pairs = parse_qsl(call.request.raw_path.partition("?")[2], keep_blank_values=True)
        path = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if subresource == "portforward":
            containers.node_of(pod)
            target = f"/portForward/{path}?{urlencode(pairs)}"
        else:
            if not any(query.get(stream) in ON for stream in STREAMS):
                raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
            container = containers.container_for_exec(pod, query.get("container", ""))
            target = f"/{subresource}/{path}/{quote(container)}?{urlencode(list(_renamed(pairs)))}"
        return await self._upgrade(call, pod, target)

    async def _upgrade(self, call: Call, pod: Object, target: str) -> web.StreamResponse:
        """Ask the node for the same upgrade, and carry bytes both ways."""
        headers = call.request.headers
        if "upgrade" not in headers.get("Connection", "").lower():
            raise BadRequest("Upgrade request required")
        node = containers.node_of(pod)
        place = place_of(await self._find_node(node))
        given = [("Host", f"{place.host}:{place.port}")]
        given += [(name, value) for name, value in headers.items() if name.lower() in FORWARDED]
        head, reader, writer = await _reach(place, self._access.context, target, given, node)
        if head.status != 101:
            raise await _refusal(head, reader, writer)
        answered = {name.title(): value for name, value in head.headers if name in (*FORWARDED, "sec-websocket-accept")}
        try:
            response, client = await take_over(call.request, answered)
        except BaseException:
            writer.close()
            raise
        if call.trail is not None:
            call.trail.started(101)
        await join(client, SocketDuplex(reader, writer))
        return response

    async def _log(self, call: Call, pod: Object) -> Answer | web.StreamResponse:
        if errors := containers.log_errors(call.query):
            raise invalid_object("", "PodLogOptions", "", errors)
        container = containers.container_for_log(pod, call.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return Answer(204, b"", "")
        place = place_of(await self._find_node(pod["spec"]["nodeName"]))
        query = urlencode(
            [(k, v) for k, v in call.query.items() if k not in ("container", "insecureSkipTLSVerifyBackend")]
        )
        target = f"/containerLogs/{pod['metadata']['namespace']}/{pod['metadata']['name']}/{quote(container)}?{query}"
        headers = [("Host", f"{place.host}:{place.port}"), ("Connection", "close")]
        head, reader, writer = await _reach(place, self._access.context, target, headers, pod["spec"]["nodeName"])
        if head.status != 200:
            raise await _refusal(head, reader, writer)
        try:
            if call.trail is not None:
                call.trail.started()
            send = send_messages if wants_messages(call.request) else send_text
            return await send(call.request, _body(head, reader))
        finally:
            writer.close()


def _renamed(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """The parameters by the names that a kubelet has for them."""
    for name, value in pairs:
        if name != "container":
            yield KUBELET_NAMES.get(name, name), value


async def _reach(
    place: Place, context: ssl.SSLContext, target: str, headers: list[tuple[str, str]], node: str
) -> tuple[Head, asyncio.StreamReader, asyncio.StreamWriter]:
    return await ask_node(place._replace(host=await checked_host(place.host)), context, target, headers, node)


async def ask_node(
    place: Place, context: ssl.SSLContext, target: str, headers: list[tuple[str, str]], node: str
) -> tuple[Head, asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask the API of a node. Its certificate must be of the node's name: an address is only what the node says."""
    try:
        async with asyncio.timeout(30):
            return await request_upgrade(place.host, place.port, context, target, headers, server_name=node)
    except (OSError, TimeoutError) as error:
        raise ServiceUnavailable(f"error dialing backend: {place.host}:{place.port}: {error or 'timed out'}") from error


async def _body(head: Head, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The pieces of an answer's body, as they come."""
    if head.get("transfer-encoding").lower() != "chunked":
        left = int(head.get("content-length") or -1)
        while left and (piece := await reader.read(65536 if left < 0 else min(left, 65536))):
            left -= len(piece) if left > 0 else 0
            yield piece
        return
    while size := int((await reader.readline()).split(b";")[0] or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readline()


async def _refusal(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> APIError:
    """The node's refusal as an error of ours."""
    try:
        async with asyncio.timeout(10):
            text = b"".join([piece async for piece in _body(head, reader)]).decode(errors="replace").strip()
    except (TimeoutError, asyncio.IncompleteReadError, ValueError):
        text = ""
    finally:
        writer.close()
    reasons = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}
    return from_status({"message": text, "reason": reasons.get(head.status, "InternalError"), "code": head.status})
