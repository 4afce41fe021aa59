"""A current copy of all objects of a kind, kept by one watch, with indexes and handlers.

`Informer` holds the copy and applies events to it; `reflector.py` feeds it; `Informers` shares them within a process.
Everything happens in one event loop, and nothing here awaits between reading and changing the copy.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from podo.api.scheme import Object
from podo.client.base import DELETED, Key, Kind, WatchEvent, key_of

T = TypeVar("T", bound=Object)
Handler = Callable[[T | None, T | None], None]
"""Called with (old, new): (None, new) when an object appears, (old, None) when it goes."""
IndexKeys = Callable[[T], Iterable[Hashable]]
Transform = Callable[[T], T | None]


def revision_of(obj: Object) -> int:
    """The resourceVersion as a number: versions of a cluster's objects are in the order of their writes."""
    return int(obj.metadata.resource_version or 0)


def by_namespace(obj: Object) -> Iterable[Hashable]:
    """Index keys: the object's namespace."""
    return (obj.metadata.namespace,)


def by_label(obj: Object) -> Iterable[Hashable]:
    """Index keys: (namespace, name, value) of each label. What a selector selects is among those of any one label."""
    meta = obj.metadata
    return [(meta.namespace, name, value) for name, value in meta.labels.items()]


class Index(Generic[T]):
    """The objects of an informer by some value of theirs: an owner's uid, a node's name."""

    def __init__(self, keys: IndexKeys[T]) -> None:
        self._keys = keys
        self._objects: dict[Hashable, dict[Key, T]] = {}

    def __call__(self, value: Hashable) -> list[T]:
        """The objects that have this value, in no particular order."""
        return list(self._objects.get(value, {}).values())

    def count(self, value: Hashable) -> int:
        """How many objects have this value."""
        return len(self._objects.get(value, ()))

    def values(self) -> Iterable[Hashable]:
        """All values that some object has."""
        return self._objects.keys()

    def replace(self, key: Key, old: T | None, new: T | None) -> None:
        """For the informer only: `new` stands where `old` stood."""
        for value in self._keys(old) if old is not None else ():
            if held := self._objects.get(value):
                held.pop(key, None)
                if not held:
                    del self._objects[value]
        if new is not None:
            for value in self._keys(new):
                self._objects.setdefault(value, {})[key] = new


class Informer(Generic[T]):
    """All objects of a kind that a scope selects, as of `revision`.

    `complete` is whether the scope is the whole kind; only then may a write be entered before its event comes
    (`observe`, `observe_deletion`), since a selector may leave the object out. `transform` makes objects smaller before
    they are kept; where it gives None, the object is not kept, and handlers hear of its end only.
    """

    def __init__(self, kind: Kind[T], *, transform: Transform[T] | None = None, complete: bool = True) -> None:
        self.kind, self.complete = kind, complete
        self.revision = 0  # of the last event: all writes of this kind up to it are in the copy
        self.synced = False
        self._transform = transform
        self._objects: dict[Key, T] = {}
        self._indexes: dict[IndexKeys[T], Index[T]] = {}
        self._handlers: list[Handler[T]] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._objects.values()))

    def get(self, key: Key) -> T | None:
        """The object at `key`."""
        return self._objects.get(key)

    def index(self, keys: IndexKeys[T]) -> Index[T]:
        """The index by `keys`, a function that is one object however often it is asked for: it names the index."""
        if keys not in self._indexes:
            index = self._indexes[keys] = Index(keys)
            for key, obj in self._objects.items():
                index.replace(key, None, obj)
        return self._indexes[keys]

    def handle(self, handler: Handler[T]) -> None:
        """Call `handler` for each object that is there, now, and for each change from now on. It must not fail."""
        self._handlers.append(handler)
        for obj in list(self._objects.values()):
            handler(None, obj)

    def apply(self, event: WatchEvent[T]) -> None:
        """An event of the watch. One that is older than what is held of its object changes nothing."""
        revision, key = revision_of(event.object), key_of(event.object)
        self.advance(revision)
        have = self._objects.get(key)
        if have is not None and revision <= revision_of(have):
            return
        if event.type == DELETED:
            if have is not None:
                self._set(key, have, None, last=event.object)
            elif self._transform is not None:
                self._tell(event.object, None)
            return
        self._set(key, have, self._transform(event.object) if self._transform else event.object)

    def advance(self, revision: int) -> None:
        """The watch has told of all writes up to `revision`."""
        self.revision = max(self.revision, revision)

    def retain(self, keys: set[Key], revision: int) -> None:
        """A list as of `revision` had only `keys`: drop the others, except what was written since."""
        self.advance(revision)
        for key in [k for k in self._objects if k not in keys]:
            if revision_of(self._objects[key]) <= revision:
                self._set(key, self._objects[key], None)

    def observe(self, obj: T) -> None:
        """Enter the result of a write of this process, unless the watch has told of it already."""
        if not self.complete or revision_of(obj) <= self.revision:
            return
        key = key_of(obj)
        have = self._objects.get(key)
        if have is None or revision_of(have) < revision_of(obj):
            self._set(key, have, self._transform(obj) if self._transform else obj)

    def observe_deletion(self, deleted: T, now: str) -> None:
        """Mark `deleted`, which this process just had deleted, as terminating until the watch tells of it."""
        key = key_of(deleted)
        if self._objects.get(key) is deleted and not deleted.metadata.deletion_timestamp:
            meta = msgspec.structs.replace(deleted.metadata, deletion_timestamp=now)
            self._set(key, deleted, msgspec.structs.replace(deleted, metadata=meta))  # type: ignore[type-var]

    def _set(self, key: Key, old: T | None, new: T | None, *, last: T | None = None) -> None:
        if old is not None and new is not None and old.metadata.uid != new.metadata.uid:
            self._set(key, old, None)  # deleted and created again between two lists
            old = None
        if new is not None:
            self._objects[key] = new
        elif old is not None:
            del self._objects[key]
        else:
            return
        for index in self._indexes.values():
            index.replace(key, old, new)
        self._tell(last or old if new is None else old, new)

    def _tell(self, old: T | None, new: T | None) -> None:
        for handler in self._handlers:
            handler(old, new)
