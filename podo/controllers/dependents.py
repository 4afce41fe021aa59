"""Who depends on whom: the owner references of all objects, by the owners' uids. For the garbage collector.

Of an object that owns nothing, is owned by nobody and waits for nothing, only its end is of interest, and none of it is
held; of the others, only what the collector needs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from podo.api.resources import Resource
from podo.api.scheme import Object, PartialObject
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.client.base import Key, key_of
from podo.client.informer import Informer
from podo.client.informers import CachedClient
from podo.controllers.served import ServedResources

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
NOT_COLLECTED = frozenset({("", "events")})


class Item(NamedTuple):
    """An object: its resource, its place, and which of those that were at this place it is."""

    group: str
    plural: str
    key: Key
    uid: str


@dataclass(frozen=True)
class Monitor:
    """A resource and the informer of its objects. `whole`: it holds all of them, not only those of interest."""

    resource: Resource
    informer: Informer[PartialObject]
    whole: bool


@dataclass
class Graph:
    """The references of all objects; `add` is called with each item that may have to be collected or finished."""

    client: CachedClient
    served: ServedResources
    add: Callable[[Item], None]
    monitors: dict[tuple[str, str], Monitor] = field(default_factory=dict)
    _dependents: dict[str, dict[Item, OwnerReference]] = field(default_factory=dict)
    _waiting: dict[str, Item] = field(default_factory=dict)  # owners in foreground deletion, by uid

    def follow(self) -> None:
        """Watch what is served now: begin with what is new, end with what is gone."""
        served = {(r.group, r.plural): r for r in self.served.kept()}
        for place, resource in served.items():
            if place not in NOT_COLLECTED and place not in self.monitors:
                self._begin(place, resource)
        for place in [p for p in self.monitors if p not in served]:
            monitor = self.monitors.pop(place)
            if not monitor.whole:
                self.client.informers.release(monitor.informer)
            for obj in monitor.informer:
                self._changed(place, obj, None)

    @property
    def synced(self) -> bool:
        """Whether all objects of all resources are known."""
        return all(m.informer.synced for m in self.monitors.values())

    def find(self, item: Item) -> Object | None:
        """The object, if it is there, still the same one, and of interest."""
        monitor = self.monitors.get((item.group, item.plural))
        found = monitor.informer.get(item.key) if monitor else None
        return found if found is not None and found.metadata.uid == item.uid else None

    def dependents(self, uid: str) -> list[tuple[Item, OwnerReference]]:
        """What refers to an owner, and how."""
        return list(self._dependents.get(uid, {}).items())

    def is_waiting(self, uid: str) -> bool:
        """Whether it is an owner in foreground deletion."""
        return uid in self._waiting

    def _begin(self, place: tuple[str, str], resource: Resource) -> None:
        held = self.client.informers.held(resource)
        informer = self.client.informers.metadata(resource, transform=reduced) if held is None else held
        self.monitors[place] = Monitor(resource, informer, held is not None)
        informer.handle(lambda old, new: self._changed(place, old, new))

    def _changed(self, place: tuple[str, str], old: Object | None, new: Object | None) -> None:
        obj = new or old
        assert obj is not None
        item = Item(*place, key_of(obj), obj.metadata.uid)
        before = {r.uid: r for r in old.metadata.owner_references} if old else {}
        after = {r.uid: r for r in new.metadata.owner_references} if new else {}
        if before != after:
            self._refer(item, before, after)
            if after.keys() - before.keys():
                self.add(item)  # its owner may have been gone before it came
        if new is None:
            self._waiting.pop(item.uid, None)
            for dependent in self._dependents.get(item.uid, ()):
                self.add(dependent)
        elif new.metadata.deletion_timestamp:
            self._dying(item, new)

    def _refer(self, item: Item, before: dict[str, OwnerReference], after: dict[str, OwnerReference]) -> None:
        for uid in before.keys() - after.keys():
            of_owner = self._dependents.get(uid, {})
            of_owner.pop(item, None)
            if not of_owner:
                self._dependents.pop(uid, None)
        for uid, reference in after.items():
            self._dependents.setdefault(uid, {})[item] = reference
        for uid in before:
            if uid in self._waiting:
                self.add(self._waiting[uid])  # one less may hold it up

    def _dying(self, item: Item, obj: Object) -> None:
        finalizers = obj.metadata.finalizers
        if FOREGROUND in finalizers and item.uid not in self._waiting:
            self._waiting[item.uid] = item
            for dependent in self._dependents.get(item.uid, ()):
                self.add(dependent)
        elif FOREGROUND not in finalizers:
            self._waiting.pop(item.uid, None)
        if FOREGROUND in finalizers or ORPHAN in finalizers:
            self.add(item)


def reduced(obj: PartialObject) -> PartialObject | None:
    """What the collector needs of an object; None if that is nothing."""
    meta = obj.metadata
    if not meta.owner_references and not _waits(meta.finalizers):
        return None
    kept = ObjectMeta(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        resource_version=meta.resource_version,
        owner_references=meta.owner_references,
        finalizers=meta.finalizers,
        deletion_timestamp=meta.deletion_timestamp,
    )
    return msgspec.structs.replace(obj, metadata=kept)


def _waits(finalizers: Iterable[str]) -> bool:
    return any(f in (ORPHAN, FOREGROUND) for f in finalizers)
