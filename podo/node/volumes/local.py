"""podo's own volumes on a node: the image is mounted once for all local nodes of a machine, and bound for each Pod."""

import asyncio
import contextlib
import os
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import MOUNTINFO, mount_points, unmount_now
from podo.storage.drivers import DriverFailure, NodeVolume
from podo.storage.local import DRIVER, loops
from podo.storage.local.layout import Description, VolumeFolder
from podo.storage.local.maker import checked, grow_mounted, grow_unmounted

OPTIONS = {
    "ro": syscalls.MS_RDONLY,
    "nosuid": syscalls.MS_NOSUID,
    "nodev": syscalls.MS_NODEV,
    "noexec": syscalls.MS_NOEXEC,
    "noatime": 0x400,
    "nodiratime": 0x800,
    "relatime": 0x200000,
}


class LocalNode:
    """The `NodeDriver` for the folder `root`. Nothing is kept in memory: an agent may be a new one at any time."""

    name = DRIVER
    foreign = groups = False

    def __init__(self, root: Path) -> None:
        self._root = root

    async def stage(self, volume: NodeVolume, staging: Path) -> None:
        await asyncio.to_thread(self._stage, volume)

    async def unstage(self, handle: str, staging: Path) -> None:
        await asyncio.to_thread(self._unstage, handle)

    async def publish(self, volume: NodeVolume, staging: Path | None, target: Path) -> Path:
        return await asyncio.to_thread(self._publish, volume, target)

    async def unpublish(self, handle: str, target: Path) -> None:
        await asyncio.to_thread(self._unpublish, handle, target)

    def _stage(self, volume: NodeVolume) -> None:
        with self._place(volume.handle).locked():
            self._have(volume)

    def _publish(self, volume: NodeVolume, target: Path) -> Path:
        """Another node of the machine may have unmounted the image since it was staged: look again, alone with it."""
        place = self._place(volume.handle)
        with place.locked():
            device = self._have(volume)
            if device is not None:
                place.use(target)
                return device
            if not os.path.ismount(target):
                target.mkdir(parents=True, exist_ok=True)
                try:
                    syscalls.mount(str(place.mounted), target, "", syscalls.MS_BIND)
                except OSError as error:
                    raise DriverFailure(f"the volume cannot be bound: {error.strerror}") from error
        return target

    def _place(self, handle: str) -> VolumeFolder:
        place = VolumeFolder(self._root, checked(handle))
        if not place.folder.exists():
            raise DriverFailure(f"there is no volume {handle} on this machine")
        return place

    def _have(self, volume: NodeVolume) -> Path | None:
        """Have the file system mounted, or the device attached: then this is it. The caller has the lock."""
        place = self._place(volume.handle)
        known = place.describe()
        if known is None:
            raise DriverFailure(f"volume {volume.handle} is not complete")
        try:
            if known.block:
                return (loops.of(place.image) or [loops.attach(place.image, until_unused=False)])[0]
            if not os.path.ismount(place.mounted):
                _mount(place, known, volume.access.mount_options)
        except OSError as error:
            raise DriverFailure(f"the volume cannot be mounted: {error.strerror}") from error
        return None

    def _unpublish(self, handle: str, target: Path) -> None:
        _take_away(target)
        place = VolumeFolder(self._root, checked(handle))
        if place.folder.exists():
            with place.locked():
                place.let_go(target)

    def _unstage(self, handle: str) -> None:
        """Unmount the image unless a Pod of another local node has it, as the mount table or the list of users says."""
        place = VolumeFolder(self._root, checked(handle))
        if not place.folder.exists():
            return
        with place.locked():
            known = place.describe()
            if known is not None and known.block:
                if place.used_by():
                    return
                for device in loops.of(place.image):
                    loops.detach(device)
            elif os.path.ismount(place.mounted) and len(mounts_of(place.mounted)) == 1:
                unmount_now(place.mounted)


def _mount(place: VolumeFolder, known: Description, options: tuple[str, ...]) -> None:
    flags, more = 0, []
    for option in options:
        if option in OPTIONS:
            flags |= OPTIONS[option]
        elif option not in ("rw", "defaults"):
            more.append(option)
    left = loops.held(place.image)
    if left is None and known.formatted < known.size and known.fs_type == "ext4":
        grow_unmounted(place, known)
    if known.fs_type == "xfs":
        more.append("nouuid")  # a copy has the identity of its origin
    device = left or loops.attach(place.image, until_unused=True)
    try:
        place.mounted.mkdir(exist_ok=True)
        syscalls.mount(str(device), place.mounted, known.fs_type, flags, ",".join(more))
    finally:
        loops.let_go(device)
    if known.formatted < known.size and (left is not None or known.fs_type != "ext4"):
        grow_mounted(place, known, device)
    with contextlib.suppress(OSError):  # a folder for repairs: an application expects its volume to be empty
        (place.mounted / "lost+found").rmdir()


def mounts_of(point: Path) -> list[str]:
    """All mount points of the file system that is mounted at `point`."""
    text = MOUNTINFO.read_text()
    lines = text.splitlines()
    where = mount_points(text)
    devices = {lines[i].split()[2] for i, p in enumerate(where) if p == str(point)}
    return [p for i, p in enumerate(where) if lines[i].split()[2] in devices]


def _take_away(target: Path) -> None:
    unmount_now(target)
    with contextlib.suppress(OSError):
        target.rmdir()
