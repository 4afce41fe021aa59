"""What the server's own parts do, in the audit log: they do not come over HTTP, but are recorded as if they did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from podo.api.errors import APIError
from podo.api.resources import Resource
from podo.server.context import Context

if TYPE_CHECKING:
    from podo.server.audit.trail import Auditor

HERE = ("127.0.0.1",)


class Recorder:
    """Takes down what is done while it has an auditor."""

    def __init__(self) -> None:
        self.auditor: Auditor | None = None

    @contextmanager
    def recorded(
        self, verb: str, ctx: Context, resource: Resource, name: str, agent: str, body: dict[str, Any] | bytes | None
    ) -> Iterator[None]:
        """Around one write. `body` is the object, a patch, or nothing."""
        from podo.server.answer import json_answer
        from podo.server.audit.trail import Received
        from podo.server.http.request_info import RequestInfo

        assert self.auditor is not None
        group, version, place = resource.group, resource.version, ctx.namespace
        path = path_of(resource, place, name, ctx.subresource)
        info = RequestInfo(verb, path, group, version, place, resource.plural, ctx.subresource, name)
        received = Received(new_id(), path, HERE, agent, ctx.now)
        trail = self.auditor.begin(received, ctx.user, info, ctx.annotations)
        if trail is None:
            yield
            return
        if isinstance(body, bytes):
            trail.patch(body)
        elif body is not None:
            trail.request(body)
        try:
            yield
        except APIError as error:
            trail.complete(error.code, json_answer(error.status(), error.code))
            raise
        except BaseException:
            trail.gone()
            raise
        trail.complete(201 if verb == "create" else 200, None)


def path_of(resource: Resource, namespace: str, name: str, subresource: str) -> str:
    """Where the object is for clients over HTTP."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    place = f"{root}/namespaces/{namespace}" if namespace else root
    return "/".join(part for part in (f"{place}/{resource.plural}", name, subresource) if part)


def new_id() -> str:
    """A new name for a request."""
    import uuid

    return str(uuid.uuid4())
