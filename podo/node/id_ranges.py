"""Which users and groups of the machine stand for those of which Pod with a user namespace of its own.

Each such Pod has 65536 of them, and no other Pod of the machine has the same, of whichever node or cluster: a file or
a process that one lets out is nobody to all others. What is taken is written down in a folder of the whole machine.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podo.node.runtime.config import IDRange

FOLDER = Path("/run/podo/.ids")
LENGTH = 65536
FIRST, LAST = 0x70000000, 0x7FFE0000
"""Users that nobody else gives: systemd has those below for its containers, and those above for homes."""


class NoRangeLeft(Exception):
    """All ranges are taken; the text is for the user."""


class IDRanges:
    """The ranges of this machine. `enough` is how many there are. Blocking, but short."""

    def __init__(self, folder: Path = FOLDER, enough: int = (LAST - FIRST) // LENGTH) -> None:
        self._folder, self._enough = folder, enough

    def claim(self, owner: Path) -> IDRange:
        """The range of the Pod whose folder is `owner`: always the same while that folder is there.

        Raises NoRangeLeft.
        """
        with self._locked():
            taken = {number: who for number, who in self._claims() if who.is_dir()}
            mine = next((n for n, who in taken.items() if who == owner), None)
            if mine is None:
                mine = next((n for n in range(self._enough) if n not in taken), None)
            if mine is None:
                raise NoRangeLeft(f"all {self._enough} ranges of users for user namespaces are taken")
            (self._folder / str(mine)).write_text(str(owner))
        return IDRange(FIRST + mine * LENGTH, LENGTH)

    def sweep(self) -> None:
        """Forget the Pods that are gone, and leave nothing if no other is there."""
        if not self._folder.is_dir():
            return
        with self._locked():
            claims = self._claims()
            gone = [number for number, who in claims if not who.is_dir()]
            for number in gone:
                (self._folder / str(number)).unlink()
            if len(gone) == len(claims):
                self._folder.rmdir()

    def _claims(self) -> list[tuple[int, Path]]:
        return [(int(f.name), Path(f.read_text())) for f in self._folder.iterdir() if f.name.isdigit()]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = self._lock()
        while os.fstat(fd).st_nlink == 0:  # whoever had the lock before has found nobody there, and removed it
            os.close(fd)
            fd = self._lock()
        try:
            yield
        finally:
            os.close(fd)

    def _lock(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd
