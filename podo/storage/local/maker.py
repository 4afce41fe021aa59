"""Make, copy, grow and delete podo's own volumes: sparse files with a file system in them (what blocks, in threads)."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path

import msgspec

from podo.storage.drivers import (
    NO_OPTIONS,
    Access,
    DriverFailure,
    Grown,
    MadeVolume,
    NoRoom,
    SnapOptions,
    Snapped,
    VolumeRequest,
)
from podo.storage.local import DRIVER, loops
from podo.storage.local.freezing import frozen
from podo.storage.local.layout import Description, VolumeFolder

SMALLEST, ROUND = 8 << 20, 1 << 20
FORMAT = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-K"),
}
DEFAULT_FS = "ext4"


class LocalVolumes:
    """The `VolumeMaker` for the folder `root`."""

    name = DRIVER

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def create(self, request: VolumeRequest) -> MadeVolume:
        return await asyncio.to_thread(self._create, request)

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None:
        await asyncio.to_thread(self._delete, handle)

    async def grow(self, handle: str, size: int, access: Access, secrets: Mapping[str, str]) -> Grown:
        return await asyncio.to_thread(self._grow, handle, size)

    def _create(self, request: VolumeRequest) -> MadeVolume:
        volume, size = VolumeFolder(self._root, checked(request.name)), rounded(request.size)
        fs_type = request.access.fs_type or DEFAULT_FS
        if not request.access.block and fs_type not in FORMAT:
            raise DriverFailure(f"file system {fs_type!r} is not one of {', '.join(FORMAT)}")
        with volume.locked():
            if (known := volume.describe()) is not None:
                return MadeVolume(handle=request.name, size=known.size)
            if size > (room := shutil.disk_usage(self._root).total):
                raise NoRoom(f"{size} bytes are more than the {room} that the disk has")
            wanted = Description(size=size, block=request.access.block, fs_type=fs_type)
            try:
                volume.note(self._fill(volume, wanted, request))
            except OSError as error:
                raise DriverFailure(f"the volume's file cannot be made: {error.strerror}") from error
        return MadeVolume(handle=request.name, size=size)

    def _fill(self, volume: VolumeFolder, wanted: Description, request: VolumeRequest) -> Description:
        image = volume.image
        image.unlink(missing_ok=True)
        if request.origin is not None:
            return self._copied(volume, wanted, request.origin.snapshot or request.origin.volume)
        with open(image, "wb") as file:
            os.truncate(file.fileno(), wanted.size)
        image.chmod(0o600)
        if wanted.block:
            return wanted
        run(*FORMAT[wanted.fs_type], str(image))
        return msgspec.structs.replace(wanted, formatted=wanted.size)

    def _copied(self, volume: VolumeFolder, wanted: Description, handle: str, *, held: bool = False) -> Description:
        """Fill a new volume with the content of another, or of a snapshot; `held`: the caller has its lock."""
        origin = VolumeFolder(self._root, checked(handle))
        with nullcontext() if held else origin.locked():
            known = origin.describe()
            if known is None:
                raise DriverFailure(f"there is no volume or snapshot {handle} to copy")
            if known.block != wanted.block:
                raise DriverFailure("a copy has the volume mode of what it is a copy of")
            if wanted.size < known.size:
                raise DriverFailure(f"{wanted.size} bytes are less than the {known.size} of what is to be copied")
            for device in loops.of(origin.image):
                loops.flush(device)  # what was written to a block volume may be in memory still
            with nullcontext() if held else frozen(origin.mounted):
                run("cp", "--reflink=auto", "--sparse=always", str(origin.image), str(volume.image))
        os.truncate(volume.image, wanted.size)
        return msgspec.structs.replace(known, size=wanted.size)

    async def snapshot(self, name: str, volume: str, options: SnapOptions = NO_OPTIONS) -> Snapped:
        """A copy of a volume as it is now; it is a volume that nobody mounts."""
        return await asyncio.to_thread(self._snapshot, name, volume)

    async def size_of(self, snapshot: str) -> int:
        known = VolumeFolder(self._root, checked(snapshot)).describe()
        if known is None:
            raise DriverFailure(f"there is no snapshot {snapshot}")
        return known.size

    def _snapshot(self, name: str, handle: str, *, held: bool = False) -> Snapped:
        copy, known = VolumeFolder(self._root, checked(name)), VolumeFolder(self._root, checked(handle)).describe()
        if known is None:
            raise DriverFailure(f"there is no volume {handle}")
        with copy.locked():
            if (done := copy.describe()) is not None:
                return Snapped(name, done.size)
            copy.image.unlink(missing_ok=True)
            try:
                copy.note(self._copied(copy, known, handle, held=held))
            except OSError as error:
                raise DriverFailure(f"the snapshot cannot be made: {error.strerror}") from error
        return Snapped(name, known.size)

    async def snapshot_group(
        self, name: str, volumes: Sequence[str], options: SnapOptions = NO_OPTIONS
    ) -> tuple[str, list[Snapped]]:
        """All are held until the last copy is there: they are of one moment."""
        return name, await asyncio.to_thread(self._snapshot_group, name, sorted(volumes))

    async def delete_group(self, handle: str, snapshots: Sequence[str], secrets: Mapping[str, str]) -> None:
        for snapshot in snapshots:
            await self.delete(snapshot, secrets)

    def _snapshot_group(self, name: str, handles: Sequence[str]) -> list[Snapped]:
        made = []
        with ExitStack() as held:
            for handle in handles:
                volume = VolumeFolder(self._root, checked(handle))
                if volume.describe() is None:
                    raise DriverFailure(f"there is no volume {handle}")
                held.enter_context(volume.locked())
                held.enter_context(frozen(volume.mounted))
            for handle in handles:
                snapped = self._snapshot(f"{name}-{handle}"[:255], handle, held=True)
                made.append(Snapped(snapped.handle, snapped.size, volume=handle))
        return made

    def _delete(self, handle: str) -> None:
        volume = VolumeFolder(self._root, checked(handle))
        if not volume.folder.exists():
            return
        with volume.locked():
            if volume.mounted.is_mount() or loops.of(volume.image):
                raise DriverFailure("the volume is in use")
            shutil.rmtree(volume.folder)

    def _grow(self, handle: str, size: int) -> Grown:
        """The file grows at once. A mounted file system does too, where the kernel lets us; else when it is mounted."""
        volume, size = VolumeFolder(self._root, checked(handle)), rounded(size)
        with volume.locked():
            known = volume.describe()
            if known is None:
                raise DriverFailure(f"there is no volume {handle}")
            if size > known.size:
                os.truncate(volume.image, size)
                known = msgspec.structs.replace(known, size=size)
                volume.note(known)
            devices = loops.of(volume.image)
            for device in devices:
                loops.grow(device)
            if known.block or known.formatted >= known.size:
                return Grown(known.size)
            if volume.mounted.is_mount() and devices:
                return Grown(known.size, on_node=not grow_mounted(volume, known, devices[0]))
            if known.fs_type == "ext4" and not devices:
                grow_unmounted(volume, known)
                return Grown(known.size)
            return Grown(known.size, on_node=True)


def grow_mounted(volume: VolumeFolder, known: Description, device: Path) -> bool:
    """Let the mounted file system use all of its device; whether that is allowed: ext4 needs CAP_SYS_RESOURCE for it.

    The caller has the volume's lock.
    """
    try:
        run(*(("resize2fs", str(device)) if known.fs_type == "ext4" else ("xfs_growfs", str(volume.mounted))))
    except DriverFailure as error:
        if "Permission denied" in str(error):
            return False
        raise
    volume.note(msgspec.structs.replace(known, formatted=known.size))
    return True


def grow_unmounted(volume: VolumeFolder, known: Description) -> None:
    """Let the ext4 file system of an image that nobody uses fill it. The caller has the volume's lock."""
    run("e2fsck", "-f", "-p", str(volume.image), fine=(0, 1))
    run("resize2fs", str(volume.image))
    volume.note(msgspec.structs.replace(known, formatted=known.size))


def run(*command: str, fine: Sequence[int] = (0,)) -> None:
    """Run a tool. Raises DriverFailure with what it said, if its status is not among the fine ones."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except FileNotFoundError as error:
        raise DriverFailure(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise DriverFailure(f"{command[0]} does not end") from error
    if ended.returncode not in fine:
        raise DriverFailure(f"{command[0]} failed: {ended.stderr.strip() or ended.returncode}")


def rounded(size: int) -> int:
    """Whole mebibytes, and enough for a file system."""
    return max(SMALLEST, -(-size // ROUND) * ROUND)


def checked(handle: str) -> str:
    """A handle that is a plain name. Raises DriverFailure."""
    if not handle or "/" in handle or handle.startswith("."):
        raise DriverFailure(f"{handle!r} is not the handle of a volume")
    return handle
