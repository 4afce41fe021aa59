"""All volumes of a node's Pods: made, refreshed, taken away."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from podo.api.types.core_v1 import Container, Pod, Volume
from podo.clock import Clock
from podo.node.mounts import is_served, mounts_below, unmount_below
from podo.node.runtime.config import Device, Mount, MountPropagation
from podo.node.volumes import atomic, empty_dir, host_path, ownership, subpath
from podo.node.volumes.base import MountFailure, Places, VolumeFailure
from podo.node.volumes.mounts import PlannedMount, plan_mounts
from podo.node.volumes.sources import Content, ContentSources

log = logging.getLogger(__name__)


class VolumePlugin(Protocol):
    """A kind of volume that another part brings: claims, CSI, images."""

    async def mount(self, pod: Pod, volume: Volume, folder: Path) -> Path | None:
        """Where the volume is on this node (it may use `folder`); None if it is of another kind.

        Raises VolumeFailure."""
        ...

    async def release(self, uid: str) -> None:
        """The Pod of `uid` is gone."""
        ...


class NodeVolumes:
    """The `Volumes` of a node."""

    def __init__(
        self,
        places: Places,
        sources: ContentSources,
        clock: Clock,
        plugins: Sequence[VolumePlugin] = (),
        host_paths: Callable[[str], str] = lambda path: path,
    ) -> None:
        """`host_paths` says what a hostPath means on this node."""
        self._host_paths = host_paths
        self._places, self._sources, self._clock, self._plugins = places, sources, clock, plugins
        self._paths: dict[str, dict[str, Path]] = {}  # by uid and volume
        self._written = 0

    async def mount(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        paths = self._paths.setdefault(uid, {})
        for volume in pod.spec.volumes:
            if volume.name not in paths:
                try:
                    paths[volume.name] = await self._mount(pod, volume)
                except VolumeFailure as error:
                    raise VolumeFailure(f'MountVolume.SetUp failed for volume "{volume.name}" : {error}') from error

    def paths(self, uid: str) -> Mapping[str, Path]:
        """Where the volumes of a Pod are, by their names: of those that are mounted."""
        return self._paths.get(uid, {})

    async def repeat(self, pod: Pod, volume: Volume) -> None:
        """Have a volume brought again that is there already. Raises VolumeFailure."""
        if volume.name in self.paths(pod.metadata.uid):
            await self._mount(pod, volume)

    async def refresh(self, pod: Pod) -> datetime | None:
        again: list[datetime] = []
        for volume in pod.spec.volumes:
            try:
                content = await self._sources.content(pod, volume)
                if content is not None:
                    self._write(pod, volume, content)
                    again += [content.renew_at] if content.renew_at else []
            except (VolumeFailure, OSError) as error:  # what is there stays; a missing object is told when mounting
                log.info("volume %s of %s: %s", volume.name, pod.metadata.name, error)
        return min(again, default=None)

    async def mounts(
        self, pod: Pod, container: Container, environment: Sequence[tuple[str, str]]
    ) -> tuple[tuple[Mount, ...], tuple[Device, ...]]:
        paths = self._paths.get(pod.metadata.uid, {})
        planned, devices = plan_mounts(pod, container, paths, dict(environment))
        mounts = [following(self._bound(pod, container, p)) for p in planned]
        return tuple(mounts), devices

    async def release(self, uid: str) -> None:
        self._paths.pop(uid, None)
        self._sources.forget(uid)
        await asyncio.to_thread(_clear, self._places.pod(uid) / "subpaths")  # parts keep a volume in use
        for plugin in self._plugins:
            await plugin.release(uid)
        await asyncio.to_thread(_clear, self._places.pod(uid) / "volumes", self._places.volatile / uid)

    def _bound(self, pod: Pod, container: Container, planned: PlannedMount) -> Mount:
        if not planned.part:
            return planned.mount
        target = self._places.subpath(pod.metadata.uid, container.name, planned.index)
        subpath.bind(Path(planned.mount.host_path), planned.part, target)
        return planned.at(target)

    async def _mount(self, pod: Pod, volume: Volume) -> Path:
        uid, group = pod.metadata.uid, ownership.fs_group(pod)
        if source := volume.host_path:
            path = self._host_paths(source.path)
            host_path.prepare(path, source.type)
            return Path(path)
        folder = self._places.volume(uid, volume.name)
        if empty := volume.empty_dir:
            empty_dir.make(folder, empty, pod)
            if group is not None:
                ownership.give(folder, group)
            return folder
        content = await self._sources.content(pod, volume)
        if content is not None:
            return self._write(pod, volume, content)
        for plugin in self._plugins:
            if found := await plugin.mount(pod, volume, folder):
                return found
        raise VolumeFailure("this node does not know this kind of volume")

    def _write(self, pod: Pod, volume: Volume, content: Content) -> Path:
        """Put content in its place: on disk only what holds no credentials."""
        uid, on_disk = pod.metadata.uid, volume.config_map is not None or volume.downward_api is not None
        folder = self._places.volume(uid, volume.name) if on_disk else self._places.secret(uid, volume.name)
        self._written += 1
        stamp = f"{self._clock.now():%Y_%m_%d_%H_%M_%S}.{self._written}{os.getpid()}"
        try:
            atomic.write(folder, content.files, stamp, atomic.Ownership(ownership.fs_group(pod)))
        except OSError as error:
            raise VolumeFailure(f"cannot be written: {error.strerror}") from error
        return folder


def following(mount: Mount) -> Mount:
    """Let a container see when a file system that a process serves is mounted again after that process's end."""
    if mount.propagation is not MountPropagation.PRIVATE or not is_served(mount.host_path):
        return mount
    return replace(mount, propagation=MountPropagation.HOST_TO_CONTAINER)


def _clear(*folders: Path) -> None:
    """Unmount and delete what a Pod has in folders; never what hostPath or another file system holds."""
    for gone in folders:
        if gone.exists():
            unmount_below(gone)
            remove_tree(gone)


def remove_tree(folder: Path) -> None:
    """Delete a folder, but never what is mounted in it."""
    if not mounts_below(folder):
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["MountFailure", "NodeVolumes", "VolumePlugin"]
