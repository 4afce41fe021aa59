"""Garbage that servers behind the aggregator hold: what all of whose owners are gone goes there as well.

The graph of the garbage collector is of this server's objects. Those of others, of which there are few, are looked at
again and again instead.
"""

import logging
from collections.abc import Iterable, Sequence

from podo.api.errors import APIError, Conflict, NotFound
from podo.api.resources import Resource
from podo.api.scheme import PartialObject
from podo.api.types.apiregistration_v1 import APIService
from podo.api.types.meta_v1 import OwnerReference
from podo.client.base import BACKGROUND, Client, DeleteOptions, Key, find, key_of, metadata_kind
from podo.client.informers import CachedClient
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.other_servers import OtherServers, is_available
from podo.controllers.served import ServedResources

EVERY = 10.0  # seconds until a server's objects are looked at again
log = logging.getLogger(__name__)


class GarbageElsewhere:
    """Reads APIServices and the metadata of what other servers hold; deletes there."""

    name = "garbage-collector-elsewhere"

    def __init__(self, client: CachedClient, others: OtherServers) -> None:
        self._client, self._others = client, others
        self._services, self._served = client.informer(APIService), ServedResources(client)
        self.watches = (Watch(APIService, to=itself),)

    async def reconcile(self, key: Key) -> Outcome:
        service = self._services.get(key)
        if service is None or service.spec.service is None or not is_available(service):
            return DONE
        try:
            theirs = await self._others.resources_of(service)
            for resource in theirs:
                await self._collect(resource, theirs)
        except APIError as error:
            log.info("cannot look for garbage of %s: %s", key.name, error)
        return Outcome(requeue_after=EVERY)

    async def _collect(self, resource: Resource, theirs: Sequence[Resource]) -> None:
        client = self._others.client
        for obj in (await client.list(metadata_kind(resource))).items:
            references = obj.metadata.owner_references
            if references and not obj.metadata.deletion_timestamp and await self._are_gone(obj, references, theirs):
                await _delete(client, resource, obj)

    async def _are_gone(
        self, obj: PartialObject, references: Iterable[OwnerReference], theirs: Sequence[Resource]
    ) -> bool:
        """Whether none of the owners is there; one of a kind that nobody serves may be."""
        for reference in references:
            client: Client = self._client
            resource = self._served.by_kind(reference.api_version, reference.kind)
            if resource is None:
                client, resource = self._others.client, _by_kind(theirs, reference)
            if resource is None or (resource.namespaced and not obj.metadata.namespace):
                return False
            key = Key(obj.metadata.namespace if resource.namespaced else "", reference.name)
            owner = await find(client, metadata_kind(resource), key)
            if owner is not None and owner.metadata.uid == reference.uid:
                return False
        return True


def _by_kind(resources: Iterable[Resource], reference: OwnerReference) -> Resource | None:
    return next((r for r in resources if (r.api_version, r.kind) == (reference.api_version, reference.kind)), None)


async def _delete(client: Client, resource: Resource, obj: PartialObject) -> None:
    """Delete the object as it was judged."""
    log.info("deleting %s %s: its owners are gone", resource.group_resource, key_of(obj))
    options = DeleteOptions(
        propagation=BACKGROUND, uid=obj.metadata.uid, resource_version=obj.metadata.resource_version
    )
    try:
        await client.delete(metadata_kind(resource), key_of(obj), options)
    except (NotFound, Conflict):
        pass  # it is looked at again
