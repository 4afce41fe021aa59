"""The embedded store: an SQLite file that is the log of all writes (docs/adr/0010).

A write is checked on the loop, waits in a queue, and is committed by the writer thread with all others that wait; it
is answered once that is on disk. A second write to a key that waits is checked after the first is answered: so every
check is against what is on disk, and a failed commit takes nobody with it who was not part of it.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from podo.clock import Clock
from podo.store import refusals, sqlite_log
from podo.store.base import Event, EventType, Page, Record, Revision
from podo.store.keys import key_after, prefix_end
from podo.store.newest import Newest
from podo.store.retention import Retention, Window
from podo.store.sqlite_file import StateFile, unavailable
from podo.store.sqlite_writer import WriterThread
from podo.store.watchers import Watchers

_COMPACT_AT_ONCE = 500  # revisions a transaction, so that writes get in between
Records = list[Record]  # where the method `list` hides the type


@dataclass(frozen=True)
class SqliteConfig:
    """`max_bytes` limits the file (0: the disk does); `batch` the writes that share a commit."""

    path: Path
    retention: Retention = field(default_factory=lambda: Retention(events=100_000))
    max_bytes: int = 0
    batch: int = 512


@dataclass(eq=False)
class _Write:
    """A write that has been allowed, and is not yet on disk."""

    type: EventType
    key: str
    value: bytes
    previous: Record | None
    answer: asyncio.Future[Record]
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # answered, whatever the answer

    def event(self, revision: Revision) -> Event:
        created = self.previous.created if self.previous else revision
        return Event(self.type, Record(self.key, self.value, created, revision), self.previous)


@asynccontextmanager
async def open_sqlite(config: SqliteConfig, clock: Clock) -> AsyncIterator["SqliteStore"]:
    """The store of `config`'s file, created if there is none; ServiceUnavailable says why it cannot be used."""
    file = await asyncio.to_thread(StateFile, config.path, config.max_bytes)
    try:
        store = SqliteStore(file, config, clock)
        try:
            yield store
        finally:
            await store.close()
    finally:
        await asyncio.to_thread(file.close)


