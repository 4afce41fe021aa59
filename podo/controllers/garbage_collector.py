"""Garbage collector: what all of whose owners are gone goes too.

How an owner's dependents go is its deletion's propagation policy: in the background after it, in the foreground before
it (it waits, with a finalizer, for those that block it), or not at all (they are orphaned: their references are taken
off first). A reference to an owner in another namespace refers to nothing.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from podo.api.errors import NotFound
from podo.api.resources import Resource
from podo.api.scheme import Object
from podo.api.types.meta_v1 import OwnerReference
from podo.client import base
from podo.client.base import BACKGROUND, MERGE_PATCH, DeleteOptions, Key, Patch, find, metadata_kind
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.definition_outlines import DEFINITIONS
from podo.controllers.dependents import FOREGROUND, ORPHAN, Graph, Item
from podo.controllers.served import ServedResources

log = logging.getLogger(__name__)
UNKNOWN_KIND = 30.0  # seconds until an owner whose kind is not served (yet) is looked for again
SYNCING = 0.2


class GarbageCollector:
    """Reads the metadata of all objects; deletes them, and takes references and two finalizers off them."""

    name = "garbage-collector"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._served = client, ServedResources(client)
        self._graph = Graph(client, self._served, lambda item: None)
        self.watches: tuple[Watch[Item], ...] = ()

    def attach(self, add: Callable[[Item], None]) -> None:
        """Follow all resources, also those that come later."""
        self._graph.add = add
        self._client.informer(DEFINITIONS).handle(lambda old, new: self._graph.follow())
        self._graph.follow()

    async def reconcile(self, key: Item) -> Outcome:
        obj = self._graph.find(key)
        if obj is None:
            return DONE
        if obj.metadata.deletion_timestamp:
            return await self._finish(key, obj)
        if not obj.metadata.owner_references:
            return DONE
        owners = await self._owners(key, obj.metadata.owner_references)
        await self._collect(key, obj, owners)
        return Outcome(requeue_after=UNKNOWN_KIND) if owners.unknown else DONE

    async def _finish(self, item: Item, obj: Object) -> Outcome:
        """Do what an object that is being deleted waits for."""
        waits = [f for f in (ORPHAN, FOREGROUND) if f in obj.metadata.finalizers]
        if not waits:
            return DONE
        if not self._graph.synced:
            return Outcome(requeue_after=SYNCING)
        if ORPHAN in waits:
            await pods.together(self._orphan(d, {item.uid}) for d, _ in self._graph.dependents(item.uid))
            await self._patch(item, obj, finalizers=_without(obj.metadata.finalizers, ORPHAN))
            return DONE
        blocking = [d for d, reference in self._graph.dependents(item.uid) if reference.block_owner_deletion]
        if not blocking:
            await self._patch(item, obj, finalizers=_without(obj.metadata.finalizers, FOREGROUND))
        for dependent in blocking:
            if not self._graph.is_waiting(dependent.uid):
                self._graph.add(dependent)
        return DONE

    async def _owners(self, item: Item, references: Sequence[OwnerReference]) -> "Owners":
        """Which of the owners are there, gone, or wait for their dependents."""
        found = Owners([], [], [], [])
        for reference in references:
            resource = self._served.by_kind(reference.api_version, reference.kind)
            if resource is None or (resource.namespaced and not item.key.namespace):
                found.unknown.append(reference)
                continue
            owner = await self._owner(resource, item, reference)
            if owner is None:
                found.gone.append(reference)
            elif owner.metadata.deletion_timestamp and FOREGROUND in owner.metadata.finalizers:
                found.waiting.append(reference)
            else:
                found.there.append(reference)
        return found

    async def _owner(self, resource: Resource, item: Item, reference: OwnerReference) -> Object | None:
        """The owner that is referred to. Only the server's word counts for that it is gone."""
        key = Key(item.key.namespace if resource.namespaced else "", reference.name)
        owner: Object | None = self._graph.find(Item(resource.group, resource.plural, key, reference.uid))
        owner = owner or await find(self._client, metadata_kind(resource), key)
        return owner if owner is not None and owner.metadata.uid == reference.uid else None

    async def _collect(self, item: Item, obj: Object, owners: "Owners") -> None:
        lost = [*owners.gone, *owners.waiting]
        if owners.unknown or owners.there:
            if lost and not owners.unknown:
                await self._orphan(item, {r.uid for r in lost})
            return
        dependents = self._graph.dependents(item.uid)
        if owners.waiting and dependents:
            if any(self._graph.is_waiting(d.uid) for d, _ in dependents):
                await self._unblock(item, obj)  # a circle would wait for itself
            await self._delete(item, obj, base.FOREGROUND)
            return
        policies = {ORPHAN: base.ORPHAN, FOREGROUND: base.FOREGROUND}
        policy = next((policies[f] for f in policies if f in obj.metadata.finalizers), BACKGROUND)
        await self._delete(item, obj, policy)

    async def _delete(self, item: Item, obj: Object, policy: str) -> None:
        """Delete the object as it was judged: if it has changed meanwhile, that is a Conflict, and judged again."""
        options = DeleteOptions(propagation=policy, uid=item.uid, resource_version=obj.metadata.resource_version)
        log.info("deleting %s %s: its owners are gone (%s)", item.plural, item.key, policy)
        try:
            await self._client.delete(self._kind(item), item.key, options)
        except NotFound:
            pass

    async def _orphan(self, item: Item, owners: set[str]) -> None:
        """Take the references to `owners` off a dependent."""
        obj = self._graph.find(item)
        if obj is not None:
            left = [r for r in obj.metadata.owner_references if r.uid not in owners]
            await self._patch(item, obj, ownerReferences=left or None)

    async def _unblock(self, item: Item, obj: Object) -> None:
        references = [msgspec.structs.replace(r, block_owner_deletion=False) for r in obj.metadata.owner_references]
        await self._patch(item, obj, ownerReferences=references)

    async def _patch(self, item: Item, obj: Object, **changes: Any) -> None:
        """Change metadata of the object as it is known; if it is another meanwhile, that is a Conflict."""
        known = {"uid": item.uid, "resourceVersion": obj.metadata.resource_version}
        body = msgspec.json.encode({"metadata": known | changes})
        try:
            await self._client.patch(self._kind(item), item.key, Patch(media_type=MERGE_PATCH, body=body))
        except NotFound:
            pass

    def _kind(self, item: Item) -> Any:
        monitor = self._graph.monitors[item.group, item.plural]
        return monitor.informer.kind if monitor.whole else metadata_kind(monitor.resource)


class Owners(NamedTuple):
    """An object's references, by what is known of whom they refer to."""

    there: list[OwnerReference]
    gone: list[OwnerReference]
    waiting: list[OwnerReference]
    unknown: list[OwnerReference]


def _without(finalizers: Iterable[str], name: str) -> list[str] | None:
    return [f for f in finalizers if f != name] or None
