"""How many requests are worked at once where requests do not wait for each other (without priority and fairness)."""

from collections.abc import Iterator
from contextlib import contextmanager

from podo.server.authorization.union import MASTERS
from podo.server.context import User
from podo.server.fairness.level import Rejected
from podo.server.metrics import Info, is_long

READING = frozenset({"get", "list", "watch"})


class InFlight:
    """At most so many requests that read, and so many others; 0 is no limit."""

    def __init__(self, reading: int, writing: int) -> None:
        self._limits = {True: reading, False: writing}
        self._running = {True: 0, False: 0}

    @contextmanager
    def place(self, user: User, info: Info) -> Iterator[None]:
        """What is done within counts. Raises Rejected where there is no place.

        Masters always have one, and so do requests that take as long as their clients like.
        """
        reads = info.verb in READING
        limit = self._limits[reads]
        if not limit or is_long(info):
            yield
            return
        if self._running[reads] >= limit:
            if MASTERS not in user.groups:
                raise Rejected("concurrency-limit")
            yield
            return
        self._running[reads] += 1
        try:
            yield
        finally:
            self._running[reads] -= 1
