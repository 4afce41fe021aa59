"""ResourceQuota: counts what the objects of a namespace use, and says so in the status of its quotas.

Admission (`podo/server/admission/resource_quota.py`) charges what is made; this counts what has gone, and all again.
Other resources than the special ones are followed by their metadata, from the first quota that counts them on.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from podo.api.quota import amounts
from podo.api.quota.devices import DeviceClaims, Surroundings, extended_names
from podo.api.quota.evaluators import Counts, Evaluator, GroupResource, count_name, evaluators_for, special_ones
from podo.api.quota.pods import ENDED
from podo.api.quota.usage import counted
from podo.api.types.core_v1 import Pod, ResourceQuota
from podo.api.types.resource_v1 import DeviceClass, ResourceClaim
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informer import Informer, by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import Outcome, Watch, itself
from podo.controllers.definition_outlines import DEFINITIONS, DefinitionOutline
from podo.controllers.served import ServedResources

AGAIN = 300.0
"""Seconds until a quota is counted again of itself: a charge for what was never stored goes then."""
UNSYNCED = 0.1
"""Seconds until the next look for a resource that has only now begun to be followed."""


class ResourceQuotaController:
    """Reads ResourceQuota and what quotas count; writes ResourceQuota.status."""

    name = "resourcequota"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._quotas = client.informer(ResourceQuota)
        self._in_namespace = self._quotas.index(by_namespace)
        self._served = ServedResources(client)
        self._followed: dict[GroupResource, Informer[Any]] = {}
        self._add: Callable[[Key], None] = lambda key: None
        self._special = special_ones(DeviceClaims(self._surroundings))
        special = [Watch[Key](e.cls, self._limiting(e), _frees) for e in self._special if e.cls is not None]
        self.watches = (
            Watch[Key](ResourceQuota, itself, _other_limits),
            Watch[Key](DEFINITIONS, self._counting),
            Watch[Key](DeviceClass, self._standing_for),
            *special,
        )

    def attach(self, add: Callable[[Any], None]) -> None:
        self._add = add

    async def reconcile(self, key: Key) -> Outcome:
        quota = self._quotas.get(key)
        if quota is None:
            return Outcome()
        for evaluator in evaluators_for(quota.spec.hard, self._special):
            informer = self._informer(evaluator)
            if informer is not None and not informer.synced:
                return Outcome(requeue_after=UNSYNCED)
        now = self._clock.now()
        status = counted(quota, lambda evaluator: self._objects(evaluator, key.namespace), now, self._special)
        same = amounts.are_equal(status.used, quota.status.used) and amounts.are_equal(status.hard, quota.status.hard)
        if not same:
            await self._client.update(msgspec.structs.replace(quota, status=status), subresource="status")
        return Outcome(requeue_after=AGAIN)

    def _surroundings(self) -> Surroundings:
        pods, claims = self._client.informer(Pod), self._client.informer(ResourceClaim)
        return Surroundings(
            extended_names(self._client.informer(DeviceClass)),
            lambda namespace, name: pods.get(Key(namespace, name)),
            claims.index(by_namespace),
        )

    def _limiting(self, evaluator: Evaluator) -> Callable[[Any], Iterable[Key]]:
        """The quotas that an object of the evaluator's resource may concern."""

        def quotas(obj: Any) -> Iterable[Key]:
            found = self._in_namespace(obj.metadata.namespace)
            return [key_of(quota) for quota in found if evaluator.covers(quota.spec.hard)]

        return quotas

    def _counting(self, definition: DefinitionOutline) -> Iterable[Key]:
        """The quotas that count the objects of a definition, which may be served from now on, or no more."""
        names = definition.spec.names
        name = count_name((definition.spec.group, names.plural if names else ""))
        return [key_of(quota) for quota in self._quotas if name in quota.spec.hard]

    def _standing_for(self, device_class: DeviceClass) -> Iterable[Key]:
        """The quotas that limit the extended resource of a class."""
        name = f"requests.{device_class.spec.extended_resource_name}"
        return [key_of(quota) for quota in self._quotas if name in quota.spec.hard]

    def _objects(self, evaluator: Evaluator, namespace: str) -> Iterable[Any] | None:
        informer = self._informer(evaluator)
        return informer.index(by_namespace)(namespace) if informer is not None else ()

    def _informer(self, evaluator: Evaluator) -> Informer[Any] | None:
        """The informer of a resource; None if it is not served (any more)."""
        if evaluator.cls is not None:
            return self._client.informer(evaluator.cls)
        served = {(r.group, r.plural): r for r in self._served.kept() if r.namespaced}
        for place in [p for p in self._followed if p not in served]:
            self._client.informers.release(self._followed.pop(place))
        resource = served.get(evaluator.resource)
        if resource is None:
            return None
        if evaluator.resource not in self._followed:
            held = self._client.informers.held(resource)
            informer = self._client.informers.metadata(resource) if held is None else held
            self._followed[evaluator.resource] = informer
            concerned = self._limiting(Counts(evaluator.resource))
            informer.handle(lambda old, new: self._changed(concerned, old, new))
        return self._followed[evaluator.resource]

    def _changed(self, concerned: Callable[[Any], Iterable[Key]], old: Any, new: Any) -> None:
        if new is None:
            for key in concerned(old):
                self._add(key)


def _other_limits(old: ResourceQuota | None, new: ResourceQuota | None) -> bool:
    return old is None or new is None or old.spec != new.spec or new.status.hard != new.spec.hard


def _frees(old: Any, new: Any) -> bool:
    """Whether a change may free something. What is made has been charged: it needs no new count."""
    if old is None or new is None:
        return new is None
    if isinstance(new, Pod):
        return _is_less(old, new)
    return bool(old.spec != new.spec or old.status != new.status)


def _is_less(old: Pod, new: Pod) -> bool:
    ended = (old.status.phase in ENDED) != (new.status.phase in ENDED)
    limited = old.spec.active_deadline_seconds != new.spec.active_deadline_seconds
    return ended or limited or _held(old) != _held(new)


def _held(pod: Pod) -> list[Any]:
    status = pod.status
    resources = [s.resources for s in (*status.container_statuses, *status.init_container_statuses)]
    return [*resources, *(c.resources for c in (*pod.spec.containers, *pod.spec.init_containers))]
