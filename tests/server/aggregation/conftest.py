"""A server behind the API server, on loopback, and a front that carries requests to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from podo.api.errors import NotFound, ServiceUnavailable
from podo.api.types.apiregistration_v1 import APIService, APIServiceSpec, ServiceReference
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.aggregation.carrying import Carrier
from podo.server.aggregation.registered import Registered
from podo.server.answer import Answer
from podo.server.context import User
from podo.server.http.responses import whole
from podo.server.outgoing.services import Place
from tests.server.webhooks.build import Certificates

GROUP, VERSION = "wardle.example.com", "v1"
ALICE = User("alice", uid="7", groups=("staff", "system:authenticated"), extra={"scopes/x y": ("a", "b")})
RESOURCES = [
    {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "verbs": ["get", "list"]},
    {"name": "flunders/status", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get"]},
]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"), "other.tools.svc")


class Other:
    """The other server; keeps the requests that it got."""

    def __init__(self, certificates: Certificates) -> None:
        self.certificates, self.port = certificates, 0
        self.seen: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []
        self.status = 200

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        if request.path.endswith("/redirect"):
            return web.Response(status=302, headers={"Location": "https://127.0.0.1/secret"})
        if request.path.endswith("/watch"):
            return await self._watch(request)
        if request.path.endswith("/socket"):
            return await self._socket(request)
        documents: dict[str, Any] = {
            f"/apis/{GROUP}/{VERSION}": {"kind": "APIResourceList", "resources": RESOURCES},
            "/openapi/v3": {"paths": {f"apis/{GROUP}/{VERSION}": {"serverRelativeURL": "/openapi/v3/x?hash=1"}}},
            f"/openapi/v3/apis/{GROUP}/{VERSION}": {"openapi": "3.0.0"},
            "/openapi/v2": {
                "paths": {f"/apis/{GROUP}/{VERSION}/flunders": {"get": {}}, "/healthz": {}},
                "definitions": {"com.example.Flunder": {"type": "object"}},
            },
        }
        if self.status != 200 or request.path not in documents:
            return web.Response(status=self.status if self.status != 200 else 404, text="no")
        return web.json_response(documents[request.path])

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type":"ADDED"}\n')
        await asyncio.Event().wait()
        return response

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket


async def listen(handle: Any, tls: Any = None) -> tuple[Any, Any]:
    low = web.Server(handle)
    listener = await asyncio.get_running_loop().create_server(low, "127.0.0.1", 0, ssl=tls)
    return low, listener


@pytest.fixture
async def other(certificates) -> AsyncIterator[Other]:
    found = Other(certificates)
    low, listener = await listen(found.handle, certificates.context)
    found.port = listener.sockets[0].getsockname()[1]
    yield found
    listener.close()
    await low.shutdown(0.1)


class OneEndpoint:
    """The Service tools/other is at one place, and there is no other."""

    def __init__(self, other: Other) -> None:
        self.other = other

    async def resolve(self, namespace: str, name: str, port: int) -> Place:
        if (namespace, name) != ("tools", "other"):
            raise NotFound(f'service "{name}" not found')
        if not self.other.port:
            raise ServiceUnavailable(f'no endpoints available for service "{name}"')
        return Place("127.0.0.1", self.other.port)


@pytest.fixture
async def carrier(core, other) -> Carrier:
    return Carrier(Registered(core.cache, core.catalog), OneEndpoint(other), None)


def service(other: Other, name: str = "other", **more: Any) -> APIService:
    where = ServiceReference(namespace="tools", name=name, port=443)
    spec = {"group": GROUP, "version": VERSION, "service": where, "ca_bundle": other.certificates.bundle}
    spec |= {"group_priority_minimum": 2000, "version_priority": 200} | more
    return APIService(metadata=ObjectMeta(name=f"{VERSION}.{GROUP}"), spec=APIServiceSpec(**spec))


class Front:
    """What stands for the API server: everything is carried to `service`."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.service: APIService | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self.service is not None
        answer = await self.carrier.carry(request, self.service, ALICE)
        return await whole(request, answer, []) if isinstance(answer, Answer) else answer


@pytest.fixture
async def front(carrier, other) -> AsyncIterator[Front]:
    found = Front(carrier)
    low, listener = await listen(found.handle)
    port = listener.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        found.session = session  # type: ignore[attr-defined]
        yield found
    listener.close()
    await low.shutdown(0.1)
