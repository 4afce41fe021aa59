"""How much of the past a store remembers. Pure: told of each write, it says what may be forgotten."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from podo.store.base import Revision

_MARKS = 8  # how finely age is known: an event lives at most age * (1 + 1/8)
_SLACK = 8  # compaction runs once an eighth more events than wanted have gathered, not at every write


@dataclass(frozen=True)
class Retention:
    """An event is forgotten once it is older than `age`, or once more than `events` newer ones are remembered.

    Age counts only while the store is open and written to: an idle store keeps what it has.
    """

    events: int = 20_000
    age: timedelta = timedelta(minutes=5)


class Window:
    """The part of the log that is remembered: revisions after `compacted`."""

    def __init__(self, retention: Retention, compacted: Revision) -> None:
        self.compacted = compacted
        self._retention = retention
        self._marks: deque[tuple[float, Revision]] = deque()

    def advance(self, revision: Revision, now: float) -> Revision | None:
        """Note that the store was at `revision` at `now` (seconds, monotonic); up to where to compact, if it is due."""
        age = self._retention.age.total_seconds()
        if not self._marks or now - self._marks[-1][0] >= age / _MARKS:
            self._marks.append((now, revision))
        target = self.compacted
        while self._marks and self._marks[0][0] <= now - age:
            target = max(target, self._marks.popleft()[1])
        if revision - self.compacted > self._retention.events + self._retention.events // _SLACK:
            target = max(target, Revision(revision - self._retention.events))
        return target if target > self.compacted else None
