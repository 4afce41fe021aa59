"""Take snapshots of groups of volumes, and delete them (KEP-3476): what Kubernetes has the snapshot controller for.

A group's snapshots are VolumeSnapshots like any other, each with a content that was made beforehand: the controller of
those does the rest.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from podo.api import selectors
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from podo.client.base import APPLY_PATCH, MERGE_PATCH, Key, Kind, Patch, find, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.storage import snapshots as single
from podo.storage.drivers import DriverFailure, GroupSnapshotter, SnapOptions, Snapped, Snapshotter
from podo.storage.group_snapshots import (
    API_VERSION,
    BOUND,
    GROUP_CLASSES,
    GROUP_CONTENTS,
    GROUP_SNAPSHOTS,
    VolumeGroupSnapshot,
    VolumeGroupSnapshotClass,
)
from podo.storage.matching import mode

MANAGER = "snapshot-controller"


class GroupSnapshots:
    """Reads group snapshots, their classes, claims and volumes; writes contents, snapshots, and statuses."""

    name = "volume-group-snapshots"

    def __init__(
        self, client: CachedClient, clock: Clock, events: EventWriter, snapshotters: Mapping[str, Snapshotter]
    ) -> None:
        self._client, self._clock, self._snapshotters = client, clock, snapshotters
        self._groups, self._classes = client.informer(GROUP_SNAPSHOTS), client.informer(GROUP_CLASSES)
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self.watches = (Watch(GROUP_SNAPSHOTS, to=itself), Watch(GROUP_CLASSES, to=self._waiting))

    async def reconcile(self, key: Key) -> Outcome:
        group = self._groups.get(key)
        if group is None:
            return DONE
        if group.metadata.deletion_timestamp:
            await self._end(group)
        elif not group.status.ready_to_use and group.spec.source.selector is not None:
            found = self._classes.get(Key("", group.spec.volume_group_snapshot_class_name))
            maker = self._snapshotters.get(found.driver) if found else None
            if found is not None and isinstance(maker, GroupSnapshotter):
                await self._take(group, found, maker)
        return DONE

    async def _take(self, group: VolumeGroupSnapshot, found: VolumeGroupSnapshotClass, maker: GroupSnapshotter) -> None:
        if BOUND not in group.metadata.finalizers:
            body = {"metadata": {"finalizers": [*group.metadata.finalizers, BOUND]}}
            await self._client.patch(GROUP_SNAPSHOTS, key_of(group), Patch(media_type=MERGE_PATCH, body=body))
        try:
            volumes = self._members(group, found.driver)
            parameters = {k: v for k, v in found.parameters.items() if not k.startswith("csi.storage.k8s.io/")}
            name = f"groupsnapshot-{group.metadata.uid}"
            handle, made = await maker.snapshot_group(name, [*volumes], SnapOptions(parameters=parameters))
        except DriverFailure as error:
            status = {"error": {"message": str(error), "time": format_time(self._clock.now())}, "readyToUse": False}
            await self._patch(GROUP_SNAPSHOTS, key_of(group), status)
            raise
        content = f"groupsnapcontent-{group.metadata.uid}"
        await self._note(group, found, content, handle, made)
        for snapped in made:
            await self._member(group, found, volumes[snapped.volume], snapped)
        now = format_time(self._clock.now())
        status = {
            "boundVolumeGroupSnapshotContentName": content,
            "creationTime": now,
            "readyToUse": True,
            "error": None,
        }
        await self._patch(GROUP_SNAPSHOTS, key_of(group), status)

    def _members(self, group: VolumeGroupSnapshot, driver: str) -> dict[str, PersistentVolume]:
        """The volumes of the claims that the group's labels name, by their handles. Raises DriverFailure."""
        assert group.spec.source.selector is not None
        selector, found = selectors.from_object(group.spec.source.selector), {}
        for claim in self._claims:
            if claim.metadata.namespace != group.metadata.namespace or not selector.matches(claim.metadata.labels):
                continue
            volume = self._volumes.get(Key("", claim.spec.volume_name)) if claim.spec.volume_name else None
            if volume is None or volume.spec.csi is None or volume.spec.csi.driver != driver:
                raise DriverFailure(f"the claim {claim.metadata.name} is not bound to a volume of {driver}")
            found[volume.spec.csi.volume_handle] = volume
        if not found:
            raise DriverFailure("no claims have the labels of the group")
        return found

    async def _note(
        self,
        group: VolumeGroupSnapshot,
        found: VolumeGroupSnapshotClass,
        name: str,
        handle: str,
        made: list[Snapped],
    ) -> None:
        spec = {
            "deletionPolicy": found.deletion_policy,
            "driver": found.driver,
            "source": {"volumeHandles": [each.volume for each in made]},
            "volumeGroupSnapshotClassName": found.metadata.name,
            "volumeGroupSnapshotRef": _reference(group, API_VERSION, "VolumeGroupSnapshot"),
        }
        await self._apply(GROUP_CONTENTS, Key("", name), {"spec": spec})
        infos = [
            {"volumeHandle": e.volume, "snapshotHandle": e.handle, "readyToUse": True, "restoreSize": e.size}
            for e in made
        ]
        status = {"volumeGroupSnapshotHandle": handle, "readyToUse": True, "volumeSnapshotInfoList": infos}
        await self._patch(GROUP_CONTENTS, Key("", name), status | {"creationTime": format_time(self._clock.now())})

    async def _member(
        self, group: VolumeGroupSnapshot, found: VolumeGroupSnapshotClass, volume: PersistentVolume, made: Snapped
    ) -> None:
        """A snapshot of the group, with its content."""
        digest = hashlib.sha256(f"{group.metadata.uid}{made.volume}".encode()).hexdigest()
        name, content, namespace = f"snapshot-{digest}", f"snapcontent-{digest}", group.metadata.namespace
        reference = {"apiVersion": single.API_VERSION, "kind": "VolumeSnapshot", "namespace": namespace, "name": name}
        spec: dict[str, Any] = {
            "deletionPolicy": found.deletion_policy,
            "driver": found.driver,
            "source": {"snapshotHandle": made.handle},
            "sourceVolumeMode": mode(volume),
            "volumeSnapshotRef": reference,
        }
        await self._apply(single.CONTENTS, Key("", content), {"spec": spec})
        owner = {"apiVersion": API_VERSION, "kind": "VolumeGroupSnapshot"}
        owner |= {"name": group.metadata.name, "uid": group.metadata.uid}
        body = {
            "metadata": {"ownerReferences": [owner]},
            "spec": {"source": {"volumeSnapshotContentName": content}},
        }
        await self._apply(single.SNAPSHOTS, Key(namespace, name), body)
        await self._patch(single.SNAPSHOTS, Key(namespace, name), {"volumeGroupSnapshotName": group.metadata.name})

    async def _end(self, group: VolumeGroupSnapshot) -> None:
        """Its snapshots go with it, by their owner; here goes the content, as it says."""
        name = group.status.bound_volume_group_snapshot_content_name
        content = await find(self._client, GROUP_CONTENTS, Key("", name)) if name else None
        if content is not None and content.spec.deletion_policy == "Delete":
            await self._client.delete(GROUP_CONTENTS, Key("", name))
        if BOUND in group.metadata.finalizers:
            kept = [f for f in group.metadata.finalizers if f != BOUND]
            patch = Patch(media_type=MERGE_PATCH, body={"metadata": {"finalizers": kept or None}})
            await self._client.patch(GROUP_SNAPSHOTS, key_of(group), patch)

    async def _apply(self, kind: Kind[Any], key: Key, body: dict[str, Any]) -> None:
        metadata = {"name": key.name} | ({"namespace": key.namespace} if key.namespace else {})
        whole = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, **body}
        whole["metadata"] = metadata | body.get("metadata", {})
        patch = Patch(media_type=APPLY_PATCH, body=whole, field_manager=MANAGER, force=True)
        await self._client.patch(kind, key, patch)

    async def _patch(self, kind: Kind[Any], key: Key, status: dict[str, Any]) -> None:
        patch = Patch(media_type=MERGE_PATCH, body={"status": status})
        await self._client.patch(kind, key, patch, subresource="status")

    def _waiting(self, found: VolumeGroupSnapshotClass) -> list[Key]:
        return [key_of(g) for g in self._groups if not g.status.ready_to_use]


def _reference(group: VolumeGroupSnapshot, version: str, kind: str) -> dict[str, str]:
    meta = group.metadata
    return {
        "apiVersion": version,
        "kind": kind,
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
    }