class SqliteStore:
    """See `podo.store.base`. Of one event loop; open it by `open_sqlite`."""

    def __init__(self, file: StateFile, config: SqliteConfig, clock: Clock) -> None:
        self._file, self._config, self._clock = file, config, clock
        with file.errors("read"):
            compacted, self._revision = sqlite_log.bounds(file.reader)
        self._reads = sqlite_log.Reads(file.reader)
        self._writer, self._newest = WriterThread(file.writer), Newest()
        self._watchers = Watchers(self._replay, self._revision)
        self._window = Window(config.retention, compacted)
        self._compacted_on_disk, self._compacting = compacted, False
        self._pinned: Counter[Revision] = Counter()  # revisions that a list in progress still reads
        self._queue: list[_Write] = []
        self._unsettled: dict[str, _Write] = {}
        self._committing = self._flush_due = self._closed = False

    async def close(self) -> None:
        """Finish the writes that wait, then end all watches. Later calls raise ServiceUnavailable."""
        self._closed = True
        while self._unsettled:
            await next(iter(self._unsettled.values())).settled.wait()
        await self._writer.close()
        self._watchers.close()

    async def revision(self) -> Revision:
        return self._revision

    async def get(self, key: str) -> Record | None:
        return self._latest(key)

    async def list(self, prefix: str, *, limit: int = 0, start: str = "", at: Revision | None = None) -> Page:
        revision = self._revision if at is None else at
        self._check_remembered(revision)
        first, end = max(prefix, start), prefix_end(prefix)
        self._pinned[revision] += 1
        try:
            records = await self._records(first, end, revision, limit)
            if not records or len(records) != limit:
                return Page(records, revision)
            next_key = key_after(records[-1].key)
            remaining = await self._count(next_key, end, revision)
            return Page(records, revision, next_key if remaining else "", remaining)
        finally:
            self._pinned[revision] -= 1
            self._pinned = +self._pinned

    async def create(self, key: str, value: bytes) -> Record:
        if await self._settled(key) is not None:
            raise refusals.exists(key)
        return await self._write(EventType.ADDED, key, value, None)

    async def update(self, key: str, value: bytes, *, expect: Revision) -> Record:
        current = refusals.checked(key, await self._settled(key), expect)
        return await self._write(EventType.MODIFIED, key, value, current)

    async def delete(self, key: str, *, expect: Revision | None = None) -> Record:
        current = refusals.checked(key, await self._settled(key), expect)
        return await self._write(EventType.DELETED, key, current.value, current)

    def watch(self, prefix: str, *, since: Revision) -> AsyncGenerator[Event, None]:
        return self._watchers.watch(prefix, since)

    async def compact(self, revision: Revision) -> None:
        """Forget at once for readers; the file follows in small steps."""
        if revision > self._revision:
            raise refusals.ahead(revision, self._revision)
        self._forget(revision)

    async def _records(self, position: str, end: str, at: Revision, limit: int) -> Records:
        records: Records = []
        while not limit or len(records) < limit:
            wanted = min(sqlite_log.CHUNK, limit - len(records)) if limit else sqlite_log.CHUNK
            with self._file.errors("read"):
                chunk = self._reads.page(position, end, at, wanted)
            records += chunk
            if len(chunk) < wanted:
                break
            position = key_after(chunk[-1].key)
            await asyncio.sleep(0)  # let others use the loop
        return records

    async def _count(self, position: str, end: str, at: Revision) -> int:
        total, counted = 0, sqlite_log.COUNT_CHUNK
        while counted == sqlite_log.COUNT_CHUNK:
            with self._file.errors("read"):
                counted, last = self._reads.count(position, end, at, sqlite_log.COUNT_CHUNK)
            total, position = total + counted, key_after(last)
            await asyncio.sleep(0)
        return total

    def _latest(self, key: str) -> Record | None:
        if self._closed:
            raise refusals.closed()
        if (known := self._newest.get(key)) is not None:
            return known
        with self._file.errors("read"):
            return self._reads.latest(key)

    async def _settled(self, key: str) -> Record | None:
        """The current record of `key`, once no write to it waits. The caller must queue its own before it awaits."""
        while write := self._unsettled.get(key):
            await write.settled.wait()
        return self._latest(key)

    async def _write(self, kind: EventType, key: str, value: bytes, previous: Record | None) -> Record:
        loop = asyncio.get_running_loop()
        write = _Write(kind, key, value, previous, loop.create_future())
        self._unsettled[key] = write
        self._queue.append(write)
        if not (self._committing or self._flush_due):
            self._flush_due = True
            loop.call_soon(self._flush)  # after everyone who is about to write in this turn of the loop
        return await write.answer

    def _flush(self) -> None:
        """Hand what waits to the writer as one transaction."""
        self._flush_due = False
        batch = self._queue[: self._config.batch]
        del self._queue[: len(batch)]
        events = [write.event(Revision(at)) for at, write in enumerate(batch, self._revision + 1)]
        rows = [sqlite_log.row_of(event) for event in events]
        self._committing = True
        self._writer.submit(partial(sqlite_log.insert, rows=rows), partial(self._committed, batch, events))

    def _committed(self, batch: Sequence[_Write], events: Sequence[Event], error: Exception | None) -> None:
        self._committing = False
        if error is None:
            self._revision = events[-1].record.modified
            self._newest.take_in(events)
            self._watchers.publish(events)
        for write, event in zip(batch, events, strict=True):
            del self._unsettled[write.key]
            write.settled.set()
            if write.answer.done():  # who asked was cancelled
                continue
            if error is None:
                write.answer.set_result(event.record)
            else:
                write.answer.set_exception(self._raised(error))
        if self._queue:
            self._flush()
        if error is None and (target := self._window.advance(self._revision, self._clock.monotonic())):
            self._forget(target)

    def _raised(self, error: Exception) -> Exception:
        return unavailable(self._file.path, "write", error) if isinstance(error, sqlite3.Error) else error

    def _forget(self, target: Revision) -> None:
        self._window.compacted = max(self._window.compacted, min((target, *self._pinned)))
        if not self._compacting:
            self._compact_step()

    def _compact_step(self) -> None:
        since = self._compacted_on_disk
        until = Revision(min(since + _COMPACT_AT_ONCE, self._window.compacted))
        self._compacting = since < until
        if self._compacting:
            job = partial(sqlite_log.compact, since=since, until=until)
            self._writer.submit(job, partial(self._compacted, until))

    def _compacted(self, until: Revision, error: Exception | None) -> None:
        self._compacting = False
        if error is None:  # else the next write that makes compaction due tries again
            self._compacted_on_disk = until
            if not self._closed:
                self._compact_step()

    def _check_remembered(self, revision: Revision) -> None:
        if self._closed:
            raise refusals.closed()
        if revision > self._revision:
            raise refusals.ahead(revision, self._revision)
        if revision < self._window.compacted:
            raise refusals.forgotten(revision, self._window.compacted)

    async def _replay(self, prefix: str, since: Revision, until: Revision) -> AsyncIterator[Event]:
        end = prefix_end(prefix)
        while since < until:
            self._check_remembered(since)
            step = Revision(min(since + sqlite_log.CHUNK, until))
            with self._file.errors("read"):
                events = self._reads.events(prefix, end, since, step)
            for event in events:
                yield event
            since = step
            await asyncio.sleep(0)
