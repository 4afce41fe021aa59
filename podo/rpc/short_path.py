"""Sockets whose path is longer than the kernel takes (unix(7): 107 bytes): a long state folder soon makes it so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 107


class ShortPath:
    """A socket's path, or if that is too long one that leads to the same place for as long as this is open.

    Raises OSError if the folder is not there.
    """

    def __init__(self, socket: Path) -> None:
        self._folder = -1
        self.path = socket
        if len(os.fsencode(socket)) > MOST_BYTES:
            self._folder = os.open(socket.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            self.path = Path(f"/proc/self/fd/{self._folder}/{socket.name}")

    def close(self) -> None:
        """Let go of the folder. May be repeated."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


@contextmanager
def shortened(socket: Path) -> Iterator[Path]:
    """The path to use for `socket` within the block. Raises OSError if its folder is not there."""
    short = ShortPath(socket)
    try:
        yield short.path
    finally:
        short.close()
