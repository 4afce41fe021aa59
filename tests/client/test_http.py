"""The client against a small server of its own: what it sends, and what it makes of the answers."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from podo.api.errors import APIError, Conflict, Expired, NotFound, ServiceUnavailable
from podo.api.resources import by_path
from podo.api.types.core_v1 import Binding, ConfigMap, ObjectReference, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import MERGE_PATCH, DeleteOptions, Key, Patch, kind_of, metadata_kind
from podo.client.http import HTTPClient
from podo.client.kubeconfig import Credentials
from podo.client.transport import Answer, error_of
from podo.clock import SystemClock

A = Key("ns", "a")
BODY = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "ns"}, "data": {"x": "1"}}


@dataclass
class Server:
    """Answers from a list, and remembers what it was asked."""

    answers: list[Any] = field(default_factory=list)
    seen: list[dict] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            {
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": request.headers,
                "body": json.loads(body) if body else None,
            }
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            return await answer(request)
        status, content, *headers = answer
        return web.Response(status=status, body=json.dumps(content).encode(), headers=headers[0] if headers else None)


class Impatient(SystemClock):
    """Notes for how long it should have slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock():
    return Impatient()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
async def client(server, clock):
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        url = str(running.make_url("/")).rstrip("/")
        async with HTTPClient(Credentials(server=url, token="secret"), agent="tester", clock=clock) as made:
            yield made


def failure(reason: str, code: int, message: str = "no") -> dict:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": message,
    }


def stream(*chunks: bytes, then: str = "end"):
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0.001)
        if then == "break":
            request.transport.abort()
        return response

    return answer


def event(kind: str, body: dict) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


async def test_get_asks_for_the_object_and_shows_who_asks(server, client):
    server.answers = [(200, BODY)]
    assert (await client.get(ConfigMap, A)).data == {"x": "1"}
    seen = server.seen[0]
    assert (seen["method"], seen["path"]) == ("GET", "/api/v1/namespaces/ns/configmaps/a")
    assert seen["headers"]["Authorization"] == "Bearer secret"
    assert seen["headers"]["User-Agent"] == "tester"


async def test_a_failure_is_the_class_of_its_reason(server, client):
    server.answers = [(404, failure("NotFound", 404, 'configmaps "a" not found'))]
    with pytest.raises(NotFound, match='configmaps "a" not found'):
        await client.get(ConfigMap, A)


async def test_list_reads_all_pages(server, client):
    first = {"metadata": {"resourceVersion": "9", "continue": "more"}, "items": [BODY]}
    server.answers = [(200, first), (200, {"metadata": {"resourceVersion": "9"}, "items": None})]
    found = await client.list(ConfigMap, namespace="ns", labels="a=b", fields="metadata.name=a")
    assert [o.metadata.name for o in found.items] == ["a"]
    assert found.resource_version == "9"
    assert server.seen[1]["query"] == {
        "labelSelector": "a=b",
        "fieldSelector": "metadata.name=a",
        "limit": "500",
        "continue": "more",
    }


async def test_metadata_only_is_asked_for_in_the_accept_header(server, client):
    server.answers = [(200, {"metadata": {"resourceVersion": "9"}, "items": [BODY]})]
    found = await client.list(metadata_kind(by_path("", "v1", "configmaps")))
    assert found.items[0].metadata.name == "a"
    assert "as=PartialObjectMetadataList" in server.seen[0]["headers"]["Accept"]


async def test_writes_send_what_they_say(server, client):
    server.answers = [(200, BODY)]
    obj = ConfigMap(metadata=ObjectMeta(namespace="ns", name="a"), data={"x": "1"})
    await client.create(obj)
    await client.update(obj)
    await client.patch(ConfigMap, A, Patch(media_type=MERGE_PATCH, body={"data": None}, field_manager="m", force=True))
    await client.delete(ConfigMap, A, DeleteOptions(grace_period_seconds=0, propagation="Orphan", uid="u"))
    assert [(s["method"], s["path"].rpartition("/namespaces/ns/")[2]) for s in server.seen] == [
        ("POST", "configmaps"),
        ("PUT", "configmaps/a"),
        ("PATCH", "configmaps/a"),
        ("DELETE", "configmaps/a"),
    ]
    assert server.seen[0]["body"]["kind"] == "ConfigMap"
    assert server.seen[2]["headers"]["Content-Type"] == MERGE_PATCH
    assert server.seen[2]["query"] == {"fieldManager": "m", "force": "true"}
    assert server.seen[2]["body"] == {"data": None}
    assert server.seen[3]["body"] == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Orphan",
        "preconditions": {"uid": "u"},
    }


