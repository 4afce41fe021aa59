"""The Client over HTTPS, for whoever is not in the server's process: agents, the command line.

`HTTPClient` turns calls into requests; `transport.py` is the only file that knows the HTTP library.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from podo.api import scheme
from podo.api.errors import from_status
from podo.api.scheme import Object, PartialObject
from podo.api.types.meta_v1 import DeleteOptions as WireDeleteOptions
from podo.api.types.meta_v1 import ListMeta, Preconditions
from podo.client.base import (
    DEFAULT_DELETE,
    Client,
    DeleteOptions,
    Key,
    Kind,
    ObjectList,
    Patch,
    WatchEvent,
    key_of,
    kind_of,
)
from podo.client.kubeconfig import Credentials
from podo.client.transport import Answer, Request, Transport, error_of
from podo.clock import Clock, SystemClock

T = TypeVar("T", bound=Object)
log = logging.getLogger(__name__)
PAGE = 500  # objects a list asks for at once
METADATA_ONLY = "as=PartialObjectMetadata{list};g=meta.k8s.io;v=v1"


class _List(msgspec.Struct):
    metadata: ListMeta = ListMeta()
    items: tuple[msgspec.Raw, ...] | None = ()


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class HTTPClient(Client):
    """A cluster's API. Use as a context manager: it keeps connections open. All failures are `podo.api.errors`.

    A server that cannot be reached, or goes away in the middle of an answer, is ServiceUnavailable.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        agent: str = "podo",
        clock: Clock | None = None,
        token: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """`token` gives the token in the credentials' place, for one that changes."""
        self._transport = Transport(credentials, agent=agent, token=token)
        self._clock = clock or SystemClock()
        self._chance = Random()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    async def get(self, kind: type[T] | Kind[T], key: Key, *, subresource: str = "") -> T:
        kind = kind_of(kind)
        return await self._object(kind, Request("GET", kind.resource.path(*key, subresource), accept=_accept(kind)))

    async def list(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> ObjectList[T]:
        kind = kind_of(kind)
        query = _selectors(labels, fields) | {"limit": str(PAGE)}
        items: list[T] = []
        while True:
            request = Request("GET", kind.resource.path(namespace), query=query, accept=_accept(kind, "List"))
            page = msgspec.json.decode((await self._send(request)).body, type=_List)
            items += [scheme.decode(kind.cls, bytes(raw)) for raw in page.items or ()]  # nulls are left out there
            if not page.metadata.continue_:
                return ObjectList(items, page.metadata.resource_version)
            query["continue"] = page.metadata.continue_

    async def watch(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", since: str = ""
    ) -> AsyncIterator[WatchEvent[T]]:
        kind = kind_of(kind)
        seconds = 300 + int(self._chance.random() * 300)  # as reflectors do: connections are renewed, not all at once
        query = _selectors(labels, fields) | {"watch": "true", "allowWatchBookmarks": "true"}
        query |= {"timeoutSeconds": str(seconds)}
        if since:
            query["resourceVersion"] = since
        else:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        request = Request("GET", kind.resource.path(namespace), query=query, accept=_accept(kind))
        async for line in self._transport.lines(request, silence=seconds + 15):
            event = msgspec.json.decode(line, type=_Event)
            if event.type == "ERROR":
                raise from_status(msgspec.json.decode(event.object))
            yield WatchEvent(event.type, scheme.decode(kind.cls, bytes(event.object)))

    async def create(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        parent = of or kind_of(type(obj))
        name = obj.metadata.name if subresource else ""
        path = parent.resource.path(obj.metadata.namespace, name, subresource)
        kind = Kind(parent.resource, type(obj))
        return await self._object(kind, Request("POST", path, body=scheme.encode(obj)), given=obj)

    async def update(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        kind = Kind(of.resource, type(obj)) if of else kind_of(type(obj))
        path = kind.resource.path(*key_of(obj), subresource)
        return await self._object(kind, Request("PUT", path, body=scheme.encode(obj)))

    async def patch(self, kind: type[T] | Kind[T], key: Key, patch: Patch, *, subresource: str = "") -> T:
        kind = kind_of(kind)
        query = {"fieldManager": patch.field_manager} if patch.field_manager else {}
        if patch.force:
            query["force"] = "true"
        body = patch.body if isinstance(patch.body, bytes) else msgspec.json.encode(patch.body)
        path = kind.resource.path(*key, subresource)
        request = Request("PATCH", path, query=query, body=body, content=patch.media_type, accept=_accept(kind))
        return await self._object(kind, request)

    async def delete(self, kind: type[T] | Kind[T], key: Key, options: DeleteOptions = DEFAULT_DELETE) -> None:
        await self._send(Request("DELETE", kind_of(kind).resource.path(*key), body=_delete_body(options)))

    async def fetch(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """GET of any path that answers with JSON: for APIs whose kinds are not known here. Raises APIError."""
        answer = await self._send(Request("GET", path, query=query))
        return msgspec.json.decode(answer.body, type=dict[str, Any])

    async def post(self, path: str, body: bytes, content: str) -> bytes:
        """POST to any path; the answer as it is. Raises APIError."""
        return (await self._send(Request("POST", path, body=body, content=content, accept="*/*"))).body

    async def _object(self, kind: Kind[T], request: Request, given: T | None = None) -> T:
        answer = await self._send(request)
        if given is not None and not _is_of(answer.body, given):
            return given  # a Binding is answered by a Status
        return scheme.decode(kind.cls, answer.body)

    async def _send(self, request: Request) -> Answer:
        """The answer to `request`, sent again when the server asks for that or a kept connection turns out closed."""
        for wait in (1.0, 2.0, 4.0, 8.0, None):
            answer = await self._transport.send(request)
            if answer.status < 400:
                return answer
            if answer.retry_after is None or wait is None:
                break
            log.info("%s %s: asked to come again in %s s", request.method, request.path, answer.retry_after)
            await self._clock.sleep(min(answer.retry_after or wait, 30.0))
        raise error_of(answer)


def _is_of(body: bytes, sent: Object) -> bool:
    kind = sent.kind if isinstance(sent, PartialObject) else scheme.name_of(type(sent))[1]
    return msgspec.json.decode(body, type=PartialObject).kind == kind


def _accept(kind: Kind[Any], suffix: str = "") -> str:
    if kind.cls is not PartialObject:
        return "application/json"
    return f"application/json;{METADATA_ONLY.format(list=suffix)},application/json"


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {k: v for k, v in (("labelSelector", labels), ("fieldSelector", fields)) if v}


def _delete_body(options: DeleteOptions) -> bytes:
    preconditions = None
    if options.uid or options.resource_version:
        preconditions = Preconditions(uid=options.uid, resource_version=options.resource_version)
    return msgspec.json.encode(
        WireDeleteOptions(
            api_version="v1",
            kind="DeleteOptions",
            grace_period_seconds=options.grace_period_seconds,
            propagation_policy=options.propagation,
            preconditions=preconditions,
        )
    )
