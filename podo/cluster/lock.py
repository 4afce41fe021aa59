"""One command at a time changes a cluster."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths


@contextmanager
def locked(where: Paths) -> Iterator[None]:
    """Hold the cluster's lock. Raises ClusterError at once if another command holds it.

    The lock lies in the run folder; where nothing else is in that folder afterwards, both go.
    """
    with _acquired(where):
        try:
            yield
        finally:
            _tidy(where)


def _acquired(where: Paths) -> IO[str]:
    while True:
        where.run.mkdir(parents=True, exist_ok=True)
        file = where.lock.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            hint = "wait until it is done, then try again"
            raise ClusterError(f"another podo command is changing cluster {where.run.name!r}", hint=hint) from None
        if _is_at(file, where):
            return file
        file.close()  # who held it has removed it meanwhile: what we hold is no lock any more


def _is_at(file: IO[str], where: Paths) -> bool:
    try:
        return os.stat(where.lock).st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _tidy(where: Paths) -> None:
    if where.run.is_dir() and os.listdir(where.run) == [where.lock.name]:
        where.lock.unlink()
        where.run.rmdir()
        if not os.listdir(where.run.parent):
            where.run.parent.rmdir()
