"""What a request may do to an object: the registry, with subresources and patches. HTTP and LocalClient share it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from podo.api.errors import MethodNotAllowed, NotFound
from podo.api.field_errors import invalid_object
from podo.server.admission_point import Admission, Attributes, Operation
from podo.server.context import Context
from podo.server.decoding.objects import Kind
from podo.server.fields import owned
from podo.server.patch_point import Patcher
from podo.server.registry.catalog import Catalog
from podo.server.registry.creating import forget_system_fields, place
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.validation.reviews import review_errors
from podo.server.watchcache.entry import Entry

SAME_OBJECT = frozenset({"", "status", "finalize", "approval", "ephemeralcontainers", "resize"})
"""Subresources that show the object itself; others have a kind of their own."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object of a kind, by name; the namespace is the context's."""

    served: Served
    name: str


class Below(Protocol):
    """A subresource with a kind of its own, such as scale, binding, eviction or token.

    A verb that it does not have raises MethodNotAllowed. Objects are dicts of the subresource's kind.
    """

    async def show(self, ctx: Context, target: Target, entry: Entry) -> Object: ...

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object: ...

    async def replace(self, ctx: Context, target: Target, obj: Object) -> Object: ...

    async def patch(self, ctx: Context, target: Target, media_type: str, body: bytes, force: bool | None) -> Object: ...


class Admitted:
    """A subresource, with admission asked before something is created in it."""

    def __init__(self, below: Below, admission: Admission) -> None:
        self._below, self._admission = below, admission
        self.show, self.replace, self.patch = below.show, below.replace, below.patch

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        """Raises what admission raises."""
        resource = target.served.resource
        attributes = Attributes(ctx, Operation.CREATE, resource, ctx.namespace, target.name, obj)
        await self._admission.mutate(attributes)
        await self._admission.validate(attributes)
        assert attributes.obj is not None
        return await self._below.create(ctx, target, attributes.obj)


class Question(Protocol):
    """A kind that is answered, not stored: access reviews, token reviews."""

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object: ...


class Operations:
    """The verbs on single objects and their subresources."""

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        patcher: Patcher,
        admission: Admission,
    ) -> None:
        self.catalog, self.registry, self._patcher, self._admission = catalog, registry, patcher, admission
        self._below: dict[tuple[str, str], Below] = {}
        self._questions: dict[tuple[str, str], Question] = {}

    def install(self, below: Mapping[tuple[str, str], Below], questions: Mapping[tuple[str, str], Question]) -> None:
        """Serve subresources with kinds of their own, and questions. Called before the first request.

        `below` is by ("group/plural" of the parent, or "" for any; subresource), `questions` by (group, plural).
        """
        self._below |= below
        self._questions |= questions

    async def replace(self, ctx: Context, target: Target, obj: Object) -> tuple[Entry, bool]:
        """PUT: `obj` takes the object's place (or its status'), and is used up. The result, and whether it is new."""
        metadata = obj.get("metadata") or {}
        raw = b"" if metadata.get("resourceVersion") else msgspec.json.encode(obj)
        fresh = True

        async def change(current: Object, revision: int) -> Object:
            nonlocal fresh
            if fresh or not raw:  # with a resourceVersion a second attempt can only conflict
                fresh = False
                return obj
            return msgspec.json.decode(raw)  # type: ignore[no-any-return]

        uid = metadata.get("uid", "")
        return await self.registry.update(ctx, target.served, target.name, change, uid=uid, replaces=True)

    async def patch(
        self, ctx: Context, target: Target, media_type: str, body: bytes, *, force: bool | None = None
    ) -> tuple[Entry, bool]:
        """PATCH by any of the media types; the result, and whether it is new."""
        return await self._patcher.patch(self.registry, ctx, target.served, target.name, media_type, body, force)

    def below(self, served: Served, subresource: str) -> Below:
        """What serves a subresource that has a kind of its own. Raises NotFound."""
        group = served.resource.group
        for owner in (f"{group}/{served.resource.plural}", ""):
            if (found := self._below.get((owner, subresource))) is not None:
                return Admitted(found, self._admission)
        raise NotFound("the server could not find the requested resource")

    async def connect(self, ctx: Context, target: Target, options: Object) -> None:
        """Ask admission about a connection (exec, attach, portforward, proxy). Raises what it raises."""
        attributes = Attributes(ctx, Operation.CONNECT, target.served.resource, ctx.namespace, target.name, options)
        await self._admission.mutate(attributes)
        await self._admission.validate(attributes)

    async def ask(self, ctx: Context, served: Served, obj: Object) -> Object:
        """The answer to a question."""
        question = self._questions.get((served.resource.group, served.resource.plural))
        if question is None:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        place(obj, served.stored, ctx.namespace)
        forget_system_fields(obj["metadata"])
        served.stored.strategy.default(obj)
        if served.stored.namespaced:
            obj["metadata"].setdefault("namespace", ctx.namespace)
        if review_errors(served.resource.kind, obj):
            kind = Kind(served.resource.group, served.resource.version, served.resource.kind)
            errors = review_errors(served.resource.kind, owned(obj, kind, ctx))
            raise invalid_object(served.resource.group, "", "", errors)
        return await question.ask(ctx, served, obj)
