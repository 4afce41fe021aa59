"""The informers of a process, shared by kind and scope, and the client whose writes they know at once.

Why `CachedClient`: a controller reads from informers, which lag behind its own writes. client-go's controllers keep
"expectations" for this. Here each write is entered into the informer from its answer, so a controller that has created
a Pod sees that Pod in its next reconcile, and needs nothing of the kind.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, TypeVar, cast

from podo.api.errors import ServerTimeout, ServiceUnavailable, Timeout
from podo.api.resources import Resource
from podo.api.scheme import Object, PartialObject
from podo.api.timestamps import format_time
from podo.client.base import (
    DEFAULT_DELETE,
    Client,
    DeleteOptions,
    Key,
    Kind,
    ObjectList,
    Patch,
    WatchEvent,
    kind_of,
    metadata_kind,
)
from podo.client.informer import Informer, Transform
from podo.client.reflector import ALL, Reflector, Scope
from podo.clock import Clock

T = TypeVar("T", bound=Object)
UNKNOWN = (ServiceUnavailable, ServerTimeout, Timeout, OSError)
"""Failures of a write after which it may have been done."""
Place = tuple[str, str, str, type[Any], Scope, Any]  # what makes two informers the same one


def _kind_place(kind: Kind[Any]) -> tuple[str, str, str, type[Any]]:
    r = kind.resource
    return r.group, r.version, r.plural, kind.cls


def _place(kind: Kind[Any], scope: Scope, transform: Any) -> Place:
    return (*_kind_place(kind), scope, transform)


class Informers:
    """The informers of a process. `of` gives one, which is fed while `run` runs, also if it was asked for later."""

    def __init__(self, client: Client, clock: Clock, chance: Random | None = None) -> None:
        self._client, self._clock, self._chance = client, clock, chance or Random()
        self._informers: dict[Place, Informer[Any]] = {}
        self._complete: dict[tuple[str, str, str, type[Any]], list[Informer[Any]]] = {}
        self._running: dict[Place, asyncio.Task[None]] = {}
        self._synced: dict[Place, asyncio.Event] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def of(
        self, target: type[T] | Kind[T], *, scope: Scope = ALL, transform: Transform[T] | None = None
    ) -> Informer[T]:
        """The informer of a kind. `transform`, a module's function, is part of its identity."""
        kind = kind_of(target)
        place = _place(kind, scope, transform)
        if place not in self._informers:
            self._informers[place] = Informer(kind, transform=transform, complete=scope == ALL)
            self._synced[place] = asyncio.Event()
            if scope == ALL:
                self._complete.setdefault(place[:4], []).append(self._informers[place])
            if self._tasks is not None:
                self._start(place)
        return self._informers[place]

    def metadata(
        self, resource: Resource, *, transform: Transform[PartialObject] | None = None
    ) -> Informer[PartialObject]:
        """An informer of any resource's metadata."""
        return self.of(metadata_kind(resource), transform=transform)

    def held(self, resource: Resource) -> Informer[Any] | None:
        """An informer that somebody asked for already and that holds all objects of a resource, whole."""
        for place, informer in self._informers.items():
            r = informer.kind.resource
            if (r.group, r.plural) == (resource.group, resource.plural) and informer.complete and place[5] is None:
                return informer
        return None

    def release(self, informer: Informer[Any]) -> None:
        """Stop feeding `informer` and forget it: its resource is served no more. Its objects stay as they are."""
        place = next(p for p, i in self._informers.items() if i is informer)
        del self._informers[place], self._synced[place]
        if informer.complete:
            self._complete[place[:4]].remove(informer)
        if task := self._running.pop(place, None):
            task.cancel()

    def complete(self, kind: Kind[Any]) -> Sequence[Informer[Any]]:
        """The informers that hold the whole kind with this class: those that a write may be entered in."""
        return self._complete.get(_kind_place(kind), ())

    async def synced(self, informer: Informer[Any] | None = None) -> None:
        """Return when `informer` has its first list; without one, when all have that are known now."""
        for place, event in list(self._synced.items()):
            if informer is None or self._informers.get(place) is informer:
                await event.wait()

    async def run(self) -> None:
        """Feed the informers until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            for place in self._informers:
                self._start(place)
            await asyncio.get_running_loop().create_future()

    def _start(self, place: Place) -> None:
        assert self._tasks is not None
        reflector = Reflector(self._client, self._clock, self._informers[place], place[4], chance=self._chance)
        self._running[place] = self._tasks.create_task(
            reflector.run(self._synced[place].set), name=f"reflector {place[2]}"
        )


class CachedClient:
    """A Client whose writes are at once in the informers of its process. Its own reads go to the server."""

    def __init__(self, client: Client, informers: Informers, clock: Clock) -> None:
        self._client, self._informers, self._clock = client, informers, clock

    @property
    def informers(self) -> Informers:
        """All informers of the process."""
        return self._informers

    def informer(self, target: type[T] | Kind[T], scope: Scope = ALL) -> Informer[T]:
        """The shared copy of all objects of a kind, or of those in a scope. Only the former knows writes at once."""
        return self._informers.of(target, scope=scope)

    async def get(self, kind: type[T] | Kind[T], key: Key, *, subresource: str = "") -> T:
        return await self._client.get(kind, key, subresource=subresource)

    async def list(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> ObjectList[T]:
        return await self._client.list(kind, namespace=namespace, labels=labels, fields=fields)

    def watch(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", since: str = ""
    ) -> AsyncIterator[WatchEvent[T]]:
        return self._client.watch(kind, namespace=namespace, labels=labels, fields=fields, since=since)

    async def create(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        try:
            made = await self._client.create(obj, of=of, subresource=subresource)
        except UNKNOWN:
            if obj.metadata.generate_name and not obj.metadata.name:
                await self._look(kind_of(cast(Any, type(obj))), obj.metadata.namespace)
            raise
        if not subresource:
            self._observe(kind_of(cast(Any, type(obj))), made)
        return made

    async def update(self, obj: T, *, of: Kind[Any] | None = None, subresource: str = "") -> T:
        made = await self._client.update(obj, of=of, subresource=subresource)
        if subresource in ("", "status"):
            self._observe(kind_of(cast(Any, type(obj))), made)
        return made

    async def patch(self, kind: type[T] | Kind[T], key: Key, patch: Patch, *, subresource: str = "") -> T:
        made = await self._client.patch(kind, key, patch, subresource=subresource)
        if subresource in ("", "status"):
            self._observe(kind_of(kind), made)
        return made

    async def delete(self, kind: type[T] | Kind[T], key: Key, options: DeleteOptions = DEFAULT_DELETE) -> None:
        before = [(i, i.get(key)) for i in self._informers.complete(kind_of(kind))]
        await self._client.delete(kind, key, options)
        for informer, have in before:
            if have is not None:
                informer.observe_deletion(have, format_time(self._clock.now()))

    async def _look(self, kind: Kind[Any], namespace: str) -> None:
        """Enter what there is: a creation whose answer was lost may have been done, under a name that nobody knows.

        Who tries again then sees what it made, and makes nothing twice.
        """
        if self._informers.complete(kind):
            for found in (await self._client.list(kind, namespace=namespace)).items:
                self._observe(kind, found)

    def _observe(self, kind: Kind[Any], made: Object) -> None:
        for informer in self._informers.complete(kind):
            informer.observe(made)
