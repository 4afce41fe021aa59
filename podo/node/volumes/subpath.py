"""A part of a volume, safe against links that lead out of it (CVE-2017-1002101 and its kin; blocking).

The part is walked to one component at a time, never following a link, and what was reached that way, not its name, is
bound to a place that containers cannot change. Only that place is handed to the runtime.
"""

import os
import stat
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import unmount_below
from podo.node.volumes.base import MountFailure

OPEN_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def bind(volume: Path, part: str, target: Path, *, create_mode: int = 0o750) -> Path:
    """Bind the `part` of `volume` to `target`; a part that does not exist becomes a folder. Raises MountFailure."""
    try:
        descriptor = _reach(volume, part, create_mode)
        try:
            _place(descriptor, target)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MountFailure(f"subPath {part}: {error.strerror}") from error
    return target


def _reach(volume: Path, part: str, create_mode: int) -> int:
    """A descriptor of the part."""
    root = os.path.realpath(volume)
    wanted = os.path.realpath(os.path.join(root, part))
    relative = os.path.relpath(wanted, root)
    if relative == ".." or relative.startswith("../"):
        raise MountFailure(f"subPath {part} leads out of its volume")
    if stat.S_ISREG(os.stat(root).st_mode):  # a volume may be a file
        return os.open(root, OPEN_FLAGS)
    descriptor = os.open(root, OPEN_FLAGS | os.O_DIRECTORY)
    for name in () if relative == "." else relative.split("/"):
        try:
            following = _step(descriptor, name, create_mode)
        finally:
            os.close(descriptor)
        descriptor = following
    return descriptor


def _step(folder: int, name: str, create_mode: int) -> int:
    try:
        found = os.open(name, OPEN_FLAGS, dir_fd=folder)
    except FileNotFoundError:
        os.mkdir(name, create_mode, dir_fd=folder)
        found = os.open(name, OPEN_FLAGS, dir_fd=folder)
    if stat.S_ISLNK(os.fstat(found).st_mode):
        os.close(found)
        raise MountFailure(f"{name} became a symbolic link while it was opened")
    return found


def _place(descriptor: int, target: Path) -> None:
    if target.exists():
        unmount_below(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    syscalls.mount(f"/proc/{os.getpid()}/fd/{descriptor}", target, "", syscalls.MS_BIND)
