"""Files that appear in a folder, told by the kernel (inotify(7)): how the ends of containers reach us."""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
IN_Q_OVERFLOW, IN_ONLYDIR = 0x4000, 0x1000000
ARRIVALS = IN_CLOSE_WRITE | IN_MOVED_TO
CHANGES = ARRIVALS | IN_MOVED_FROM | IN_DELETE
_HEADER = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


def names(data: bytes) -> Iterator[str]:
    """The file names in a read from inotify; "" when events were lost, so that everything must be looked at."""
    at = 0
    while at < len(data):
        _, mask, _, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        name = data[at : at + length].rstrip(b"\0").decode(errors="surrogateescape")
        at += length
        yield "" if mask & IN_Q_OVERFLOW else name


@contextmanager
def watch_folder(folder: Path, appeared: Callable[[str], None], what: int = ARRIVALS) -> Iterator[None]:
    """Call `appeared` in this loop for each file written or moved into `folder` (or, with CHANGES, gone from it), and
    with "" when events were lost."""
    fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0 or _libc.inotify_add_watch(fd, bytes(folder), what | IN_ONLYDIR) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))

    def read() -> None:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return
        for name in names(data):
            appeared(name)

    loop = asyncio.get_running_loop()
    loop.add_reader(fd, read)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        os.close(fd)
