"""Take snapshots of volumes, and delete them: what Kubernetes has the snapshot controller and its side-car for.

Only for the drivers that it has; snapshots of others are left to what those drivers bring.
"""

from collections.abc import Mapping
from typing import Any

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import ObjectReference, PersistentVolume, PersistentVolumeClaim
from podo.client.base import APPLY_PATCH, MERGE_PATCH, Client, Key, Patch, find, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import volume_secrets as secrets
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_provisioning import readable
from podo.storage.drivers import DriverFailure, SnapOptions, Snapshotter
from podo.storage.matching import mode
from podo.storage.snapshots import (
    API_VERSION,
    BOUND,
    CLASSES,
    CONTENTS,
    DEFAULT_SNAPSHOT_CLASS,
    SNAPSHOTS,
    VolumeSnapshot,
    VolumeSnapshotClass,
)

MANAGER = "snapshot-controller"
ASK_AGAIN = 2.0  # seconds, of a driver whose snapshot is not ready yet


class VolumeSnapshots:
    """Reads snapshots, their classes and contents, claims and volumes; writes contents, and the status of snapshots."""

    name = "volume-snapshots"

    def __init__(
        self, client: CachedClient, clock: Clock, events: EventWriter, snapshotters: Mapping[str, Snapshotter]
    ) -> None:
        self._client, self._clock, self._events = client, clock, events.recorder(MANAGER)
        self._snapshotters = snapshotters
        self._snapshots, self._classes = client.informer(SNAPSHOTS), client.informer(CLASSES)
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self.watches = (Watch(SNAPSHOTS, to=itself), Watch(CLASSES, to=self._waiting))

    async def reconcile(self, key: Key) -> Outcome:
        snapshot = self._snapshots.get(key)
        if snapshot is None:
            return DONE
        if snapshot.metadata.deletion_timestamp:
            await self._end(snapshot)
        elif not snapshot.status.ready_to_use:
            await self._protect(snapshot)
            if name := snapshot.spec.source.volume_snapshot_content_name:
                await self._adopt(snapshot, name)
            elif (found := self._class_of(snapshot)) is not None:
                return await self._take(snapshot, found)
        return DONE

    def _class_of(self, snapshot: VolumeSnapshot) -> VolumeSnapshotClass | None:
        """The class that the snapshot names, or the default one of its volume's driver, if that is one of ours."""
        name = snapshot.spec.volume_snapshot_class_name
        if name:
            found = self._classes.get(Key("", name))
            return found if found is not None and found.driver in self._snapshotters else None
        volume = self._source(snapshot)
        for each in self._classes:
            default = each.metadata.annotations.get(DEFAULT_SNAPSHOT_CLASS) == "true"
            if default and volume is not None and volume.spec.csi and volume.spec.csi.driver == each.driver:
                return each if each.driver in self._snapshotters else None
        return None

    def _source(self, snapshot: VolumeSnapshot) -> PersistentVolume | None:
        claim = self._claims.get(Key(snapshot.metadata.namespace, snapshot.spec.source.persistent_volume_claim_name))
        return self._volumes.get(Key("", claim.spec.volume_name)) if claim and claim.spec.volume_name else None

    async def _take(self, snapshot: VolumeSnapshot, found: VolumeSnapshotClass) -> Outcome:
        volume, key = self._source(snapshot), key_of(snapshot)
        if volume is None or volume.spec.csi is None or volume.spec.csi.driver != found.driver:
            why = (
                f"the volume of claim {snapshot.spec.source.persistent_volume_claim_name} is not one of {found.driver}"
            )
            await self._fail(snapshot, why)
            return DONE
        self._say(snapshot, "CreatingSnapshot", f"Waiting for a snapshot {key} to be created by the CSI driver.")
        try:
            made = await self._snapshotters[found.driver].snapshot(
                f"snapshot-{snapshot.metadata.uid}", volume.spec.csi.volume_handle, await self._options(snapshot, found)
            )
        except DriverFailure as error:
            await self._fail(snapshot, str(error))
            raise
        if not made.ready:
            return Outcome(requeue_after=ASK_AGAIN)
        name = await self._note(snapshot, found, volume, made.handle, made.size)
        self._say(snapshot, "SnapshotCreated", f"Snapshot {key} was successfully created by the CSI driver.")
        await self._ready(snapshot, name, made.size)
        return DONE

    async def _options(self, snapshot: VolumeSnapshot, found: VolumeSnapshotClass) -> SnapOptions:
        """What the class says. Raises DriverFailure if its Secret cannot be read."""
        reference = secrets.of_snapshots(found.parameters, snapshot.metadata.name, snapshot.metadata.namespace)
        parameters = {k: v for k, v in found.parameters.items() if not k.startswith(secrets.PREFIX)}
        return SnapOptions(parameters=parameters, secrets=await secrets.read(self._client, reference))

    async def _protect(self, snapshot: VolumeSnapshot) -> None:
        """Hear of its end before it is gone: if one of our drivers is to have it, or has it."""
        name = snapshot.spec.source.volume_snapshot_content_name
        content = await find(self._client, CONTENTS, Key("", name)) if name else None
        ours = content.spec.driver in self._snapshotters if content else self._class_of(snapshot) is not None
        if ours and BOUND not in snapshot.metadata.finalizers:
            body = {"metadata": {"finalizers": [*snapshot.metadata.finalizers, BOUND]}}
            await self._client.patch(SNAPSHOTS, key_of(snapshot), Patch(media_type=MERGE_PATCH, body=body))

    async def _note(
        self, snapshot: VolumeSnapshot, found: VolumeSnapshotClass, volume: PersistentVolume, handle: str, size: int
    ) -> str:
        """Write the content of a snapshot that was taken; its name."""
        name, meta = f"snapcontent-{snapshot.metadata.uid}", snapshot.metadata
        assert volume.spec.csi is not None
        content: dict[str, Any] = {
            "apiVersion": API_VERSION,
            "kind": "VolumeSnapshotContent",
            "metadata": {"name": name},
            "spec": {
                "deletionPolicy": found.deletion_policy,
                "driver": found.driver,
                "source": {"volumeHandle": volume.spec.csi.volume_handle},
                "sourceVolumeMode": mode(volume),
                "volumeSnapshotClassName": found.metadata.name,
                "volumeSnapshotRef": {
                    "apiVersion": API_VERSION,
                    "kind": "VolumeSnapshot",
                    "namespace": meta.namespace,
                    "name": meta.name,
                    "uid": meta.uid,
                },
            },
        }
        key, now = Key("", name), self._clock.now()
        apply = Patch(media_type=APPLY_PATCH, body=content, field_manager=MANAGER, force=True)
        await self._client.patch(CONTENTS, key, apply)
        status = {"snapshotHandle": handle, "readyToUse": True, "restoreSize": size}
        body = {"status": status | {"creationTime": int(now.timestamp() * 1_000_000) * 1000}}
        await self._client.patch(CONTENTS, key, Patch(media_type=MERGE_PATCH, body=body), subresource="status")
        return name

    async def _adopt(self, snapshot: VolumeSnapshot, name: str) -> None:
        """A content that an administrator made for this snapshot."""
        content = await find(self._client, CONTENTS, Key("", name))
        ref = content.spec.volume_snapshot_ref if content else None
        if content is None or ref is None or (ref.namespace, ref.name) != key_of(snapshot):
            await self._fail(snapshot, f"VolumeSnapshotContent {name} is not there, or for another snapshot")
        elif content.spec.driver in self._snapshotters:
            handle = content.spec.source.snapshot_handle
            size = await self._snapshotters[content.spec.driver].size_of(handle)
            status = {"snapshotHandle": handle, "readyToUse": True, "restoreSize": size}
            patch = Patch(media_type=MERGE_PATCH, body={"status": status})
            await self._client.patch(CONTENTS, Key("", name), patch, subresource="status")
            await self._ready(snapshot, name, size)

    async def _end(self, snapshot: VolumeSnapshot) -> None:
        name = snapshot.status.bound_volume_snapshot_content_name
        content = await find(self._client, CONTENTS, Key("", name)) if name else None
        if content is not None and content.spec.driver in self._snapshotters:
            if content.spec.deletion_policy == "Delete":
                await self._snapshotters[content.spec.driver].delete(content.status.snapshot_handle, {})
                await self._client.delete(CONTENTS, Key("", name))
        elif content is not None:
            return  # another's
        if BOUND in snapshot.metadata.finalizers:
            kept = [f for f in snapshot.metadata.finalizers if f != BOUND]
            patch = Patch(media_type=MERGE_PATCH, body={"metadata": {"finalizers": kept or None}})
            await self._client.patch(SNAPSHOTS, key_of(snapshot), patch)

    async def _ready(self, snapshot: VolumeSnapshot, content: str, size: int) -> None:
        status = {
            "boundVolumeSnapshotContentName": content,
            "creationTime": format_time(self._clock.now()),
            "readyToUse": True,
            "restoreSize": readable(size),
            "error": None,
        }
        patch = Patch(media_type=MERGE_PATCH, body={"status": status})
        await self._client.patch(SNAPSHOTS, key_of(snapshot), patch, subresource="status")
        self._say(snapshot, "SnapshotReady", f"Snapshot {key_of(snapshot)} is ready to use.")

    async def _fail(self, snapshot: VolumeSnapshot, why: str) -> None:
        status = {"error": {"message": why, "time": format_time(self._clock.now())}, "readyToUse": False}
        self._events.warning(about(snapshot), "SnapshotContentCreationFailed", why)
        patch = Patch(media_type=MERGE_PATCH, body={"status": status})
        await self._client.patch(SNAPSHOTS, key_of(snapshot), patch, subresource="status")

    def _say(self, snapshot: VolumeSnapshot, reason: str, message: str) -> None:
        self._events.normal(about(snapshot), reason, message)

    def _waiting(self, found: VolumeSnapshotClass) -> list[Key]:
        """The snapshots that may wait for a class."""
        return [key_of(s) for s in self._snapshots if not s.status.ready_to_use]


def about(snapshot: VolumeSnapshot) -> ObjectReference:
    """How events name a snapshot."""
    meta = snapshot.metadata
    return ObjectReference(
        api_version=API_VERSION, kind="VolumeSnapshot", namespace=meta.namespace, name=meta.name, uid=meta.uid
    )


async def serve_snapshots(client: Client, clock: Clock, driver: str, name: str) -> None:
    """Have the snapshot API served, with a class for podo's own driver. What is there already stays as it is."""
    from podo.client.definitions import ensure, ensure_served
    from podo.storage.group_snapshots import KINDS, group_definitions
    from podo.storage.snapshots import definitions

    both = (*definitions(), *group_definitions())
    await ensure_served(client, clock, both, (CLASSES, CONTENTS, SNAPSHOTS, *KINDS))
    body = {
        "apiVersion": API_VERSION,
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": name, "annotations": {DEFAULT_SNAPSHOT_CLASS: "true"}},
        "driver": driver,
        "deletionPolicy": "Delete",
    }
    await ensure(client, CLASSES, body)
