"""A cluster of a few objects in a dict: enough of the Client protocol for the client's own machinery.

It has no API logic: what needs that is tested against the server's in-process client.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from podo.api.errors import AlreadyExists, APIError, Conflict, Expired, NotFound
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import (
    ADDED,
    BOOKMARK,
    DEFAULT_DELETE,
    DELETED,
    INITIAL_EVENTS_END,
    MODIFIED,
    DeleteOptions,
    Key,
    ObjectList,
    Patch,
    WatchEvent,
    key_of,
    kind_of,
)


class ScriptedClient:
    """Objects by class and key. `fail_next` failures are raised by the next calls; `drop_watches` ends all watches."""

    def __init__(self) -> None:
        self.objects: dict[type, dict[Key, object]] = {}
        self.log: list[tuple[type, WatchEvent]] = []
        self.revision, self.oldest = 0, 0
        self.failures: list[APIError] = []
        self.watches = 0  # begun so far
        self.patches: list[Patch] = []
        self._changed, self._generation = asyncio.Event(), 0

    async def get(self, kind, key, *, subresource=""):
        self._fail()
        try:
            return self._of(kind)[key]
        except KeyError:
            raise NotFound(f"{key} not found") from None

    async def list(self, kind, *, namespace="", labels="", fields=""):
        self._fail()
        return ObjectList(list(self._of(kind).values()), str(self.revision))

    async def watch(self, kind, *, namespace="", labels="", fields="", since="") -> AsyncIterator[WatchEvent]:
        self.watches += 1
        self._fail()
        cls, generation = kind_of(kind).cls, self._generation
        if since and int(since) < self.oldest:
            raise Expired(f"too old resource version: {since}")
        at = int(since or self.revision)
        if not since:
            for obj in list(self._of(kind).values()):
                yield WatchEvent(ADDED, obj)
            meta = ObjectMeta(resource_version=str(at), annotations={INITIAL_EVENTS_END: "true"})
            yield WatchEvent(BOOKMARK, cls(metadata=meta))
        while generation == self._generation:
            self._fail()
            for logged, event in list(self.log):
                if logged is cls and (revision := int(event.object.metadata.resource_version)) > at:
                    at = revision
                    yield event
            self._changed.clear()
            await self._changed.wait()

    async def create(self, obj, *, of=None, subresource=""):
        self._fail()
        if key_of(obj) in self._of(type(obj)):
            raise AlreadyExists(f"{key_of(obj)} already exists")
        return self._write(ADDED, obj, uid=obj.metadata.uid or f"uid-{self.revision + 1}")

    async def update(self, obj, *, of=None, subresource=""):
        self._fail()
        have = self._of(type(obj)).get(key_of(obj))
        if have is None:
            raise NotFound(f"{key_of(obj)} not found")
        if obj.metadata.resource_version not in ("", have.metadata.resource_version):
            raise Conflict("the object has been modified")
        return self._write(MODIFIED, obj, uid=have.metadata.uid)

    async def patch(self, kind, key: Key, patch: Patch, *, subresource=""):
        """A merge of top-level fields with attribute names that equal the JSON ones, lower-camel turned to snake."""
        have = await self.get(kind, key)
        self.patches.append(patch)
        changes = {"".join("_" + c.lower() if c.isupper() else c for c in k): v for k, v in patch.body.items()}
        return self._write(MODIFIED, msgspec.structs.replace(have, **changes), uid=have.metadata.uid)

    async def delete(self, kind, key: Key, options: DeleteOptions = DEFAULT_DELETE) -> None:
        have = await self.get(kind, key)
        self._write(DELETED, have, uid=have.metadata.uid)

    def compact(self) -> None:
        """Forget the log: watches from before now expire."""
        self.oldest = self.revision
        self.log.clear()

    def drop_watches(self) -> None:
        """End all watches, as a server does that restarts."""
        self._generation += 1
        self._changed.set()

    def break_watches(self, error: APIError) -> None:
        """Have the next turn of a watch raise `error`."""
        self.failures.append(error)
        self._changed.set()

    def _of(self, kind) -> dict:
        return self.objects.setdefault(kind_of(kind).cls, {})

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def _write(self, event: str, obj, *, uid: str):
        self.revision += 1
        meta = msgspec.structs.replace(obj.metadata, resource_version=str(self.revision), uid=uid)
        made, objects = msgspec.structs.replace(obj, metadata=meta), self._of(type(obj))
        if event == DELETED:
            del objects[key_of(made)]
        else:
            objects[key_of(made)] = made
        self.log.append((type(made), WatchEvent(event, made)))
        self._changed.set()
        return made
