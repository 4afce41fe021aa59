"""Wait until a log may have grown or have been rotated, told by the kernel (inotify(7))."""

import asyncio
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MODIFY, IN_ATTRIB, IN_MOVE_SELF, IN_DELETE_SELF = 0x2, 0x4, 0x800, 0x400
IN_CREATE, IN_MOVED_TO = 0x100, 0x80
_libc = ctypes.CDLL(None, use_errno=True)


class Growth:
    """`changed` is set whenever the file changes, or another one takes its place."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path, self._watched = descriptor, path, -1
        self.changed = asyncio.Event()

    def renew(self) -> bool:
        """Watch the file that has the path now; whether that is another one than before (then read it first)."""
        mask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF
        found: int = _libc.inotify_add_watch(self._descriptor, os.fsencode(self._path), mask)
        if found < 0:
            return False  # between two files: the folder will tell
        before, self._watched = self._watched, found
        return found != before


@contextmanager
def watch_file(path: Path) -> Iterator[Growth]:
    """Watch a file and its folder meanwhile. Raises OSError."""
    descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    growth, loop = Growth(descriptor, path), asyncio.get_running_loop()
    try:
        if _libc.inotify_add_watch(descriptor, os.fsencode(path.parent), IN_CREATE | IN_MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {path.parent}")
        growth.renew()

        def readable() -> None:
            os.read(descriptor, 65536)
            growth.changed.set()

        loop.add_reader(descriptor, readable)
        try:
            yield growth
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
