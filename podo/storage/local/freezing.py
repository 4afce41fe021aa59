"""Hold the writers of file systems for a moment (ioctl_fifreeze(2)), and let go those that somebody's end left held.

Who freezes a volume has its lock meanwhile. So a volume that is frozen while nobody has its lock was left behind.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podo.storage.local.layout import VolumeFolder

FREEZE, THAW = 0xC0045877, 0xC0045878  # FIFREEZE, FITHAW


@contextmanager
def frozen(mounted: Path) -> Iterator[None]:
    """Hold the writers of a mounted file system, and have all that they wrote on its disk (blocking)."""
    if not mounted.is_mount():
        yield
        return
    opened = os.open(mounted, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(opened, FREEZE, 0)
        try:
            yield
        finally:
            fcntl.ioctl(opened, THAW, 0)
    finally:
        os.close(opened)


def thaw_left(root: Path) -> list[str]:
    """Let go all volumes in the folder that are frozen for nobody (blocking); their handles."""
    found = []
    for mounted in sorted(root.glob("*/mounted")):
        volume = VolumeFolder(root, mounted.parent.name)
        if mounted.is_mount():
            with volume.try_lock() as mine:
                if mine and _thaw(mounted):
                    found.append(mounted.parent.name)
    return found


def _thaw(mounted: Path) -> bool:
    """Whether it was frozen."""
    opened = os.open(mounted, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(opened, THAW, 0)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    finally:
        os.close(opened)
    return True
