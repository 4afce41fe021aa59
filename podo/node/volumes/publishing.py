"""Have drivers bring volumes to Pods and take them away again.

What was published for a Pod is noted in the Pod's folder, so that another agent can take it away. Drivers of others
expect the kubelet's folders; podo's own does not care.
"""

import asyncio
import base64
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from podo.api import timestamps
from podo.api.errors import APIError
from podo.api.types.core_v1 import Pod, Secret
from podo.api.types.storage_v1 import CSIDriver, VolumeAttachment
from podo.client.base import Client, Key, find
from podo.clock import Clock
from podo.node.mounts import mounts_below
from podo.node.volumes import ownership
from podo.node.volumes.base import Places, VolumeFailure
from podo.node.volumes.tokens import Tokens
from podo.storage.attachments import attachment_name
from podo.storage.drivers import (
    DriverFailure,
    GrowingNode,
    NodeDriver,
    NodeVolume,
    PodInfo,
    TellingNode,
    VolumeFigures,
)

FOLDER = "published"
ATTACHED_WITHIN, LOOK_EVERY = 20.0, 0.2  # seconds
ONE_POD = ("ReadWriteOncePod",)
TOKENS = "csi.storage.k8s.io/serviceAccount.tokens"
log = logging.getLogger(__name__)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver made for a Pod; without `staging` there was nothing to make for the node first."""

    driver: str
    handle: str
    target: str
    staging: str = ""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A volume that a driver is to bring. `secrets` are (namespace, name): for staging, for publishing."""

    driver: str
    label: str  # how folders call it: the PersistentVolume's name, or that of the volume in the Pod
    volume: NodeVolume
    ephemeral: bool = False
    stage_secret: tuple[str, str] | None = None
    publish_secret: tuple[str, str] | None = None
    grow_to: int = 0  # bytes, if the volume has grown since a node used it
    chown: bool = False  # an access mode and a file system with which a group of files makes sense


