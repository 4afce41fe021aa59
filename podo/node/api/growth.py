"""Wait until a file may have grown, told by the kernel (inotify(7))."""

import asyncio
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MODIFY, IN_ATTRIB, IN_MOVE_SELF, IN_DELETE_SELF = 0x2, 0x4, 0x800, 0x400
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def watch_file(path: Path) -> Iterator[asyncio.Event]:
    """An event that is set whenever the file changes. Raises OSError."""
    descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        mask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF
        if _libc.inotify_add_watch(descriptor, os.fsencode(path), mask) < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {path}")

        def readable() -> None:
            os.read(descriptor, 65536)
            changed.set()

        loop.add_reader(descriptor, readable)
        try:
            yield changed
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
