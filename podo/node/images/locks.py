"""Locks between tasks and processes: flock on files of the store."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from podo.clock import Clock

RETRY = 0.02  # seconds; a held lock is asked for again, so that a cancelled waiter leaves nothing behind


@contextmanager
def briefly(path: Path) -> Iterator[None]:
    """Hold the lock for a few file operations: waits in place."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@asynccontextmanager
async def held(path: Path, clock: Clock, *, shared: bool = False) -> AsyncIterator[None]:
    """Hold the lock for long work (a pull, an unpack). The file stays: deleting it would split its waiters."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            await clock.sleep(RETRY)
        yield
    finally:
        os.close(fd)


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody does; whether we have it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _try(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
