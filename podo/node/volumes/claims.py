"""Volumes that Pods have by claims, and volumes of drivers that a Pod describes itself."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from podo.api.errors import APIError, NotFound
from podo.api.types.core_v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Volume,
)
from podo.api.types.storage_v1 import CSIDriver
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch, find, key_of
from podo.node.volumes import host_path, ownership
from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.figures import claim_name
from podo.node.volumes.publishing import Publishing, given
from podo.node.volumes.wanted import driven, inline, share
from podo.storage.drivers import Access
from podo.storage.matching import capacity, mode, requested
from podo.storage.pod_claims import is_made_for

RESIZE_PENDING = ("NodeResizePending", "NodeResizeInProgress")
log = logging.getLogger(__name__)


class GrownClaim(NamedTuple):
    """A claim whose volume has grown; `volume` is the PersistentVolume's name."""

    claim: PersistentVolumeClaim
    volume: str


class ClaimVolumes:
    """The `VolumePlugin` for claims."""

    def __init__(self, client: Client, publishing: Publishing) -> None:
        self._client, self._publishing = client, publishing

    async def mount(self, pod: Pod, volume: Volume, folder: Path) -> Path | None:
        source = volume.persistent_volume_claim
        if source is None and volume.ephemeral is None:
            return None
        name = source.claim_name if source else f"{pod.metadata.name}-{volume.name}"
        claim = await self._claim(pod, name, own=volume.ephemeral is not None)
        found = await self._volume(claim)
        if (path := found.spec.host_path) is not None:
            host_path.prepare(path.path, path.type)
            return Path(path.path)
        wanted = driven(found, read_only=bool(source and source.read_only))
        if (local := found.spec.local) is not None and wanted is None:
            block = mode(found) == "Block"
            host_path.prepare(local.path, "BlockDevice" if block else "")
            if not Path(local.path).exists():
                raise VolumeFailure(f'path "{local.path}" does not exist')
            return await given(Path(local.path).resolve(), None if block else ownership.fs_group(pod), pod)
        if wanted is None:
            raise VolumeFailure(f"this node cannot mount the kind of volume that {found.metadata.name} is")
        if has_grown(claim):
            wanted = replace(wanted, grow_to=capacity(found))
        here = await self._publishing.publish(pod, volume.name, wanted, folder)
        await self._tell_grown(claim, found)
        return here

    def may_grow(self, pod: Pod, volume: Volume) -> bool:
        """Whether the Pod has the volume, and from a driver whose volumes nodes have to let grow."""
        return bool(claim_name(pod, volume)) and self._publishing.grows(pod.metadata.uid, volume.name)

    async def grow(self, pod: Pod, volume: Volume) -> GrownClaim | None:
        """Let a volume that the Pod has use all that it has grown to; None if it has not. Raises VolumeFailure."""
        claim = await self._claim(pod, claim_name(pod, volume), own=volume.ephemeral is not None)
        if claim.status.phase != "Bound" or not has_grown(claim):
            return None
        found = await self._volume(claim)
        driver_wanted = driven(found, read_only=False)
        if driver_wanted is None or capacity(found) < requested(claim):
            return None
        wanted = replace(driver_wanted, grow_to=capacity(found))
        await self._publishing.grow(pod.metadata.uid, volume.name, wanted)
        await self._tell_grown(claim, found)
        return GrownClaim(claim, found.metadata.name)

    async def release(self, uid: str) -> None:
        await self._publishing.release(uid)

    async def _tell_grown(self, claim: PersistentVolumeClaim, found: PersistentVolume) -> None:
        """A volume that was to grow when it is mounted again has grown now: the claim says so."""
        if not has_grown(claim):
            return
        status = {
            "capacity": {"storage": found.spec.capacity["storage"]},
            "allocatedResourceStatuses": None,
            "conditions": [{"$patch": "delete", "type": "FileSystemResizePending"}],
        }
        body = {"metadata": {"uid": claim.metadata.uid}, "status": status}
        patch = Patch(media_type=STRATEGIC_PATCH, body=body)
        try:
            await self._client.patch(PersistentVolumeClaim, key_of(claim), patch, subresource="status")
        except APIError as error:
            log.warning("cannot say that %s has grown: %s", claim.metadata.name, error)

    async def _claim(self, pod: Pod, name: str, *, own: bool) -> PersistentVolumeClaim:
        try:
            claim = await self._client.get(PersistentVolumeClaim, Key(pod.metadata.namespace, name))
        except NotFound as error:
            raise VolumeFailure(f'persistentvolumeclaim "{name}" not found') from error
        except APIError as error:
            raise VolumeFailure(f'persistentvolumeclaim "{name}" cannot be read: {error}') from error
        if own and not is_made_for(claim, pod):
            raise VolumeFailure(f"PVC {pod.metadata.namespace}/{name} was not created for pod {pod.metadata.name}")
        return claim

    async def _volume(self, claim: PersistentVolumeClaim) -> PersistentVolume:
        name = claim.metadata.name
        if claim.status.phase != "Bound" or not claim.spec.volume_name:
            raise VolumeFailure(f'PVC "{name}" is not bound')
        try:
            found = await self._client.get(PersistentVolume, Key("", claim.spec.volume_name))
        except APIError as error:
            raise VolumeFailure(f'persistentvolume "{claim.spec.volume_name}" cannot be read: {error}') from error
        if found.spec.claim_ref is None or found.spec.claim_ref.uid != claim.metadata.uid:
            raise VolumeFailure(f'persistentvolume "{found.metadata.name}" is not bound to claim "{name}"')
        return found


def has_grown(claim: PersistentVolumeClaim) -> bool:
    """Whether a claim waits for its node to have it grow, by its status or, as older resizers say it, its condition."""
    if status := claim.status.allocated_resource_statuses.get("storage"):
        return status in RESIZE_PENDING
    return any(c.type == "FileSystemResizePending" and c.status == "True" for c in claim.status.conditions)


class InlineVolumes:
    """The `VolumePlugin` for volumes of drivers that live as long as their Pod (KEP-596), and for shares."""

    def __init__(self, client: Client, publishing: Publishing) -> None:
        self._client, self._publishing = client, publishing

    async def mount(self, pod: Pod, volume: Volume, folder: Path) -> Path | None:
        if (nfs := volume.nfs) is not None:
            wanted = share(volume.name, nfs, Access(), read_only=False, ephemeral=True)
            return await self._publishing.publish(pod, volume.name, wanted, folder)
        if (source := volume.csi) is None:
            return None
        try:
            info = await find(self._client, CSIDriver, Key("", source.driver))
        except APIError as error:
            raise VolumeFailure(f"CSIDriver {source.driver} cannot be read: {error}") from error
        modes = info.spec.volume_lifecycle_modes if info else ("Persistent",)
        if "Ephemeral" not in modes:
            listed = " ".join(f'"{m}"' for m in modes or ("Persistent",))
            raise VolumeFailure(
                f'volume mode "Ephemeral" not supported by driver {source.driver} (only supports [{listed}])'
            )
        return await self._publishing.publish(pod, volume.name, inline(pod, volume.name, source), folder)

    async def release(self, uid: str) -> None:
        await self._publishing.release(uid)
