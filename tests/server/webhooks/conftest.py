"""A webhook server on loopback, and an API server whose webhooks it answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from tests.server.http.conftest import api  # noqa: F401
from tests.server.webhooks.build import ADMISSION, Certificates, configuration, hook

Object = dict[str, Any]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"), "127.0.0.1", "hooks.tools.svc")


class WebhookServer:
    """Answers by path; keeps what it was asked."""

    def __init__(self, certificates: Certificates) -> None:
        self.certificates = certificates
        self.port = 0
        self.asked: list[tuple[str, Object]] = []
        self.answers: dict[str, Callable[[Object], Object]] = {}
        self.hosts: list[str] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        review = json.loads(await request.read())
        self.asked.append((request.path, review["request"]))
        self.hosts.append(request.headers["Host"])
        if request.path == "/slow":
            await asyncio.Event().wait()
        if request.path == "/redirect":
            return web.Response(status=307, headers={"Location": "/allow"})
        if request.path == "/broken":
            return web.Response(status=500, text="oh")
        if request.path == "/text":
            return web.Response(text="hello")
        found = self.answers.get(request.path, lambda _: {"allowed": request.path != "/deny"})(review["request"])
        response = {"uid": review["request"]["uid"]} | found
        return web.json_response({"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response})

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def hook(self, path: str, name: str = "one.example.com", **more: Any) -> Object:
        return hook(self.url(path), self.certificates.bundle, name, **more)

    def requests(self, path: str) -> list[Object]:
        """What was asked at a path."""
        return [request for at, request in self.asked if at == path]


@pytest.fixture
async def hooks(certificates) -> AsyncIterator[WebhookServer]:
    server = WebhookServer(certificates)
    low = web.Server(server.handle)
    listener = await asyncio.get_running_loop().create_server(low, "127.0.0.1", 0, ssl=certificates.context)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()
    await low.shutdown(0.1)


class Api:
    """What the tests say to the API server."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def __call__(self, method: str, path: str, body: Object | None = None, **headers: str) -> tuple[int, Object]:
        """(status, body)."""
        content = {"data": json.dumps(body), "headers": {"Content-Type": "application/json"} | headers} if body else {}
        async with self.session.request(method, path, **content) as response:
            self.warnings = response.headers.getall("Warning", [])
            return response.status, json.loads(await response.read())

    async def mutating(self, *hooks: Object, name: str = "hooks") -> None:
        await self._configure("MutatingWebhookConfiguration", hooks, name)

    async def validating(self, *hooks: Object, name: str = "hooks") -> None:
        await self._configure("ValidatingWebhookConfiguration", hooks, name)

    async def _configure(self, kind: str, hooks: tuple[Object, ...], name: str) -> None:
        status, body = await self("POST", f"{ADMISSION}/{kind.lower()}s", configuration(kind, *hooks, name=name))
        assert status == 201, body


@pytest.fixture
async def call(api) -> Api:  # noqa: F811
    found = Api(api)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    await found("POST", "/api/v1/namespaces/default/serviceaccounts", account)
    return found
