"""A store of dictionaries, for tests and throw-away clusters: durable as long as the process lives."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from sortedcontainers import SortedDict

from podo.clock import Clock, SystemClock
from podo.store import refusals
from podo.store.base import Event, EventType, Page, Record, Revision
from podo.store.keys import key_after, prefix_end
from podo.store.retention import Retention, Window
from podo.store.watchers import Watchers

FIRST = Revision(1)


class MemoryStore:
    """The current records in order of their keys, and the log of what is remembered. A write costs O(log n)."""

    def __init__(self, retention: Retention | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._current: SortedDict[str, Record] = SortedDict()
        self._revision = FIRST
        self._window = Window(retention or Retention(), FIRST)
        self._log: list[Event] = []  # every event after `_window.compacted`; their revisions have no gap
        self._watchers = Watchers(self._replay, FIRST)

    async def revision(self) -> Revision:
        return self._revision

    async def get(self, key: str) -> Record | None:
        return self._current.get(key)

    async def list(self, prefix: str, *, limit: int = 0, start: str = "", at: Revision | None = None) -> Page:
        revision = self._revision if at is None else at
        records = self._current if revision == self._revision else self._past(prefix, revision)
        end = prefix_end(prefix)
        begin = records.bisect_left(max(prefix, start))
        stop = max(begin, records.bisect_left(end) if end else len(records))
        cut = min(stop, begin + limit) if limit else stop
        page = [records[key] for key in records.islice(begin, cut)]
        return Page(page, revision, key_after(page[-1].key) if cut < stop else "", stop - cut)

    async def create(self, key: str, value: bytes) -> Record:
        if key in self._current:
            raise refusals.exists(key)
        revision = Revision(self._revision + 1)
        return self._write(EventType.ADDED, Record(key, value, revision, revision), None)

    async def update(self, key: str, value: bytes, *, expect: Revision) -> Record:
        current = refusals.checked(key, self._current.get(key), expect)
        record = Record(key, value, current.created, Revision(self._revision + 1))
        return self._write(EventType.MODIFIED, record, current)

    async def delete(self, key: str, *, expect: Revision | None = None) -> Record:
        current = refusals.checked(key, self._current.get(key), expect)
        record = current._replace(modified=Revision(self._revision + 1))
        return self._write(EventType.DELETED, record, current)

    def watch(self, prefix: str, *, since: Revision) -> AsyncGenerator[Event, None]:
        return self._watchers.watch(prefix, since)

    async def compact(self, revision: Revision) -> None:
        if revision > self._revision:
            raise refusals.ahead(revision, self._revision)
        if revision > self._window.compacted:
            del self._log[: revision - self._window.compacted]
            self._window.compacted = revision

    def close(self) -> None:
        """End all watches."""
        self._watchers.close()

    def _write(self, kind: EventType, record: Record, previous: Record | None) -> Record:
        self._revision = record.modified
        if kind is EventType.DELETED:
            del self._current[record.key]
        else:
            self._current[record.key] = record
        event = Event(kind, record, previous)
        self._log.append(event)
        self._watchers.publish((event,))
        if target := self._window.advance(self._revision, self._clock.monotonic()):
            del self._log[: target - self._window.compacted]
            self._window.compacted = target
        return record

    def _after(self, revision: Revision) -> Sequence[Event]:
        if revision < self._window.compacted:
            raise refusals.forgotten(revision, self._window.compacted)
        return self._log[revision - self._window.compacted :]

    def _past(self, prefix: str, at: Revision) -> "SortedDict[str, Record]":
        """The records under `prefix` as of `at`: the current ones, with the later events undone."""
        if at > self._revision:
            raise refusals.ahead(at, self._revision)
        undone = [event for event in reversed(self._after(at)) if event.record.key.startswith(prefix)]
        end = prefix_end(prefix) or None
        records = {key: self._current[key] for key in self._current.irange(prefix, end, inclusive=(True, False))}
        for event in undone:
            if event.previous is None:
                records.pop(event.record.key, None)
            else:
                records[event.record.key] = event.previous
        return SortedDict(records)

    async def _replay(self, prefix: str, since: Revision, until: Revision) -> AsyncIterator[Event]:
        events = self._after(since)
        for event in events:
            if event.record.modified > until:
                return
            if event.record.key.startswith(prefix):
                yield event
