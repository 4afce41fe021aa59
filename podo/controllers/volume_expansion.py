"""Let volumes grow when their claims ask for more: what Kubernetes has an external resizer for (KEP-284, KEP-1790)."""

from collections.abc import Iterable

from msgspec.structs import replace

from podo.api import quantity
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimCondition,
    PersistentVolumeClaimStatus,
)
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import volume_secrets as secrets
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_provisioning import Makers, readable
from podo.storage.drivers import Access, DriverFailure
from podo.storage.matching import capacity, mode, requested

STORAGE = "storage"
CONTROLLER_RUNS, NODE_PENDING = "ControllerResizeInProgress", "NodeResizePending"
PENDING_MESSAGE = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."


class VolumeExpansion:
    """Reads claims and volumes; writes the size of volumes of its drivers, and the status of their claims."""

    name = "volume-expander"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, makers: Makers) -> None:
        self._client, self._makers, self._writer, self._clock = client, makers, events, clock
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self.watches = (Watch(PersistentVolumeClaim, to=itself), Watch(PersistentVolume, to=_claim_of))

    async def reconcile(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is None or claim.status.phase != "Bound":
            return DONE
        volume = self._volumes.get(Key("", claim.spec.volume_name))
        csi = volume.spec.csi if volume else None
        maker = self._makers.get(csi.driver) if csi else None
        if volume is None or csi is None or maker is None or requested(claim) <= has(claim):
            return DONE
        if claim.status.allocated_resource_statuses.get(STORAGE) == NODE_PENDING and capacity(volume) >= requested(
            claim
        ):
            return DONE  # the node's turn
        events, wanted = self._writer.recorder(f"external-resizer {maker.name}"), requested(claim)
        if claim.status.allocated_resource_statuses.get(STORAGE) != CONTROLLER_RUNS:
            events.normal(claim, "Resizing", f"External resizer is resizing volume {volume.metadata.name}")
            claim = await self._say(claim, self._resizing(claim))
        access = Access(block=mode(volume) == "Block", fs_type=csi.fs_type, modes=volume.spec.access_modes)
        try:
            known_secrets = await secrets.read(self._client, csi.controller_expand_secret_ref)
            grown = await maker.grow(csi.volume_handle, wanted, access, known_secrets)
        except DriverFailure as error:
            events.warning(claim, "VolumeResizeFailed", f"resize volume {volume.metadata.name!r} failed: {error}")
            raise
        size = readable(grown.size)
        if capacity(volume) < grown.size:
            spec = replace(volume.spec, capacity=volume.spec.capacity | {STORAGE: size})
            await self._client.update(replace(volume, spec=spec))
        if grown.on_node:
            events.normal(claim, "FileSystemResizeRequired", "Require file system resize of volume on node")
            await self._say(claim, self._pending(claim))
        else:
            events.normal(claim, "VolumeResizeSuccessful", "Resize volume succeeded")
            await self._say(claim, done(claim.status, size))
        return DONE

    async def _say(self, claim: PersistentVolumeClaim, status: PersistentVolumeClaimStatus) -> PersistentVolumeClaim:
        return await self._client.update(replace(claim, status=status), subresource="status")

    def _resizing(self, claim: PersistentVolumeClaim) -> PersistentVolumeClaimStatus:
        status = replace(
            claim.status,
            allocated_resources=claim.status.allocated_resources | {STORAGE: readable(requested(claim))},
            allocated_resource_statuses=claim.status.allocated_resource_statuses | {STORAGE: CONTROLLER_RUNS},
        )
        return self._with(status, "Resizing", "")

    def _pending(self, claim: PersistentVolumeClaim) -> PersistentVolumeClaimStatus:
        statuses = claim.status.allocated_resource_statuses | {STORAGE: NODE_PENDING}
        status = replace(claim.status, allocated_resource_statuses=statuses)
        return self._with(status, "FileSystemResizePending", PENDING_MESSAGE)

    def _with(self, status: PersistentVolumeClaimStatus, kind: str, message: str) -> PersistentVolumeClaimStatus:
        now = format_time(self._clock.now())
        condition = PersistentVolumeClaimCondition(type=kind, status="True", message=message, last_transition_time=now)
        return replace(status, conditions=(*without_resize(status), condition))


def has(claim: PersistentVolumeClaim) -> int:
    """Bytes that the claim has, as its status says."""
    return quantity.to_int(claim.status.capacity.get(STORAGE, "0"))


def without_resize(status: PersistentVolumeClaimStatus) -> tuple[PersistentVolumeClaimCondition, ...]:
    """The conditions that say nothing of growing."""
    return tuple(c for c in status.conditions if c.type not in ("Resizing", "FileSystemResizePending"))


def done(status: PersistentVolumeClaimStatus, size: str) -> PersistentVolumeClaimStatus:
    """What the status says once the volume has grown to `size`."""
    statuses = {k: v for k, v in status.allocated_resource_statuses.items() if k != STORAGE}
    return replace(
        status,
        capacity=status.capacity | {STORAGE: size},
        allocated_resource_statuses=statuses,
        conditions=without_resize(status),
    )


def _claim_of(volume: PersistentVolume) -> Iterable[Key]:
    ref = volume.spec.claim_ref
    return (Key(ref.namespace, ref.name),) if ref is not None and ref.uid else ()
