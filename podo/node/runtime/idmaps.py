"""Idmapped mounts: what a container in a user namespace sees of the node's files, with owners as it knows them.

A file of the node's user 0 is one of the container's root there, and what the container's root writes belongs to the
node's user 0 only within that mount: outside, the container's users own nothing. All functions block.
"""

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podo.node import syscalls
from podo.node.mounts import unmount_below
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import IDRange

ROOT = "rootfs"
KEPT = {"ro": os.ST_RDONLY, "nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC}


def mount_mapped(source: str | Path, target: Path, user_namespace: Path, *, needed: bool = True) -> None:
    """Mount `source`, a file or folder, at `target`. Mounts below it are there too, with their own owners.

    Not every file system can do it (an overlay cannot): then the owners are shown as nobody, unless it is `needed`.
    Raises OSError; RuntimeFailure if the file system cannot.
    """
    _make_like(source, target)
    tree = syscalls.clone_tree(source)
    try:
        with open(user_namespace) as namespace:
            try:
                syscalls.map_ids(tree, namespace.fileno())
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                if needed:
                    raise RuntimeFailure(_cannot(source)) from error
        syscalls.attach_tree(tree, target)
    finally:
        os.close(tree)


def bind(source: Path, target: Path) -> None:
    """Mount `source` at `target` too, as it is."""
    _make_like(source, target)
    syscalls.mount(str(source), target, flags=syscalls.MS_BIND)


def map_spec(spec: dict[str, Any], users: IDRange, user_namespace: Path, folder: Path) -> dict[str, Any]:
    """The specification of a container in a user namespace: its root and what it binds are mounted below `folder`.

    The engine looks for them as a user of the namespace, who may not enter the node's own folders.
    """
    bind(Path(spec["root"]["path"]), folder / ROOT)
    mounts = [_mapped(mount, folder / str(i), user_namespace) for i, mount in enumerate(spec["mounts"])]
    table = [{"containerID": 0, "hostID": users.first, "size": users.length}]
    return spec | {
        "root": spec["root"] | {"path": str(folder / ROOT)},
        "mounts": mounts,
        "linux": spec["linux"] | {"uidMappings": table, "gidMappings": table},
    }


def unmap(folder: Path) -> None:
    """Take away what was mounted for a container. May be repeated."""
    if not folder.is_dir():
        return
    unmount_below(folder)
    for entry in folder.iterdir():
        entry.rmdir() if entry.is_dir() else entry.unlink()
    folder.rmdir()


def _mapped(mount: Mapping[str, Any], target: Path, user_namespace: Path) -> dict[str, Any]:
    if mount["type"] != "bind":
        return dict(mount)
    mount_mapped(mount["source"], target, user_namespace, needed="rw" in mount["options"])
    return {**mount, "source": str(target), "options": with_kept(mount["options"], os.statvfs(target).f_flag)}


def with_kept(options: Sequence[str], flags: int) -> list[str]:
    """The options of a mount with what the mount that it shows has already: a namespace may not take that away."""
    kept = [name for name, flag in KEPT.items() if flags & flag and name not in options]
    return [*(o for o in options if not (o == "rw" and "ro" in kept)), *kept]


def _make_like(source: str | Path, target: Path) -> None:
    """A place to mount a file or a folder on."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    if os.path.isdir(source):
        target.mkdir(exist_ok=True)
    else:
        target.touch()


def _cannot(source: str | Path) -> str:
    return (
        f"failed to set MOUNT_ATTR_IDMAP on {source}: invalid argument "
        "(maybe the filesystem used doesn't support idmap mounts on this kernel?)"
    )