class Publishing:
    """`drivers` are those of this node, by name: it grows when one registers."""

    def __init__(
        self,
        client: Client,
        places: Places,
        clock: Clock,
        drivers: Mapping[str, NodeDriver],
        *,
        node: str,
        kubelet: Path,
        tokens: Tokens,
    ) -> None:
        self._client, self._places, self._clock, self._drivers = client, places, clock, drivers
        self._node, self._kubelet, self._tokens = node, kubelet, tokens
        self._again: set[tuple[str, str]] = set()  # uid and volume: of drivers that want to be asked again and again

    async def publish(self, pod: Pod, name: str, wanted: Wanted, folder: Path) -> Path:
        """Bring a volume for the Pod's volume `name`; podo's own driver puts it into `folder`. Raises VolumeFailure."""
        driver = self._driver(wanted.driver)
        volume, group = wanted.volume, ownership.fs_group(pod)
        info = await self._info(wanted.driver) if driver.foreign else None
        if driver.foreign:
            volume = await self._completed(pod, wanted, info)
            folder = self._target(pod.metadata.uid, wanted)
        elif wanted.stage_secret is not None:
            volume = replace(volume, stage_secrets=await self._secret(wanted.stage_secret))
        staging = "" if wanted.ephemeral else str(self._staging(wanted, foreign=driver.foreign))
        note = self._places.pod(pod.metadata.uid) / FOLDER / f"{name}.json"
        known = Published(driver=wanted.driver, handle=volume.handle, target=str(folder), staging=staging)
        if volume.access.modes == ONE_POD and self._still_used(known, except_by=pod.metadata.uid):
            raise VolumeFailure("volume uses the ReadWriteOncePod access mode and is already in use by another pod")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_bytes(msgspec.json.encode(known))
        try:
            if staging:
                await driver.stage(volume, Path(staging))
            path = await driver.publish(volume, Path(staging) if staging else None, folder)
            if wanted.grow_to and isinstance(driver, GrowingNode):
                await driver.grow(volume, Path(staging) if staging else None, path, wanted.grow_to)
        except DriverFailure as error:
            raise VolumeFailure(str(error)) from error
        if info is not None and info.spec.requires_republish:
            self._again.add((pod.metadata.uid, name))
        chown = not volume.access.block and not volume.read_only and not driver.groups and _chowns(info, wanted)
        return await given(path, group if chown else None, pod)

    async def grow(self, uid: str, name: str, wanted: Wanted) -> None:
        """Let a volume that a Pod has use all that it has grown to. Raises VolumeFailure."""
        known, driver = self._note(uid, name), self._driver(wanted.driver)
        if known is None or not isinstance(driver, GrowingNode):
            return
        volume = wanted.volume
        if wanted.stage_secret is not None:
            volume = replace(volume, stage_secrets=await self._secret(wanted.stage_secret))
        staging = Path(known.staging) if known.staging else None
        try:
            await driver.grow(volume, staging, Path(known.target), wanted.grow_to)
        except DriverFailure as error:
            raise VolumeFailure(str(error)) from error

    def is_to_repeat(self, uid: str, name: str) -> bool:
        """Whether a volume's driver wants it published again and again, for what changes in it (KEP-2047)."""
        return (uid, name) in self._again

    def grows(self, uid: str, name: str) -> bool:
        """Whether a Pod has the volume from a driver that has something to do when it has grown."""
        known = self._note(uid, name)
        return known is not None and isinstance(self._drivers.get(known.driver), GrowingNode)

    async def figures(self, uid: str, name: str) -> VolumeFigures | None:
        """How full a driver says that a Pod's volume is; None if it does not say such. Raises DriverFailure."""
        known = self._note(uid, name)
        driver = self._drivers.get(known.driver) if known else None
        if known is None or not isinstance(driver, TellingNode) or not driver.tells:
            return None
        return await driver.figures(known.handle, Path(known.target), Path(known.staging) if known.staging else None)

    def _note(self, uid: str, name: str) -> Published | None:
        try:
            return msgspec.json.decode((self._places.pod(uid) / FOLDER / f"{name}.json").read_bytes(), type=Published)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    async def release(self, uid: str) -> None:
        """Take away all that was published for a Pod. Raises VolumeFailure: then it is to be tried again."""
        self._again = {place for place in self._again if place[0] != uid}
        folder = self._places.pod(uid) / FOLDER
        for note in sorted(folder.glob("*.json")):
            known = msgspec.json.decode(note.read_bytes(), type=Published)
            driver = self._driver(known.driver)
            try:
                await driver.unpublish(known.handle, Path(known.target))
                if known.staging and not self._still_used(known, but=note):
                    await driver.unstage(known.handle, Path(known.staging))
                note.unlink(missing_ok=True)  # last: who ends before leaves it to the next agent
            except DriverFailure as error:
                raise VolumeFailure(f"UnmountVolume.TearDown failed: {error}") from error
        shutil.rmtree(folder, ignore_errors=True)
        pods = self._kubelet / "pods" / uid
        if pods.exists() and not mounts_below(pods):
            shutil.rmtree(pods, ignore_errors=True)

    def _driver(self, name: str) -> NodeDriver:
        if (driver := self._drivers.get(name)) is None:
            raise VolumeFailure(f"driver name {name} not found in the list of registered CSI drivers")
        return driver

    def _target(self, uid: str, wanted: Wanted) -> Path:
        if wanted.volume.access.block:
            return self._kubelet / "plugins/kubernetes.io/csi/volumeDevices/publish" / wanted.label / uid
        return self._kubelet / "pods" / uid / "volumes/kubernetes.io~csi" / wanted.label / "mount"

    def _staging(self, wanted: Wanted, *, foreign: bool) -> Path:
        if not foreign:
            return self._places.pods.parent / "staged" / wanted.driver / wanted.label
        plugins = self._kubelet / "plugins/kubernetes.io/csi"
        if wanted.volume.access.block:
            return plugins / "volumeDevices/staging" / wanted.label
        return plugins / wanted.driver / hashlib.sha256(wanted.volume.handle.encode()).hexdigest() / "globalmount"

    async def _completed(self, pod: Pod, wanted: Wanted, info: CSIDriver | None) -> NodeVolume:
        """The volume with what the driver wants to know: of its attachment, its secrets, the Pod."""
        volume = wanted.volume
        if not wanted.ephemeral and (info is None or info.spec.attach_required is not False):
            volume = replace(volume, publish_context=await self._attached(wanted))
        context: dict[str, str] = {}
        if info is not None and info.spec.pod_info_on_mount:
            meta = pod.metadata
            context = {
                "csi.storage.k8s.io/pod.name": meta.name,
                "csi.storage.k8s.io/pod.namespace": meta.namespace,
                "csi.storage.k8s.io/pod.uid": meta.uid,
                "csi.storage.k8s.io/serviceAccount.name": pod.spec.service_account_name or "default",
                "csi.storage.k8s.io/ephemeral": "true" if wanted.ephemeral else "false",
            }
        published = await self._secret(wanted.publish_secret)
        if tokens := await self._requested_tokens(pod, info):
            in_secrets = bool(info and info.spec.service_account_token_in_secrets)
            (published if in_secrets else context)[TOKENS] = tokens
        return replace(
            volume,
            stage_secrets=await self._secret(wanted.stage_secret),
            publish_secrets=published,
            pod=PodInfo(context=context, fs_group=ownership.fs_group(pod)),
        )

    async def _attached(self, wanted: Wanted) -> Mapping[str, str]:
        """Wait until the attacher says that the volume is attached to this node."""
        name = attachment_name(wanted.volume.handle, wanted.driver, self._node)
        deadline, why = self._clock.monotonic() + ATTACHED_WITHIN, "it is not attached yet"
        while self._clock.monotonic() < deadline:
            try:
                found = await find(self._client, VolumeAttachment, Key("", name))
            except APIError as error:
                found, why = None, str(error)
            if found is not None and found.status.attached:
                return found.status.attachment_metadata
            if found is not None and found.status.attach_error is not None:
                why = found.status.attach_error.message
            await self._clock.sleep(LOOK_EVERY)
        raise VolumeFailure(f"volume {wanted.label}: timed out waiting for external-attacher of {wanted.driver}: {why}")

    async def _info(self, driver: str) -> CSIDriver | None:
        try:
            return await find(self._client, CSIDriver, Key("", driver))
        except APIError as error:
            raise VolumeFailure(f"CSIDriver {driver} cannot be read: {error}") from error

    async def _secret(self, place: tuple[str, str] | None) -> dict[str, str]:
        if place is None:
            return {}
        try:
            found = await self._client.get(Secret, Key(*place))
        except APIError as error:
            raise VolumeFailure(f'secret "{place[1]}" cannot be read: {error}') from error
        return {name: base64.b64decode(text).decode() for name, text in found.data.items()}

    async def _requested_tokens(self, pod: Pod, info: CSIDriver | None) -> str:
        """The tokens of the Pod's account that a driver wants, as JSON by audience."""
        found = {}
        for wanted in info.spec.token_requests if info else ():
            token = await self._tokens.token(pod, wanted.audience, wanted.expiration_seconds or 3600)
            expires = timestamps.format_time(token.expires)
            found[wanted.audience] = {"token": token.text, "expirationTimestamp": expires}
        return json.dumps(found) if found else ""

    def _still_used(self, known: Published, *, except_by: str = "", but: Path | None = None) -> bool:
        """Whether the volume is used on this node, by other Pods than one, or by more than one note says."""
        for note in self._places.pods.glob(f"*/{FOLDER}/*.json"):
            if note.parts[-3] == except_by or note == but:
                continue
            try:
                other = msgspec.json.decode(note.read_bytes(), type=Published)
            except (OSError, msgspec.DecodeError):
                continue  # going, or just being written: its stage comes after
            if (other.driver, other.handle) == (known.driver, known.handle):
                return True
        return False


def _chowns(info: CSIDriver | None, wanted: Wanted) -> bool:
    """Whether files are given to the Pod's group (KEP-1682): as the driver says, else for what one node writes."""
    policy = info.spec.fs_group_policy if info is not None else "File"
    if policy == "None":
        return False
    return policy == "File" or wanted.chown


async def given(path: Path, group: int | None, pod: Pod) -> Path:
    """The volume, after its files were given to the Pod's group."""
    if group is not None:
        context = pod.spec.security_context
        policy = context.fs_group_change_policy if context else ""
        await asyncio.to_thread(ownership.give, path, group, only_if_root_differs=policy == "OnRootMismatch")
    return path
