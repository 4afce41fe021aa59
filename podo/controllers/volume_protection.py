"""Volume protection: a claim goes only when no Pod uses it, a volume only when no claim is bound to it.

An attribute class goes only when no claim and no volume has it.
"""

from collections.abc import Hashable, Iterable
from typing import Any

from msgspec.structs import replace

from podo.api.errors import NotFound
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from podo.api.types.storage_v1 import VolumeAttributesClass
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.storage.pod_claims import claims_of

CLAIM, VOLUME = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
CLASS = "kubernetes.io/vac-protection"


def by_claim(pod: Pod) -> Iterable[Hashable]:
    """Index keys: the claims that a Pod uses, also those that are made for it alone."""
    return claims_of(pod)


class ClaimProtection:
    """Reads PersistentVolumeClaim and Pod; writes the claims' finalizer."""

    name = "persistentvolumeclaim-protection"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._claims = client, client.informer(PersistentVolumeClaim)
        self._pods = client.informer(Pod).index(by_claim)
        self.watches = (
            Watch(PersistentVolumeClaim, to=itself),
            Watch(Pod, to=claims_of, when=_may_free),
        )

    async def reconcile(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is not None:
            used = any(map(uses, self._pods(key)))
            await _protect(self._client, claim, CLAIM, used)
        return DONE


class VolumeProtection:
    """Reads PersistentVolume; writes the volumes' finalizer."""

    name = "persistentvolume-protection"
    watches = (Watch(PersistentVolume, to=itself),)

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._volumes = client, client.informer(PersistentVolume)

    async def reconcile(self, key: Key) -> Outcome:
        volume = self._volumes.get(key)
        if volume is not None:
            await _protect(self._client, volume, VOLUME, volume.status.phase == "Bound")
        return DONE


class ClassProtection:
    """Reads VolumeAttributesClass, claims and volumes; writes the classes' finalizer (KEP-3751)."""

    name = "volumeattributesclass-protection"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._classes = client, client.informer(VolumeAttributesClass)
        self._claims = client.informer(PersistentVolumeClaim).index(classes_of_claim)
        self._volumes = client.informer(PersistentVolume).index(class_of_volume)
        self.watches = (
            Watch(VolumeAttributesClass, to=itself),
            Watch(PersistentVolumeClaim, to=lambda claim: [Key("", name) for name in classes_of_claim(claim)]),
            Watch(PersistentVolume, to=lambda volume: [Key("", name) for name in class_of_volume(volume)]),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._classes.get(key)
        if found is not None:
            used = bool(self._claims(key.name) or self._volumes(key.name))
            await _protect(self._client, found, CLASS, used)
        return DONE


def classes_of_claim(claim: PersistentVolumeClaim) -> list[str]:
    """The attribute classes that a claim has, wants, or is being changed to."""
    status = claim.status
    target = status.modify_volume_status.target_volume_attributes_class_name if status.modify_volume_status else ""
    names = (claim.spec.volume_attributes_class_name, status.current_volume_attributes_class_name, target)
    return list(dict.fromkeys(filter(None, names)))


def class_of_volume(volume: PersistentVolume) -> list[str]:
    """The attribute class of a volume, if it has one."""
    return list(filter(None, (volume.spec.volume_attributes_class_name,)))


def uses(pod: Pod) -> bool:
    """Whether a Pod may have its volumes mounted: it is bound to a node and has not ended."""
    return bool(pod.spec.node_name) and not pods.is_finished(pod)


def protected(finalizers: tuple[str, ...], finalizer: str, *, dying: bool, used: bool) -> tuple[str, ...]:
    """The finalizers that there should be: ours on what lives, and on what is to go as long as it is used."""
    if not dying:
        return finalizers if finalizer in finalizers else (*finalizers, finalizer)
    return finalizers if used else tuple(f for f in finalizers if f != finalizer)


async def _protect(client: CachedClient, obj: Any, finalizer: str, used: bool) -> None:
    meta = obj.metadata
    wanted = protected(meta.finalizers, finalizer, dying=bool(meta.deletion_timestamp), used=used)
    if wanted != meta.finalizers:
        try:
            await client.update(replace(obj, metadata=replace(meta, finalizers=wanted)))
        except NotFound:
            pass


def _may_free(old: Pod | None, new: Pod | None) -> bool:
    """Whether a Pod may have let go of its claims."""
    return new is None or (old is not None and uses(old) and not uses(new))
