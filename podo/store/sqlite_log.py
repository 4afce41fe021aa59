"""The SQL: one table, the log. What is current is the newest row of each key, found by an index.

`Reads` is used on the event loop: each call is short (at most `CHUNK` rows or revisions). A thread would be slower, and
worse for the loop: CPython gives up its lock at each row of a result, and to get it back from a busy loop takes up to
5 ms a time. In WAL mode a read never waits for a write. The functions below it are the writer thread's.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from podo.store.base import Event, EventType, Record, Revision

CHUNK = 500
COUNT_CHUNK = 5_000  # the index alone is read
_MAX_KEY = "\U0010ffff"  # the end of an endless range; keys that begin with it do not exist

_LATEST = "SELECT key, value, created, revision, deleted FROM log WHERE key = ? ORDER BY revision DESC LIMIT 1"
_AS_OF = "FROM log INDEXED BY log_by_key WHERE key >= ? AND key < ? AND revision <= ? GROUP BY key HAVING NOT deleted"
# In SQLite, `deleted` beside a lone max() is that of the same row.
_PAGE = f"""
  SELECT log.key, log.value, log.created, log.revision
  FROM (SELECT max(revision) AS newest, deleted {_AS_OF} ORDER BY key LIMIT ?) AS found
  JOIN log ON log.revision = found.newest
"""
_COUNT = f"SELECT count(*), max(key) FROM (SELECT key, max(revision), deleted {_AS_OF} ORDER BY key LIMIT ?)"
_EVENTS = """
  SELECT log.key, log.value, log.created, log.revision, log.deleted, old.key, old.value, old.created, old.revision
  FROM log NOT INDEXED LEFT JOIN log AS old ON old.revision = log.previous
  WHERE log.revision > ? AND log.revision <= ? AND log.key >= ? AND log.key < ? ORDER BY log.revision
"""


class Reads:
    """Short reads on one connection. They see every write that was answered, and none that is not on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def latest(self, key: str) -> Record | None:
        """The current record of `key`."""
        row = self._connection.execute(_LATEST, (key,)).fetchone()
        return None if row is None or row[4] else Record._make(row[:4])

    def page(self, start: str, end: str, at: Revision, limit: int) -> list[Record]:
        """The first `limit` records of [start, end) as of `at`, in order of their keys."""
        rows = self._connection.execute(_PAGE, (start, end or _MAX_KEY, at, limit))
        return sorted(map(Record._make, rows))  # they come in order, but a join promises none

    def count(self, start: str, end: str, at: Revision, limit: int) -> tuple[int, str]:
        """How many records [start, end) has as of `at`, up to `limit`, and the key of the last one counted."""
        count, last = self._connection.execute(_COUNT, (start, end or _MAX_KEY, at, limit)).fetchone()
        return count, last or ""

    def events(self, start: str, end: str, since: Revision, until: Revision) -> list[Event]:
        """The events after `since` up to `until` in [start, end)."""
        rows = self._connection.execute(_EVENTS, (since, until, start, end or _MAX_KEY))
        return [_event(row) for row in rows]


def _event(row: Sequence[Any]) -> Event:
    record = Record._make(row[:4])
    previous = Record._make(row[5:]) if row[5] is not None else None
    if row[4] and previous:
        return Event(EventType.DELETED, record._replace(value=previous.value), previous)
    return Event(EventType.MODIFIED if previous else EventType.ADDED, record, previous)


class Row(NamedTuple):
    """One line of the log, in the order of its columns."""

    revision: Revision
    key: str
    value: bytes
    created: Revision
    previous: int
    deleted: bool


def row_of(event: Event) -> Row:
    """The line that keeps `event`."""
    record, previous = event.record, event.previous
    deleted = event.type is EventType.DELETED
    replaced = previous.modified if previous else 0
    return Row(record.modified, record.key, b"" if deleted else record.value, record.created, replaced, deleted)


_ROWS_AT_ONCE = 64


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write all rows in one transaction, or none. Many rows a statement: each gives up the interpreter's lock once."""
    if len(rows) <= _ROWS_AT_ONCE:
        _insert(connection, rows)
        return
    connection.execute("BEGIN IMMEDIATE")
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        _insert(connection, rows[at : at + _ROWS_AT_ONCE])
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    places = ",".join(["(?,?,?,?,?,?)"] * len(rows))
    connection.execute(f"INSERT INTO log VALUES {places}", [value for row in rows for value in row])


def bounds(connection: sqlite3.Connection) -> tuple[Revision, Revision]:
    """(compacted, newest revision)."""
    compacted = connection.execute("SELECT revision FROM compaction").fetchone()[0]
    newest = connection.execute("SELECT max(revision) FROM log").fetchone()[0] or 0
    return Revision(compacted), Revision(max(compacted, newest))


def compact(connection: sqlite3.Connection, since: Revision, until: Revision) -> None:
    """Forget what writes after `since` and up to `until` replaced. Costs their number, not that of the log."""
    done = (since, until)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)", done
    )
    connection.execute("DELETE FROM log WHERE revision > ? AND revision <= ? AND deleted", done)
    connection.execute("UPDATE compaction SET revision = ?", (until,))
    connection.execute("COMMIT")
