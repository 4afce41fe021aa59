"""Which mounts lie below a folder, and how to take them away."""

import errno
import re
from pathlib import Path

from podo.node import syscalls

MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def mount_points(mountinfo: str) -> list[str]:
    """The mount points in the order of their mounting (proc(5): the fifth field, blanks in octal)."""
    return [unescaped(line.split()[4]) for line in mountinfo.splitlines()]


def unescaped(field: str) -> str:
    """A path of mountinfo as it is: blanks and backslashes are written in octal there."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)


def mounts_below(folder: Path) -> list[str]:
    """At or below `folder`, the last mounted first: the order to unmount them in."""
    points = mount_points(MOUNTINFO.read_text())
    return [point for point in reversed(points) if point == str(folder) or point.startswith(f"{folder}/")]


def is_served(point: str, mountinfo: str | None = None) -> bool:
    """Whether what is mounted at `point` is podo's mount of an object store (rclone's FUSE file system)."""
    text = MOUNTINFO.read_text() if mountinfo is None else mountinfo
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("fuse.rclone ") and unescaped(before.split()[4]) == point:
            return True
    return False


def unmount_below(folder: Path) -> None:
    """Take them all away, even those in use (they go when their users do)."""
    for point in mounts_below(folder):
        unmount_quietly(point)


def unmount_now(point: str | Path) -> None:
    """Unmount it, so that what is below is free at once; detach it if it is in use; quiet if it is not mounted."""
    try:
        syscalls.unmount(point)
    except OSError:
        unmount_quietly(point)


def unmount_quietly(point: str | Path) -> None:
    """Detach it; quiet if it is not mounted or not there."""
    try:
        syscalls.unmount(point, syscalls.MNT_DETACH)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
