"""The registry: what every kind can do. It joins the pure decisions beside it with cache, store and admission."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from podo.api.errors import AlreadyExists, APIError, Conflict, NotFound
from podo.server.admission_point import Admission, Attributes, FieldManager, Operation
from podo.server.context import Context
from podo.server.metadata import dedup_owners
from podo.server.registry.creating import fill_metadata, give_name, place, prepare_create
from podo.server.registry.deleting import DeleteOptions, check_preconditions, goes_with_update, plan_deletion
from podo.server.registry.failures import already_exists, not_found, unclassified, wrong_uid
from podo.server.registry.hooks import Hook, WorkedOut
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions, ListResult, list_converted, list_entries
from podo.server.registry.unbroken import Unbroken
from podo.server.registry.updating import check_version, conflict, prepare_update
from podo.server.strategy import Object
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry, stored_value
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher
from podo.store.base import Revision, Store

Change = Callable[[Object, int], Awaitable[Object]]
"""Gives the new object for the current one (a dict of its own, with its revision); called again after a conflict."""

ATTEMPTS = 100
COLLECTION_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Chance:
    """Where uids and generated names come from."""

    uid: Callable[[], str]
    choice: Callable[[str], str]


class _Update(NamedTuple):
    """What `update` is told."""

    change: Change
    uid: str
    admission: Admission
    create: bool
    replaces: bool


class Deleted(NamedTuple):
    """The object as it last was, and whether it is gone."""

    entry: Entry
    gone: bool


class Registry:
    """All kinds. Objects go in as dicts of the caller's own in the version of the request, and come out as entries."""

    def __init__(
        self,
        store: Store,
        cache: WatchCache,
        *,
        admission: Admission,
        fields: FieldManager,
        chance: Chance,
        unbroken: Unbroken,
    ) -> None:
        """`unbroken` runs writes that are more than one, so that no cancellation leaves half of them."""
        self._unbroken = unbroken
        self._store, self.cache, self.admission = store, cache, admission
        self._fields, self._chance = fields, chance
        self.hooks: dict[tuple[str, str], Hook] = {}
        """By (group, kind) of the stored version; set once, before the first request."""
        self.worked_out: dict[str, WorkedOut] = {}
        """Kinds that are not stored, by the prefix of their keys."""

    def _resource(self, served: Served) -> ResourceCache:
        return self.cache.resource(served.stored.prefix)

    async def get(self, served: Served, namespace: str, name: str, *, revision: int | None = None) -> Entry:
        """The object, as new as any acknowledged write, or (with `revision`) at least so new. Raises NotFound."""
        cache = self.cache
        if (source := self.worked_out.get(served.stored.prefix)) is not None:
            if (entry := await source.find(name)) is None:
                raise not_found(served, name)
            return entry
        if revision is None:
            if cache.revision < cache.acknowledged or cache.shared:
                await cache.consistent()
        elif revision > cache.revision:
            await cache.reach(revision)
        found = self._resource(served).get(served.stored.key(namespace, name))
        if found is None:
            raise not_found(served, name)
        return await _shown(served, found)

    async def list(self, served: Served, selection: Selection, options: ListOptions) -> ListResult:
        """A page of the selected objects."""
        if (source := self.worked_out.get(served.stored.prefix)) is not None:
            fields_of = self._resource(served).fields_of
            entries = [entry for entry in await source.all() if selection.matches(entry, fields_of)]
            return ListResult(entries, self.cache.revision)
        past, resource = partial(self._past, served.stored.prefix), self._resource(served)
        if served.converts:
            return await list_converted(self.cache, resource, selection, options, past, served.readable)
        return await list_entries(self.cache, resource, selection, options, past)

    async def _past(self, prefix: str, revision: int) -> Sequence[Entry]:
        """All objects under a prefix as the store had them. Raises Expired."""
        page = await self._store.list(prefix, at=Revision(revision))
        return [Entry(record.key.removeprefix(prefix), record.modified, record.value) for record in page.records]

    def watch(self, served: Served, selection: Selection, since: int) -> Watcher:
        """What happens after the revision `since`. Raises Expired. `unwatch` must follow.

        Of a kind that is converted, the fields are those of a version, and still to be looked at (`relaying.py`).
        """
        return self._resource(served).watch(selection.of_any_version() if served.converts else selection, since)

    def unwatch(self, served: Served, watcher: Watcher) -> None:
        """End a watch."""
        self._resource(served).watchers.remove(watcher)

    async def create(self, ctx: Context, served: Served, obj: Object) -> Entry:
        """Store a new object. Raises AlreadyExists, Invalid, BadRequest and what admission raises."""
        work = self._create(ctx, served, obj)
        return await (self._unbroken.run(work) if self._is_hooked(served) else work)

    def _is_hooked(self, served: Served) -> bool:
        return (served.stored.group, served.stored.kind) in self.hooks

    async def _create(self, ctx: Context, served: Served, obj: Object) -> Entry:
        kind = served.stored
        place(obj, kind, ctx.namespace)
        fill_metadata(obj, ctx, self._chance.uid())
        obj = self._with_fields(ctx, served, obj, None)
        name = obj["metadata"].get("name", "")
        attributes = Attributes(ctx, Operation.CREATE, served.resource, ctx.namespace, name, obj)
        await self.admission.mutate(attributes)
        obj = served.store_form(_present(attributes.obj))
        give_name(obj, self._chance.choice)
        async with self._around(ctx, served, obj, None):
            prepare_create(obj, kind, ctx)
            attributes.obj, attributes.name = obj, obj["metadata"]["name"]
            await self.admission.validate(attributes)
            return await self._store_new(ctx, served, obj)

    @asynccontextmanager
    async def _around(self, ctx: Context, served: Served, obj: Object, old: Object | None) -> AsyncIterator[None]:
        """What the kind's hook does around a write."""
        hook = self.hooks.get((served.stored.group, served.stored.kind))
        if hook is None:
            yield
            return
        finish = await hook.begin(ctx, obj, old)
        done = False
        try:
            yield
            done = True
        finally:
            await finish(done)

    def _with_fields(self, ctx: Context, served: Served, obj: Object, live: Object | None) -> Object:
        """The object with defaults and managedFields.

        An empty list that is stored as null (`rules: []`) counts as set by whoever sets it.
        """
        empty = [field for field, value in obj.items() if value == []]
        served.stored.strategy.default(obj, live if served.from_stored is None else None)
        for text in dedup_owners(obj["metadata"]) if obj["metadata"].get("ownerReferences") else ():
            ctx.warn(text)
        nulls = {field: None for field in empty if field in obj and obj[field] is None}
        if not nulls:
            return self._fields.update(live, obj, ctx, served)
        return self._fields.update(live, obj | {field: [] for field in nulls}, ctx, served) | nulls

    async def _store_new(self, ctx: Context, served: Served, obj: Object) -> Entry:
        kind, name = served.stored, obj["metadata"]["name"]
        key, value = kind.key(ctx.namespace, name), stored_value(obj)
        raw = stored_value(await served.storable(obj)) if served.converts else value
        given = obj["metadata"].get("resourceVersion") or "0"
        if ctx.dry_run:
            await self.cache.consistent()
            if self._resource(served).get(key) is not None:
                raise already_exists(served, name)
            return Entry(key, int(given) if given.isdecimal() else 0, value)
        if given != "0":
            raise unclassified("resourceVersion should not be set on objects to be created")
        try:
            record = await self._store.create(kind.prefix + key, raw)
        except AlreadyExists as error:
            raise already_exists(served, name) from error
        self.cache.acknowledge(record.modified)
        return self._written(served, key, record.modified, value)

    async def update(
        self,
        ctx: Context,
        served: Served,
        name: str,
        change: Change,
        *,
        create: bool = False,
        uid: str = "",
        replaces: bool = False,
        admission: Admission | None = None,
    ) -> tuple[Entry, bool]:
        """Change an object, as often as it takes; the result, and whether it is new.

        `create` allows (for apply) to make it where there is none, if the kind does not always allow it: then `change`
        is called with an empty dict, as it always is if it `replaces` the object whatever it is. `uid` must be the
        object's, if given. `admission` is asked in place of the usual one: what a subresource with a kind of its own
        does to the object is not seen by it as a write of the object.
        """
        changed = _Update(change, uid, admission or self.admission, create, replaces)
        work = self._update(ctx, served, name, changed)
        return await (self._unbroken.run(work) if self._is_hooked(served) else work)

    async def _update(self, ctx: Context, served: Served, name: str, update: "_Update") -> tuple[Entry, bool]:
        await self.cache.consistent()
        current = self._resource(served).get(served.stored.key(ctx.namespace, name))
        for _ in range(ATTEMPTS):
            if current is None:
                if not (update.create or served.stored.strategy.traits.create_on_update) or update.uid:
                    raise not_found(served, name)
                if ctx.check_create is not None:
                    await ctx.check_create()
                obj = await update.change({}, 0)
                obj.get("metadata", {}).pop("resourceVersion", None)
                return await self._create(ctx, served, obj), True
            try:
                return await self._update_once(ctx, served, name, current, update), False
            except Stale:
                current = await self.stored(served, ctx.namespace, name)
        raise conflict(served, name)

    async def _update_once(self, ctx: Context, served: Served, name: str, current: Entry, update: "_Update") -> Entry:
        kind, uid = served.stored, update.uid
        current = await _shown(served, current)
        old = current.object() | {"kind": kind.kind, "apiVersion": served.stored_api_version}
        if uid and uid != old["metadata"].get("uid"):
            found = old["metadata"].get("uid", "")
            raise conflict(served, name, wrong_uid(served, current.key, uid, found, pretended=ctx.dry_run))
        live = old if served.verbatim else served.client_form(current)
        obj = await update.change({} if update.replaces else served.client_form(current), current.revision)
        obj = self._with_fields(ctx, served, obj, live)
        if not ctx.applies and served.hides(current):
            obj["metadata"].pop("managedFields", None)
        attributes = Attributes(ctx, Operation.UPDATE, served.resource, ctx.namespace, name, obj, live)
        await update.admission.mutate(attributes)
        obj = served.store_form(_present(attributes.obj))
        check_version(obj, current.revision, served, name)
        async with self._around(ctx, served, obj, old):
            obj = prepare_update(obj, old, kind, ctx)
            attributes.obj, attributes.old = obj, old
            await update.admission.validate(attributes)
            if not goes_with_update(obj, old, kind.strategy):
                return await self._write(ctx, served, current, old, obj)
        if not ctx.dry_run:
            await self._remove(ctx, served, current)
        return Entry(current.key, current.revision, stored_value(obj))

    async def _write(self, ctx: Context, served: Served, current: Entry, old: Object, obj: Object) -> Entry:
        """Store the changed object, unless nothing has changed. Raises Stale if `current` is not current."""
        obj = self._fields.settle(obj, old)
        if obj == old and not served.is_outdated(current):
            return current
        value = stored_value(obj)
        if ctx.dry_run:
            return Entry(current.key, current.revision, value)
        raw = stored_value(await served.storable(obj)) if served.converts else value
        try:
            record = await self._store.update(
                served.stored.prefix + current.key, raw, expect=Revision(current.revision)
            )
        except (Conflict, NotFound) as error:
            raise Stale from error
        self.cache.acknowledge(record.modified)
        return self._written(served, current.key, record.modified, value)

    def _written(self, served: Served, key: str, revision: int, value: bytes) -> Entry:
        """What was written, as the cache holds it if that has heard already: all then share what is decoded of it."""
        held = None if served.converts else self._resource(served).get(key)
        return held if held is not None and held.revision == revision else Entry(key, revision, value)

    async def stored(self, served: Served, namespace: str, name: str) -> Entry | None:
        """The object as the store has it now, past the cache."""
        key = served.stored.key(namespace, name)
        record = await self._store.get(served.stored.prefix + key)
        return Entry(key, record.modified, record.value) if record else None

    async def delete(
        self,
        ctx: Context,
        served: Served,
        name: str,
        options: DeleteOptions,
        *,
        admission: Admission | None = None,
    ) -> Deleted:
        """Delete an object, or begin to. Raises NotFound and Conflict. `admission` as with `update`."""
        if (warning := served.stored.strategy.traits.orphan_warning) and not options.says_propagation:
            ctx.warn(warning)
        work = self._delete(ctx, served, name, options, admission or self.admission)
        return await (self._unbroken.run(work) if self._is_hooked(served) else work)

    async def _delete(
        self, ctx: Context, served: Served, name: str, options: DeleteOptions, admission: Admission
    ) -> Deleted:
        await self.cache.consistent()
        current = self._resource(served).get(served.stored.key(ctx.namespace, name))
        marked: Entry | None = None
        for _ in range(ATTEMPTS):
            if marked is not None and (current is None or _uid(current) != _uid(marked)):
                return Deleted(marked, True)  # who saw our mark was faster to remove it, as a node that confirms is
            if current is None:
                raise not_found(served, name)
            try:
                return await self._delete_once(ctx, served, current, options, admission)
            except Stale as stale:
                marked = stale.marked or marked
                current = await self.stored(served, ctx.namespace, name)
        raise conflict(served, name)

    async def _delete_once(
        self, ctx: Context, served: Served, current: Entry, options: DeleteOptions, admission: Admission
    ) -> Deleted:
        kind, current = served.stored, await _shown(served, current)
        old = current.object() | {"kind": kind.kind, "apiVersion": served.stored_api_version}
        check_preconditions(old, current.revision, options, served)
        live = served.client_form(current)
        attributes = Attributes(
            ctx, Operation.DELETE, served.resource, current.namespace, current.name, None, live, options
        )
        await admission.mutate(attributes)
        await admission.validate(attributes)
        obj = current.object() | {"kind": kind.kind, "apiVersion": served.stored_api_version}
        deletion = plan_deletion(obj, kind.strategy, options, ctx.now)
        if deletion.obj is not None:
            current = await self._write(ctx, served, current, old, deletion.obj)
        if deletion.remove and not ctx.dry_run:
            try:
                current = await self._remove(ctx, served, current)
            except Stale as stale:
                raise Stale(current if deletion.obj is not None else None) from stale
        return Deleted(current, deletion.remove)

    async def _remove(self, ctx: Context, served: Served, current: Entry) -> Entry:
        key = served.stored.prefix + current.key
        try:
            record = await self._store.delete(key, expect=Revision(current.revision))
        except (Conflict, NotFound) as error:
            raise Stale from error
        self.cache.acknowledge(record.modified)
        if (hook := self.hooks.get((served.stored.group, served.stored.kind))) is not None:
            await hook.deleted(ctx, current.object())
        return Entry(current.key, record.modified, record.value)

    async def delete_collection(
        self, ctx: Context, served: Served, selection: Selection, paging: ListOptions, options: DeleteOptions
    ) -> ListResult:
        """Delete all selected objects, some at a time; those that were there."""
        found = await self.list(served, selection, paging)
        left = iter(found.entries)

        async def remove() -> None:
            for entry in left:
                with suppress(NotFound):
                    await self.delete(_within(ctx, entry.namespace), served, entry.name, options)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(COLLECTION_WORKERS, len(found.entries))):
                    tasks.create_task(remove())
        except BaseExceptionGroup as failures:
            # not `except*`: what is raised there comes out as a group on some versions of Python 3.11
            refusals, others = failures.split(APIError)
            if others is not None or refusals is None:
                raise
            raise refusals.exceptions[0] from None
        return found


async def _shown(served: Served, entry: Entry) -> Entry:
    """An entry as the registry works with it: in the version that is served, where another program converts."""
    return (await served.readable([entry]))[0] if served.converts else entry


def _uid(entry: Entry) -> str:
    return str(entry.object()["metadata"].get("uid", ""))


class Stale(Exception):
    """What we changed has been changed by another meanwhile; `marked` is what we had marked for its removal."""

    def __init__(self, marked: Entry | None = None) -> None:
        super().__init__()
        self.marked = marked


def _within(ctx: Context, namespace: str) -> Context:
    return Context(
        ctx.user, ctx.now, group=ctx.group, version=ctx.version, namespace=namespace, dry_run=ctx.dry_run,
        manager=ctx.manager, field_validation=ctx.field_validation, warnings=ctx.warnings,
        annotations=ctx.annotations,
    )  # fmt: skip


def _present(obj: Object | None) -> Object:
    assert obj is not None, "mutating admission took the object away"
    return obj
