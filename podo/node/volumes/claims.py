"""Volumes that Pods have by claims: find the volume that a claim is bound to, and have its driver bring it here.

What was published for a Pod is noted in the Pod's folder, so that another agent can take it away.
"""

import asyncio
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from podo.api.errors import APIError, NotFound
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod, Volume
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch, key_of
from podo.node.volumes import host_path, ownership
from podo.node.volumes.base import Places, VolumeFailure
from podo.storage.drivers import Access, DriverFailure, NodeDriver, NodeVolume, PodInfo
from podo.storage.matching import mode
from podo.storage.pod_claims import is_made_for

FOLDER = "published"
log = logging.getLogger(__name__)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver made for a Pod."""

    driver: str
    handle: str
    target: str
    staging: str


class ClaimVolumes:
    """The `VolumePlugin` for persistent volumes; `drivers` are those of this node, by name."""

    def __init__(self, client: Client, places: Places, drivers: Mapping[str, NodeDriver]) -> None:
        self._client, self._places, self._drivers = client, places, drivers

    async def mount(self, pod: Pod, volume: Volume, folder: Path) -> Path | None:
        source = volume.persistent_volume_claim
        if source is None and volume.ephemeral is None:
            return None
        name = source.claim_name if source else f"{pod.metadata.name}-{volume.name}"
        claim = await self._claim(pod, name, own=volume.ephemeral is not None)
        found = await self._volume(claim)
        read_only = bool(source and source.read_only)
        group = ownership.fs_group(pod)
        if (path := found.spec.host_path) is not None:
            host_path.prepare(path.path, path.type)
            return Path(path.path)
        if (local := found.spec.local) is not None:
            host_path.prepare(local.path, "BlockDevice" if mode(found) == "Block" else "")
            if not Path(local.path).exists():
                raise VolumeFailure(f'path "{local.path}" does not exist')
            return await _given(Path(local.path), group if mode(found) != "Block" else None, pod)
        if found.spec.csi is None:
            raise VolumeFailure(f"this node cannot mount the kind of volume that {found.metadata.name} is")
        path_here = await self._publish(pod, volume, found, folder, read_only=read_only)
        await self._tell_grown(claim, found)
        return await _given(path_here, None if read_only or mode(found) == "Block" else group, pod)

    async def release(self, uid: str) -> None:
        """Raises VolumeFailure if a driver cannot let a volume go: it is to be tried again."""
        folder = self._places.pod(uid) / FOLDER
        for note in sorted(folder.glob("*.json")):
            known = msgspec.json.decode(note.read_bytes(), type=Published)
            driver = self._driver(known.driver)
            try:
                await driver.unpublish(known.handle, Path(known.target))
                note.unlink(missing_ok=True)
                if not self._still_used(known):
                    await driver.unstage(known.handle, Path(known.staging))
            except DriverFailure as error:
                raise VolumeFailure(f"UnmountVolume.TearDown failed: {error}") from error
        shutil.rmtree(folder, ignore_errors=True)

    async def _publish(
        self, pod: Pod, volume: Volume, found: PersistentVolume, folder: Path, *, read_only: bool
    ) -> Path:
        csi = found.spec.csi
        assert csi is not None
        driver = self._driver(csi.driver)
        staging = self._places.pods.parent / "staged" / csi.driver / found.metadata.name
        note = self._places.pod(pod.metadata.uid) / FOLDER / f"{volume.name}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        known = Published(driver=csi.driver, handle=csi.volume_handle, target=str(folder), staging=str(staging))
        note.write_bytes(msgspec.json.encode(known))
        wanted = NodeVolume(
            handle=csi.volume_handle,
            access=Access(
                block=mode(found) == "Block",
                fs_type=csi.fs_type,
                mount_options=found.spec.mount_options,
                modes=found.spec.access_modes,
            ),
            attributes=csi.volume_attributes,
            read_only=read_only or bool(csi.read_only),
            pod=PodInfo(fs_group=ownership.fs_group(pod)),
        )
        try:
            await driver.stage(wanted, staging)
            return await driver.publish(wanted, staging, folder)
        except DriverFailure as error:
            raise VolumeFailure(str(error)) from error

    async def _tell_grown(self, claim: PersistentVolumeClaim, found: PersistentVolume) -> None:
        """A volume that was to grow when it is mounted again has grown now: the claim says so."""
        if claim.status.allocated_resource_statuses.get("storage") != "NodeResizePending":
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

    def _driver(self, name: str) -> NodeDriver:
        if (driver := self._drivers.get(name)) is None:
            raise VolumeFailure(f"driver name {name} not found in the list of registered CSI drivers")
        return driver

    def _still_used(self, known: Published) -> bool:
        """Whether another Pod of this node has the volume."""
        for note in self._places.pods.glob(f"*/{FOLDER}/*.json"):
            try:
                other = msgspec.json.decode(note.read_bytes(), type=Published)
            except (OSError, msgspec.DecodeError):
                continue  # going, or just being written: its stage comes after
            if (other.driver, other.handle) == (known.driver, known.handle):
                return True
        return False

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


async def _given(path: Path, group: int | None, pod: Pod) -> Path:
    """The volume, after its files were given to the Pod's group."""
    if group is not None:
        context = pod.spec.security_context
        policy = context.fs_group_change_policy if context else ""
        await asyncio.to_thread(ownership.give, path, group, only_if_root_differs=policy == "OnRootMismatch")
    return path
