"""Eviction by taints of devices (KEP-5055): a Pod leaves when it does not tolerate a taint of a device that it has."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta

from podo.api.errors import NotFound
from podo.api.resource_claims import results, tolerates
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Pod
from podo.api.types.resource_v1 import (
    DeviceRequestAllocationResult,
    DeviceTaint,
    DeviceToleration,
    ResourceClaim,
    ResourceSlice,
)
from podo.client.base import DeleteOptions, Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.taint_eviction import mark_disrupted

NO_EXECUTE = "NoExecute"
REASON, MESSAGE = "DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint"
Place = tuple[str, str]
"""Driver and pool."""


def by_place(obj: ResourceSlice) -> Iterable[Hashable]:
    """Index keys: the pool that a slice is of."""
    return ((obj.spec.driver, obj.spec.pool.name if obj.spec.pool else ""),)


def by_device_pool(obj: ResourceClaim) -> Iterable[Hashable]:
    """Index keys: the pools that a claim has devices of."""
    return {(result.driver, result.pool) for result in results(obj)}


def by_consumer(obj: ResourceClaim) -> Iterable[Hashable]:
    """Index keys: the uids of who has the claim."""
    return [consumer.uid for consumer in obj.status.reserved_for]


class DeviceTaintEviction:
    """Reads Pod, ResourceClaim and ResourceSlice; deletes Pods."""

    name = "device-taint-eviction"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._events = events.recorder("device-taint-eviction")
        self._pods, claims = client.informer(Pod), client.informer(ResourceClaim)
        self._claims_in, self._claims_of = claims.index(by_device_pool), claims.index(by_consumer)
        self._slices = client.informer(ResourceSlice).index(by_place)
        self.watches = (
            Watch[Key](ResourceClaim, to=consumers),
            Watch[Key](ResourceSlice, to=self._affected, when=_other_taints),
        )

    async def reconcile(self, key: Key) -> Outcome:
        pod = self._pods.get(key)
        if pod is None or pod.metadata.deletion_timestamp or pods.is_finished(pod):
            return DONE
        now = self._clock.now()
        times = [
            leave
            for claim in self._claims_of(pod.metadata.uid)
            for result in results(claim)
            for taint in self._taints(result)
            if (leave := leaves_at(taint, result.tolerations, now)) is not None
        ]
        if not times:
            return DONE
        left = (min(times) - now).total_seconds()
        if left > 0:
            return Outcome(requeue_after=left)
        await self._evict(pod, now)
        return DONE

    def _taints(self, result: DeviceRequestAllocationResult) -> list[DeviceTaint]:
        """Of an allocated device, those for which Pods have to leave."""
        return [
            taint
            for found in self._slices((result.driver, result.pool))
            for device in found.spec.devices
            if device.name == result.device
            for taint in device.taints
            if taint.effect == NO_EXECUTE
        ]

    async def _evict(self, pod: Pod, now: datetime) -> None:
        self._events.normal(pod, "DeviceTaintManagerEviction", "Marking for deletion")
        try:
            await mark_disrupted(self._client, pod, REASON, MESSAGE, now)
            await self._client.delete(Pod, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except NotFound:
            pass

    def _affected(self, changed: ResourceSlice) -> Iterable[Key]:
        """The Pods that have devices of a slice's pool."""
        return {key for place in by_place(changed) for claim in self._claims_in(place) for key in consumers(claim)}


def consumers(claim: ResourceClaim) -> Iterable[Key]:
    """The Pods that have a claim."""
    of_pods = (c for c in claim.status.reserved_for if c.resource == "pods" and not c.api_group)
    return [Key(claim.metadata.namespace, consumer.name) for consumer in of_pods]


def leaves_at(taint: DeviceTaint, tolerations: Sequence[DeviceToleration], now: datetime) -> datetime | None:
    """When a Pod has to leave for a taint: at once if nothing tolerates it, never (None) if something does for ever."""
    begun = parse(taint.time_added) if taint.time_added else now
    seconds = [t.toleration_seconds for t in tolerations if tolerates(t, taint)]
    if not seconds:
        return begun
    if None in seconds:
        return None
    return begun + timedelta(seconds=max(0, max(s for s in seconds if s is not None)))


def _other_taints(old: ResourceSlice | None, new: ResourceSlice | None) -> bool:
    return _taints_of(old) != _taints_of(new)


def _taints_of(found: ResourceSlice | None) -> list[tuple[str, tuple[DeviceTaint, ...]]]:
    return [(device.name, device.taints) for device in found.spec.devices if device.taints] if found else []