async def test_a_binding_is_posted_to_its_pod_and_answered_by_a_status(server, client):
    server.answers = [(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})]
    binding = Binding(metadata=ObjectMeta(namespace="ns", name="a"), target=ObjectReference(kind="Node", name="n1"))
    assert await client.create(binding, of=kind_of(Pod), subresource="binding") == binding
    assert server.seen[0]["path"] == "/api/v1/namespaces/ns/pods/a/binding"


async def test_a_watch_begins_with_what_is_there_when_it_has_no_version(server, client):
    large = BODY | {"data": {"x": "y" * 200_000}}
    line = event("ADDED", large)
    bookmark = {"kind": "ConfigMap", "metadata": {"resourceVersion": "5"}}
    server.answers = [stream(line[:1000], line[1000:70_000], line[70_000:] + event("BOOKMARK", bookmark))]
    events = [e async for e in client.watch(ConfigMap, namespace="ns")]
    assert [e.type for e in events] == ["ADDED", "BOOKMARK"]
    assert len(events[0].object.data["x"]) == 200_000
    assert events[1].object.metadata.resource_version == "5"
    query = server.seen[0]["query"]
    assert (query["sendInitialEvents"], query["resourceVersionMatch"]) == ("true", "NotOlderThan")
    assert "resourceVersion" not in query


async def test_a_watch_resumes_from_a_version(server, client):
    server.answers = [stream()]
    assert [e async for e in client.watch(ConfigMap, since="7", labels="a=b")] == []
    query = server.seen[0]["query"]
    assert (query["resourceVersion"], query["labelSelector"]) == ("7", "a=b")
    assert "sendInitialEvents" not in query


async def test_a_version_too_old_is_expired_in_the_stream_and_before_it(server, client):
    server.answers = [stream(event("ERROR", failure("Expired", 410))), (410, failure("Expired", 410))]
    for _ in range(2):
        with pytest.raises(Expired):
            [e async for e in client.watch(ConfigMap, since="1")]


async def test_a_watch_that_breaks_off_is_a_server_that_cannot_be_reached(server, client):
    server.answers = [stream(event("ADDED", BODY), then="break")]
    watch = client.watch(ConfigMap)
    assert (await anext(watch)).type == "ADDED"
    with pytest.raises(ServiceUnavailable, match="cannot reach"):
        await anext(watch)


async def test_too_many_requests_come_again_after_the_time_that_the_server_asks_for(server, client, clock):
    server.answers = [(429, failure("TooManyRequests", 429), {"Retry-After": "3"}), (200, BODY)]
    assert (await client.get(ConfigMap, A)).metadata.name == "a"
    assert clock.slept == [3]
    assert len(server.seen) == 2


async def test_a_server_that_is_not_there_is_named(clock):
    async with HTTPClient(Credentials(server="http://127.0.0.1:1"), clock=clock) as client:
        with pytest.raises(ServiceUnavailable, match=r"cannot reach http://127.0.0.1:1"):
            await client.get(ConfigMap, A)


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (Answer(409, json.dumps(failure("Conflict", 409, "stale")).encode()), Conflict, "stale"),
        (Answer(502, b"<html>Bad gateway</html>"), ServiceUnavailable, "<html>Bad gateway</html>"),
        (Answer(500, b""), APIError, "no text"),
        (Answer(400, b'{"kind": "Other"}'), APIError, '{"kind": "Other"}'),
    ],
)
def test_what_an_answer_fails_with(answer, error, text):
    found = error_of(answer)
    assert type(found) is error
    assert str(found) == text
