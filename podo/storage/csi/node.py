"""The node's side of a driver behind a socket."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from podo.rpc.caller import Caller
from podo.storage.csi.wire import ACCESS_MODES, BYTES, EXPANDS, INODES, MOUNT_GROUP, STAGES, TELLS, TELLS_CONDITION
from podo.storage.drivers import Access, Amounts, NodeVolume, VolumeFigures

NODE = "/csi.v1.Node/Node"


class SocketNode:
    """The `NodeDriver` of a driver that has registered.

    `seen` says under which path the driver, which may run in a container, sees a path of the node.
    """

    def __init__(
        self, name: str, caller: Caller, capabilities: frozenset[int], seen: Callable[[Path], Path] = lambda path: path
    ) -> None:
        self.name, self._caller, self._seen = name, caller, seen
        self._stages, self.groups, self.foreign = STAGES in capabilities, MOUNT_GROUP in capabilities, True
        self._grows, self.tells = EXPANDS in capabilities, TELLS in capabilities
        self._tells_condition = TELLS_CONDITION in capabilities

    async def stage(self, volume: NodeVolume, staging: Path) -> None:
        if not self._stages:
            return
        staging.mkdir(parents=True, exist_ok=True, mode=0o750)
        await self._caller.call(
            f"{NODE}StageVolume",
            volume_id=volume.handle,
            publish_context=volume.publish_context,
            staging_target_path=str(self._seen(staging)),
            volume_capability=self._capability(volume),
            secrets=volume.stage_secrets,
            volume_context=volume.attributes,
        )

    async def unstage(self, handle: str, staging: Path) -> None:
        if self._stages:
            path = str(self._seen(staging))
            await self._caller.call(f"{NODE}UnstageVolume", volume_id=handle, staging_target_path=path)
        remove_empty(staging, staging.parent)

    async def publish(self, volume: NodeVolume, staging: Path | None, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        await self._caller.call(
            f"{NODE}PublishVolume",
            volume_id=volume.handle,
            publish_context=volume.publish_context,
            staging_target_path=str(self._seen(staging)) if self._stages and staging is not None else "",
            target_path=str(self._seen(target)),
            volume_capability=self._capability(volume),
            readonly=volume.read_only,
            secrets=volume.publish_secrets,
            volume_context={**volume.attributes, **volume.pod.context},
        )
        return target

    async def unpublish(self, handle: str, target: Path) -> None:
        await self._caller.call(f"{NODE}UnpublishVolume", volume_id=handle, target_path=str(self._seen(target)))
        remove_empty(target)

    async def grow(self, volume: NodeVolume, staging: Path | None, path: Path, size: int) -> None:
        """Nothing, for a driver that does it all from afar."""
        if self._grows:
            await self._caller.call(
                f"{NODE}ExpandVolume",
                volume_id=volume.handle,
                volume_path=str(self._seen(path)),
                capacity_range={"required_bytes": size},
                staging_target_path=str(self._seen(staging)) if self._stages and staging is not None else "",
                volume_capability=self._capability(volume),
                secrets=volume.stage_secrets,
            )

    async def figures(self, handle: str, path: Path, staging: Path | None) -> VolumeFigures:
        answer = await self._caller.call(
            f"{NODE}GetVolumeStats",
            volume_id=handle,
            volume_path=str(self._seen(path)),
            staging_target_path=str(self._seen(staging)) if self._stages and staging is not None else "",
        )
        found = {usage.unit: Amounts(usage.total, usage.used, usage.available) for usage in answer.usage}
        condition = answer.volume_condition
        abnormal = (condition.message or "it is abnormal") if condition.abnormal else ""
        return VolumeFigures(
            bytes=found.get(BYTES, Amounts()),
            inodes=found.get(INODES, Amounts()),
            abnormal=abnormal if self._tells_condition and answer.HasField("volume_condition") else None,
        )

    def _capability(self, volume: NodeVolume) -> dict[str, Any]:
        group = volume.pod.fs_group
        return capability(volume.access, str(group) if self.groups and group is not None else "")


def remove_empty(*folders: Path) -> None:
    """Remove folders as far as they are empty and nothing is mounted on them: never what is in a volume."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def capability(access: Access, group: str = "") -> dict[str, Any]:
    """How a volume is to be used, as drivers are told: the widest of its access modes counts."""
    wide = max((ACCESS_MODES.get(m, 1) for m in access.modes if m != "ReadWriteOncePod"), default=0)
    mode = wide or (ACCESS_MODES["ReadWriteOncePod"] if "ReadWriteOncePod" in access.modes else 1)
    if mode == ACCESS_MODES["ReadWriteOncePod"]:
        mode = 1  # drivers that tell single-node modes apart say so by a capability; the others know only this one
    if access.block:
        return {"block": {}, "access_mode": {"mode": mode}}
    mount = {"fs_type": access.fs_type, "mount_flags": access.mount_options, "volume_mount_group": group}
    return {"mount": mount, "access_mode": {"mode": mode}}
