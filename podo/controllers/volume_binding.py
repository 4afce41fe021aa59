"""Bind claims to volumes: find a volume for each claim, or have one made, and write both ends of the bond."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from podo.api.types.storage_v1 import StorageClass
from podo.client.base import Key, key_of
from podo.client.events import EventWriter, reference
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_protection import by_claim
from podo.storage import annotations as known
from podo.storage.matching import (
    best_match,
    claim_key,
    class_of,
    default_class,
    names_class,
    objection,
    refers_to,
    waits_for_consumer,
)

COMPONENT = "persistentvolume-controller"
LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
NO_VOLUME = "no persistent volumes available for this claim and no storage class is set"
EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)


def pending_by_class(claim: PersistentVolumeClaim) -> Iterable[str]:
    """Index keys: the class of a claim that has no volume yet."""
    return (class_of(claim),) if not claim.spec.volume_name else ()


def by_volume(claim: PersistentVolumeClaim) -> Iterable[str]:
    """Index keys: the volume that a claim names."""
    return (claim.spec.volume_name,) if claim.spec.volume_name else ()


class VolumeBinding:
    """Reads claims, volumes, classes and Pods; writes claims, their status, and the claimRef of volumes."""

    name = "persistentvolume-binder"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder(COMPONENT)
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self._classes = client.informer(StorageClass)
        self._pods = client.informer(Pod).index(by_claim)
        self._pending = self._claims.index(pending_by_class)
        self._named = self._claims.index(by_volume)
        self._said: dict[Key, tuple[str, str]] = {}
        self.watches = (
            Watch(PersistentVolumeClaim, to=itself),
            Watch(PersistentVolume, to=self._concerned),
            Watch(StorageClass, to=self._of_class),
        )

    async def reconcile(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is None:
            self._said.pop(key, None)
        elif known.BIND_COMPLETED in claim.metadata.annotations:
            await self._keep(claim)
        elif claim.spec.volume_name:
            await self._bind_named(claim)
        else:
            await self._find(claim)
        return DONE

    async def _keep(self, claim: PersistentVolumeClaim) -> None:
        """A claim that was bound: see that it still is."""
        if not claim.spec.volume_name:
            return await self._lose(claim, "ClaimLost", LOST_REFERENCE)
        volume = self._volumes.get(Key("", claim.spec.volume_name))
        if volume is None:
            return await self._lose(claim, "ClaimLost", LOST_VOLUME)
        ref = volume.spec.claim_ref
        if ref is not None and ref.uid != claim.metadata.uid:
            return await self._lose(claim, "ClaimMisbound", MISBOUND)
        return await self._bind(claim, volume)

    async def _bind_named(self, claim: PersistentVolumeClaim) -> None:
        """A claim that a user bound to a volume by name."""
        volume = self._volumes.get(Key("", claim.spec.volume_name))
        if volume is None:
            return await self._wait(claim)
        ref = volume.spec.claim_ref
        if ref is None:
            if why := objection(volume, claim):
                message = f'Cannot bind to requested volume "{volume.metadata.name}": {why}'
                return await self._wait(claim, "VolumeMismatch", message, warning=True)
        elif not refers_to(ref, claim):
            message = f'volume "{volume.metadata.name}" already bound to a different claim.'
            return await self._wait(claim, "FailedBinding", message, warning=True)
        return await self._bind(claim, volume)

    async def _find(self, claim: PersistentVolumeClaim) -> None:
        found = self._classes.get(Key("", class_of(claim)))
        waits = waits_for_consumer(found)
        if volume := best_match(claim, self._volumes, reserved_only=waits):
            return await self._bind(claim, volume)
        if waits and known.SELECTED_NODE not in claim.metadata.annotations:
            return await self._wait(claim, *self._awaited(claim))
        if name := class_of(claim):
            return await self._ask_for_one(claim, name, found)
        if not names_class(claim) and (default := default_class(self._classes)):
            spec = replace(claim.spec, storage_class_name=default.metadata.name)
            await self._client.update(replace(claim, spec=spec))
            return None
        return await self._wait(claim, "FailedBinding", NO_VOLUME)

    def _awaited(self, claim: PersistentVolumeClaim) -> tuple[str, str]:
        pods = sorted(p.metadata.name for p in self._pods(key_of(claim)) if not p.spec.node_name)
        if not pods:
            return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        return (
            "WaitForPodScheduled",
            f"waiting for {'pods' if len(pods) > 1 else 'pod'} {','.join(pods)} to be scheduled",
        )

    async def _ask_for_one(self, claim: PersistentVolumeClaim, name: str, found: StorageClass | None) -> None:
        """Tell the provisioner of the class to make a volume: it watches claims for this annotation."""
        if found is None:
            message = f'storageclass.storage.k8s.io "{name}" not found'
            return await self._wait(claim, "ProvisioningFailed", message, warning=True)
        wanted = found.provisioner
        if wanted == known.NO_PROVISIONER:
            return await self._wait(
                claim, "ProvisioningFailed", "no volume plugin matched name: " + wanted, warning=True
            )
        if claim.metadata.annotations.get(known.PROVISIONER) != wanted:
            more = {known.PROVISIONER: wanted, known.OLD_PROVISIONER: wanted}
            claim = await self._client.update(annotated(claim, more))
        return await self._wait(claim, "ExternalProvisioning", EXTERNAL.format(wanted))

    async def _bind(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> None:
        """Write what is missing of the bond, the volume's end first: only one claim can get it."""
        ref = volume.spec.claim_ref
        if ref is None or ref.uid != claim.metadata.uid:
            made = replace(reference(claim), field_path="")
            wanted = replace(volume, spec=replace(volume.spec, claim_ref=made))
            volume = await self._client.update(
                annotated(wanted, {known.BOUND_BY_CONTROLLER: "yes"}) if ref is None else wanted
            )
        if volume.status.phase != "Bound":
            bound = replace(volume, status=replace(volume.status, phase="Bound", message="", reason=""))
            volume = await self._client.update(bound, subresource="status")
        more = {known.BIND_COMPLETED: "yes"}
        if not claim.spec.volume_name:
            more[known.BOUND_BY_CONTROLLER] = "yes"
        if not claim.spec.volume_name or known.BIND_COMPLETED not in claim.metadata.annotations:
            spec = replace(claim.spec, volume_name=volume.metadata.name)
            claim = await self._client.update(annotated(replace(claim, spec=spec), more))
        if (status := bound_status(claim, volume)) != claim.status:
            await self._client.update(replace(claim, status=status), subresource="status")
        self._said.pop(key_of(claim), None)

    async def _lose(self, claim: PersistentVolumeClaim, reason: str, message: str) -> None:
        if claim.status.phase != "Lost":
            status = replace(claim.status, phase="Lost", access_modes=(), capacity={})
            self._events.warning(claim, reason, message)
            await self._client.update(replace(claim, status=status), subresource="status")

    async def _wait(
        self, claim: PersistentVolumeClaim, reason: str = "", message: str = "", *, warning: bool = False
    ) -> None:
        """The claim stays without a volume; say why, once each time that it changes."""
        if reason and self._said.get(key_of(claim)) != (claim.metadata.uid, message):
            self._said[key_of(claim)] = claim.metadata.uid, message
            (self._events.warning if warning else self._events.normal)(claim, reason, message)
        if claim.status.phase != "Pending":
            await self._client.update(
                replace(claim, status=replace(claim.status, phase="Pending")), subresource="status"
            )

    def _concerned(self, volume: PersistentVolume) -> Iterable[Key]:
        """The claims that a volume is bound to, or may be."""
        if (bound := claim_key(volume)) is not None:
            yield bound
        else:
            yield from map(key_of, self._pending(class_of(volume)))
        yield from map(key_of, self._named(volume.metadata.name))

    def _of_class(self, found: StorageClass) -> Iterable[Key]:
        """The claims that wait for a class, or for any."""
        for name in ("", found.metadata.name):
            yield from map(key_of, self._pending(name))


def annotated(obj: Any, more: dict[str, str]) -> Any:
    """The object with more annotations."""
    return replace(obj, metadata=replace(obj.metadata, annotations=obj.metadata.annotations | more))


def bound_status(claim: PersistentVolumeClaim, volume: PersistentVolume) -> Any:
    """What the status of a bound claim says: the volume's access modes and capacity.

    The capacity of a claim that was bound before is left to whoever lets volumes grow.
    """
    amounts = claim.status.capacity if claim.status.phase == "Bound" else {}
    return replace(
        claim.status,
        phase="Bound",
        access_modes=volume.spec.access_modes,
        capacity=amounts or {"storage": volume.spec.capacity.get("storage", "0")},
        current_volume_attributes_class_name=volume.spec.volume_attributes_class_name or "",
    )
