"""Overlay mounts of containers' root file systems."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from podo.node import syscalls
from podo.node.images.base import ImageFailure, Owners
from podo.node.mounts import unmount_quietly

ROOTFS, UPPER, WORK, LOWER = "rootfs", "upper", "work", "lower"


def overlay_options(lower: Sequence[str], upper: Path, work: Path, *, volatile: bool) -> str:
    """The mount's data: `lower` top first. A comma or colon in a path would be read as another option."""
    for path in (*lower, str(upper), str(work)):
        if set(path) & set(",:\\"):
            raise ImageFailure(f"overlay cannot use {path!r}: it holds a comma, a colon or a backslash")
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},index=off"
    return options + (",volatile" if volatile else "")


def mount(layers: Path, names: Sequence[str], container_dir: Path, owners: Owners | None = None) -> Path:
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
    if owners:
        os.chown(upper, owners.first, owners.first)
    with _shown_as(layers, container_dir / LOWER, owners) as shown:
        for volatile in (True, False):
            try:
                _mount_in(shown, root, overlay_options(lower, upper, work, volatile=volatile))
                break
            except OSError as error:
                if not (volatile and error.errno == errno.EINVAL):  # kernels before 5.10 do not know it
                    raise ImageFailure(explain(error, container_dir)) from error
    return root


@contextmanager
def _shown_as(layers: Path, place: Path, owners: Owners | None) -> Iterator[Path]:
    """The folder of layers, with the owners that are wanted while an overlay is mounted, which remembers them."""
    if owners is None:
        yield layers
        return
    place.mkdir(exist_ok=True)
    tree = syscalls.clone_tree(layers)
    try:
        with open(owners.namespace) as namespace:
            syscalls.map_ids(tree, namespace.fileno())
        syscalls.attach_tree(tree, place)
    except OSError as error:
        raise ImageFailure(f"the images cannot be shown with the owners of a user namespace: {error}") from error
    finally:
        os.close(tree)
    try:
        yield place
    finally:
        unmount_quietly(place)


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
