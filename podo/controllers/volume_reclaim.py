"""The phases of volumes, and what becomes of those whose claim is gone: kept, or deleted by who made them."""

from collections.abc import Iterable

from msgspec.structs import replace

from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from podo.client.base import Key, find
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_binding import COMPONENT
from podo.storage import annotations as known
from podo.storage.matching import claim_key, mode

AVAILABLE, BOUND, RELEASED, FAILED = "Available", "Bound", "Released", "Failed"


class VolumeReclaim:
    """Reads volumes and claims; writes the phase of volumes, and unbinds those whose claim chose another."""

    name = "persistentvolume-reclaimer"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder(COMPONENT)
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self._by_claim = self._volumes.index(_claim_of)
        self.watches = (Watch(PersistentVolume, to=itself), Watch(PersistentVolumeClaim, to=self._volumes_of))

    async def reconcile(self, key: Key) -> Outcome:
        volume = self._volumes.get(key)
        if volume is None:
            return DONE
        ref = volume.spec.claim_ref
        if ref is None or not ref.uid:
            await self._enter(volume, AVAILABLE)
            return DONE
        claim = self._claims.get(Key(ref.namespace, ref.name))
        if claim is None or claim.metadata.uid != ref.uid:
            claim = await find(self._client, PersistentVolumeClaim, Key(ref.namespace, ref.name))
        if claim is None or claim.metadata.uid != ref.uid:
            await self._release(volume)
        elif not claim.spec.volume_name:
            self._check_mode(volume, claim)
        elif claim.spec.volume_name == volume.metadata.name:
            await self._enter(volume, BOUND)
        else:
            await self._unbind(volume)
        return DONE

    async def _release(self, volume: PersistentVolume) -> None:
        """The claim is gone. Whoever provisioned the volume deletes it, when it sees it released."""
        if volume.status.phase not in (RELEASED, FAILED):
            await self._enter(volume, RELEASED)
            return
        policy, name = volume.spec.persistent_volume_reclaim_policy, volume.metadata.name
        if volume.status.phase == FAILED or policy not in ("Delete", "Recycle") or volume.metadata.deletion_timestamp:
            return
        if policy == "Delete" and (known.PROVISIONED_BY in volume.metadata.annotations or volume.spec.csi):
            return
        verb, reason = ("deleter", "VolumeFailedDelete") if policy == "Delete" else ("recycler", "VolumeFailedRecycle")
        message = f'error getting {verb} volume plugin for volume "{name}": no {verb[:-2]}able volume plugin matched'
        self._events.warning(volume, reason, message)
        await self._enter(volume, FAILED, message)

    async def _unbind(self, volume: PersistentVolume) -> None:
        """The claim is bound to another volume: this one is free, or of no use if it was made for the claim."""
        marks = volume.metadata.annotations
        if known.PROVISIONED_BY in marks and volume.spec.persistent_volume_reclaim_policy == "Delete":
            await self._release(volume)
        elif known.BOUND_BY_CONTROLLER in marks:
            kept = {k: v for k, v in marks.items() if k != known.BOUND_BY_CONTROLLER}
            meta = replace(volume.metadata, annotations=kept)
            free = replace(volume, metadata=meta, spec=replace(volume.spec, claim_ref=None))
            await self._enter(await self._client.update(free), AVAILABLE)
        else:  # a user's reservation stays, for a new claim of that name
            assert volume.spec.claim_ref is not None
            ref = replace(volume.spec.claim_ref, uid="", resource_version="")
            await self._client.update(replace(volume, spec=replace(volume.spec, claim_ref=ref)))

    async def _enter(self, volume: PersistentVolume, phase: str, message: str = "") -> None:
        if volume.status.phase != phase:
            status = replace(volume.status, phase=phase, message=message, reason="")
            await self._client.update(replace(volume, status=status), subresource="status")

    def _check_mode(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
        """The binder will do the rest, unless it cannot."""
        if mode(volume) != mode(claim):
            name, where = volume.metadata.name, f"{claim.metadata.namespace}/{claim.metadata.name}"
            about = f'requested PersistentVolume "{name}" to claim "{where}"'
            self._events.warning(volume, "VolumeMismatch", f"Cannot bind {about} due to incompatible volumeMode.")
            self._events.warning(claim, "VolumeMismatch", f"Cannot bind {about} due to incompatible volumeMode.")

    def _volumes_of(self, claim: PersistentVolumeClaim) -> Iterable[Key]:
        yield from (
            Key("", v.metadata.name) for v in self._by_claim(Key(claim.metadata.namespace, claim.metadata.name))
        )
        if claim.spec.volume_name:
            yield Key("", claim.spec.volume_name)


def _claim_of(volume: PersistentVolume) -> Iterable[Key]:
    key = claim_key(volume)
    return () if key is None else (key,)
