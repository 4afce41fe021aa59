"""The in-process client: `podo.client.base.Client` straight on the registry, with no HTTP and no encoding in between.

Objects are decoded at most once a revision and shared by all who ask. Authorization, admission and validation are asked
as for requests over HTTP, in the name of the client's user.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

import msgspec

from podo.api import scheme
from podo.api.errors import MethodNotAllowed, NotFound
from podo.api.scheme import Object as TypedObject
from podo.api.scheme import PartialObject
from podo.api.selectors import parse_fields, parse_labels
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import (
    BOOKMARK,
    DEFAULT_DELETE,
    DELETED,
    INITIAL_EVENTS_END,
    DeleteOptions,
    Key,
    Kind,
    ObjectList,
    Patch,
    WatchEvent,
    kind_of,
)
from podo.clock import Clock
from podo.server.audit.local import Recorder
from podo.server.authorization.local import Rights, attempt_at
from podo.server.context import Context, User
from podo.server.customresources.relaying import readable_watch
from podo.server.operations import SAME_OBJECT, Operations, Target
from podo.server.registry import deleting
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Notice, Seen

T = TypeVar("T", bound=TypedObject)
_UNRECORDED: AbstractContextManager[None] = nullcontext()


class LocalClient:
    """A `Client` for what runs in the server's process, as `user`, who owns fields as `manager`."""

    def __init__(
        self,
        operations: Operations,
        clock: Clock,
        user: User,
        *,
        manager: str,
        recorder: Recorder | None = None,
        rights: Rights | None = None,
    ) -> None:
        self._operations, self._clock, self._user, self._manager = operations, clock, user, manager
        self._recorder, self._rights = recorder or Recorder(), rights or Rights()

    async def get(self, kind: type[T] | Kind[T], key: Key, *, subresource: str = "") -> T:
        served, cls = self._served(kind)
        await self._check("get", served, key.namespace, key.name, subresource)
        entry = await self._operations.registry.get(served, key.namespace, key.name)
        if not subresource or subresource in SAME_OBJECT:
            return _typed(served, cls, entry)
        ctx = self._context(served, key.namespace, subresource)
        shown = await self._operations.below(served, subresource).show(ctx, Target(served, key.name), entry)
        return _from_plain(cls, shown)

    async def list(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> ObjectList[T]:
        served, cls = self._served(kind)
        await self._check("list", served, namespace)
        selection = _selection(namespace, labels, fields)
        found = await self._operations.registry.list(served, selection, ListOptions())
        return ObjectList([_typed(served, cls, entry) for entry in found.entries], str(found.revision))

    async def watch(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", since: str = ""
    ) -> AsyncIterator[WatchEvent[T]]:
        served, cls = self._served(kind)
        await self._check("watch", served, namespace)
        registry, selection = self._operations.registry, _selection(namespace, labels, fields)
        start = int(since) if since else -1
        first: list[Entry] = []
        if start < 0:
            found = await registry.list(served, selection, ListOptions())
            first, start = list(found.entries), found.revision
        watcher = registry.watch(served, selection, start)
        try:
            for entry in first:
                yield WatchEvent("ADDED", _typed(served, cls, entry))
            if not since:
                yield WatchEvent(BOOKMARK, _bookmark(cls, start))
            async with readable_watch(served, watcher, selection) as shown:
                while True:
                    for notice in shown.take():
                        yield _event(served, cls, notice)
                    if shown.closed:
                        return
                    await shown.changed()
        finally:
            registry.unwatch(served, watcher)

    async def create(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        cls = type(obj)
        meta, kind = obj.metadata, of or kind_of(cls)
        served, _ = self._served(kind)
        ctx = self._context(served, meta.namespace, subresource)
        body = _plain(obj)
        name = meta.name if subresource else ""
        with self._recorded("create", ctx, served, name, body):
            await self._allowed("create", ctx, served, name)
            if not subresource and not served.stored.strategy.traits.stored:
                return _from_plain(cls, await self._operations.ask(ctx, served, body))
            if not subresource:
                return _typed(served, cls, await self._operations.registry.create(ctx, served, body))
            answer = await self._operations.below(served, subresource).create(ctx, Target(served, meta.name), body)
            return _from_plain(cls, answer)

    async def update(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        cls = type(obj)
        served, _ = self._served(of or _kind_of_object(obj))
        ctx = self._context(served, obj.metadata.namespace, subresource)
        body = _plain(obj)
        with self._recorded("update", ctx, served, obj.metadata.name, body):
            await self._allowed("update", ctx, served, obj.metadata.name)
            target = Target(served, obj.metadata.name)
            if subresource and subresource not in SAME_OBJECT:
                return _from_plain(cls, await self._operations.below(served, subresource).replace(ctx, target, body))
            entry, _ = await self._operations.replace(ctx, target, body)
        return _typed(served, cls, entry)

    async def patch(self, kind: type[T] | Kind[T], key: Key, patch: Patch, *, subresource: str = "") -> T:
        served, cls = self._served(kind)
        ctx = self._context(served, key.namespace, subresource)
        ctx.manager = patch.field_manager or ctx.manager
        body = patch.body if isinstance(patch.body, bytes) else msgspec.json.encode(patch.body)
        target = Target(served, key.name)
        with self._recorded("patch", ctx, served, key.name, body):
            await self._allowed("patch", ctx, served, key.name)
            if subresource and subresource not in SAME_OBJECT:
                below = self._operations.below(served, subresource)
                return _from_plain(cls, await below.patch(ctx, target, patch.media_type, body, patch.force or None))
            entry, _ = await self._operations.patch(ctx, target, patch.media_type, body, force=patch.force or None)
        return _typed(served, cls, entry)

    async def delete(self, kind: type[T] | Kind[T], key: Key, options: DeleteOptions = DEFAULT_DELETE) -> None:
        served, _ = self._served(kind)
        wanted = deleting.DeleteOptions(
            grace_period_seconds=options.grace_period_seconds,
            propagation=options.propagation,
            uid=options.uid or None,
            resource_version=options.resource_version or None,
        )
        ctx = self._context(served, key.namespace, "")
        with self._recorded("delete", ctx, served, key.name):
            await self._allowed("delete", ctx, served, key.name)
            await self._operations.registry.delete(ctx, served, key.name, wanted)

    async def _check(self, verb: str, served: Served, namespace: str, name: str = "", subresource: str = "") -> None:
        """Raises Forbidden for a read that is not allowed. A Namespace is in itself, as in paths."""
        if self._rights.concern(self._user):
            await self._rights.check(attempt_at(self._user, verb, served.resource, namespace, name, subresource))

    async def _allowed(self, verb: str, ctx: Context, served: Served, name: str) -> None:
        """Raises Forbidden for a write that is not allowed; also for one that turns out to be a creation."""
        if not self._rights.concern(self._user):
            return
        attempt = attempt_at(self._user, verb, served.resource, ctx.namespace, name, ctx.subresource)
        ctx.check_create = partial(self._rights.check, attempt._replace(verb="create"), ctx.annotations)
        await self._rights.check(attempt, ctx.annotations)

    def _recorded(
        self, verb: str, ctx: Context, served: Served, name: str, body: Object | bytes | None = None
    ) -> AbstractContextManager[None]:
        """In the audit log, if there is one, as a request over HTTP would be."""
        if self._recorder.auditor is None:
            return _UNRECORDED
        return self._recorder.recorded(verb, ctx, served.resource, name, self._manager, body)

    def _served(self, kind: type[T] | Kind[T]) -> tuple[Served, type[T]]:
        wanted = kind_of(kind)
        resource = wanted.resource
        served = self._operations.catalog.by_path(resource.group, resource.version, resource.plural)
        if served is None:
            raise NotFound("the server could not find the requested resource")
        return served, wanted.cls

    def _context(self, served: Served, namespace: str, subresource: str) -> Context:
        resource = served.resource
        if subresource and subresource not in resource.subresources:
            raise MethodNotAllowed(f"{resource.group_resource} has no subresource {subresource}")
        return Context(
            self._user,
            self._clock.now(),
            group=resource.group,
            version=resource.version,
            subresource=subresource,
            namespace=namespace,
            manager=self._manager,
            names_manager=True,
            field_validation="Ignore",
            hears=False,
        )


def _selection(namespace: str, labels: str, fields: str) -> Selection:
    label_selector = parse_labels(labels) if labels else None
    return Selection(namespace, label_selector, parse_fields(fields) if fields else None)


def _kind_of_object(obj: TypedObject) -> Any:
    return kind_of(type(obj))


def _plain(obj: TypedObject) -> Object:
    return msgspec.json.decode(scheme.encode(obj))  # type: ignore[no-any-return]


def _from_plain(cls: type[T], obj: Object) -> T:
    return scheme.decode(cls, msgspec.json.encode(obj))


def _typed(served: Served, cls: type[T], entry: Entry) -> T:
    """The entry as a Struct, from memory if it has been asked for before."""
    known: T | None = entry.typed
    if type(known) is cls:
        return known
    if served.from_stored is not None:
        return _from_plain(cls, served.client_form(entry))
    if cls is PartialObject:
        return scheme.decode(cls, served.head + entry.tail)
    typed = entry.typed = scheme.decode(cls, b"{" + entry.tail)
    return typed


def _event(served: Served, cls: type[T], notice: Notice) -> WatchEvent[T]:
    change = notice.change
    if notice.seen is not Seen.LEFT:
        return WatchEvent(notice.seen.value, _typed(served, cls, change.entry))
    return WatchEvent(DELETED, _typed(served, cls, change.left()))


def _bookmark(cls: Any, revision: int) -> Any:
    meta = ObjectMeta(resource_version=str(revision), annotations={INITIAL_EVENTS_END: "true"})
    return cls(metadata=meta)
