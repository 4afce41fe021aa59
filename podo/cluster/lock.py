"""One command at a time changes a cluster."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths


@contextmanager
def locked(where: Paths) -> Iterator[None]:
    """Hold the cluster's lock. Raises ClusterError at once if another command holds it."""
    where.run.mkdir(parents=True, exist_ok=True)
    with where.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "wait until it is done, then try again"
            raise ClusterError(f"another podo command is changing cluster {where.run.name!r}", hint=hint) from None
        yield
