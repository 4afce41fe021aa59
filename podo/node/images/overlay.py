"""Overlay mounts of containers' root file systems."""

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from podo.node import syscalls
from podo.node.images.base import ImageFailure
from podo.node.mounts import unmount_quietly

ROOTFS, UPPER, WORK = "rootfs", "upper", "work"


def overlay_options(lower: Sequence[str], upper: Path, work: Path, *, volatile: bool) -> str:
    """The mount's data: `lower` top first. A comma or colon in a path would be read as another option."""
    for path in (*lower, str(upper), str(work)):
        if set(path) & set(",:\\"):
            raise ImageFailure(f"overlay cannot use {path!r}: it holds a comma, a colon or a backslash")
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},index=off"
    return options + (",volatile" if volatile else "")


def mount(layers: Path, names: Sequence[str], container_dir: Path) -> Path:
    """Mount the layers `names` (bottom first, folders of `layers`) under `container_dir`; the root. Blocks.

    Without "volatile" each unmount would write the whole disk's caches out; what a container wrote is not needed after
    a crash of the machine.
    """
    root, upper, work = (container_dir / name for name in (ROOTFS, UPPER, WORK))
    for folder in (root, upper, work):
        folder.mkdir(parents=True, exist_ok=True)
    if os.path.ismount(root):
        return root
    shutil.rmtree(work / "work" / "incompat", ignore_errors=True)  # the mark of a volatile mount before a reboot
    lower = list(reversed(names)) or ["empty"]
    if not names:
        (layers / "empty").mkdir(exist_ok=True)
    for volatile in (True, False):
        try:
            _mount_in(layers, root, overlay_options(lower, upper, work, volatile=volatile))
            break
        except OSError as error:
            if not (volatile and error.errno == errno.EINVAL):  # kernels before 5.10 do not know it
                raise ImageFailure(explain(error, container_dir)) from error
    return root


def unmount(container_dir: Path) -> None:
    """Quiet if it is not mounted."""
    unmount_quietly(container_dir / ROOTFS)


def explain(error: OSError, where: Path) -> str:
    """Why an overlay mount failed, for the user."""
    if error.errno == errno.EINVAL:
        return f"cannot mount an overlay at {where}: its file system cannot hold one (an overlay itself, NFS?)"
    if error.errno == errno.ENODEV:
        return "cannot mount an overlay: the kernel has no overlay file system (modprobe overlay)"
    return f"cannot mount an overlay at {where}: {error.strerror}"


def _mount_in(folder: Path, target: Path, options: str) -> None:
    """Mount with `folder` as the working folder (of this thread only), so that the lower names can be short."""

    def run() -> None:
        syscalls.unshare(syscalls.CLONE_FS)
        os.chdir(folder)
        syscalls.mount("overlay", target, "overlay", 0, options)

    syscalls.in_own_thread(run)
