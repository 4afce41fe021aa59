"""The state file: opening it (new, ours, somebody else's, in use), and what SQLite's errors mean to a user."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podo.api.errors import ServiceUnavailable

APPLICATION_ID = 0x706F646F  # "podo", in the file's header
SCHEMA_VERSION = 1
_BUSY_SECONDS = 5.0  # for others that look into the file, as the `sqlite3` shell
_SCHEMA = f"""
BEGIN;
CREATE TABLE log (
  revision INTEGER PRIMARY KEY,  -- the write
  key TEXT NOT NULL,
  value BLOB NOT NULL,           -- empty for a deletion
  created INTEGER NOT NULL,      -- the revision that created the key
  previous INTEGER NOT NULL,     -- the row that this one replaces; 0: none
  deleted INTEGER NOT NULL       -- 1: this write is a deletion
);
CREATE INDEX log_by_key ON log (key, revision, deleted);
CREATE TABLE compaction (revision INTEGER NOT NULL);  -- one row
INSERT INTO compaction VALUES (1);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class StateFile:
    """A state file that this process alone may write: one connection writes, one reads beside it."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        """Open or create the file; ServiceUnavailable says why that cannot be. Blocks."""
        self.path = path
        self._lock = _lock(path)
        try:
            with self.errors("open"):
                self.writer = self._prepare(max_bytes)
                self.reader = self._connect()
                self.reader.execute("PRAGMA query_only = 1")
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Release the file. Blocks: what is in the WAL moves into the file."""
        self.reader.close()
        self.writer.close()
        os.close(self._lock)

    @contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Raise SQLite's errors as ours; `doing` is "open", "read" or "write"."""
        try:
            yield
        except sqlite3.Error as error:
            raise unavailable(self.path, doing, error) from error

    def _connect(self) -> sqlite3.Connection:
        # Threads: the writer's connection is used by the writer thread only, the reader's by the loop only.
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _prepare(self, max_bytes: int) -> sqlite3.Connection:
        connection = self._connect()
        try:
            self._check(connection)
            if (mode := connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]) != "wal":
                raise ServiceUnavailable(
                    f"{self.path} cannot be used: its file system allows no shared memory (journal mode {mode}); "
                    "choose a folder on a local disk"
                )
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                connection.executescript(_SCHEMA)
            if max_bytes:
                page_size = connection.execute("PRAGMA page_size").fetchone()[0]
                connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page_size)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """An empty file is new; any other must be ours, and of a version that we know."""
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        identity = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if tables and identity != APPLICATION_ID:
            raise ServiceUnavailable(f"{self.path} is an SQLite database, but no podo state: choose another file")
        if version > SCHEMA_VERSION:
            raise ServiceUnavailable(
                f"{self.path} was written by a newer podo (schema {version}; this one knows {SCHEMA_VERSION}): "
                "use that version again, or newer"
            )


def _lock(path: Path) -> int:
    """Take FILE.lock for this process; a file descriptor that holds it. The kernel releases it, however we end.

    Not a lock on the file itself: closing any descriptor of that would drop SQLite's own (POSIX) locks.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # Secrets lie in it; the WAL inherits the mode
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ServiceUnavailable(f"cannot open {error.filename}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(lock, 20).decode(errors="replace").strip() or "another process"
        os.close(lock)
        raise ServiceUnavailable(
            f"{path} is in use by process {owner}: stop that server first, or choose another file"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


_CAUSES = {
    "SQLITE_FULL": "no space left: free some on its disk, or raise its limit; what was stored before is safe",
    "SQLITE_IOERR": "the disk reports an error: see `dmesg`; what was stored before is safe",
    "SQLITE_READONLY": "it is read-only: check its mode, its owner and the mount",
    "SQLITE_BUSY": "another program holds it locked: close that program",
    "SQLITE_LOCKED": "another program holds it locked: close that program",
    "SQLITE_NOTADB": "it is no SQLite database: choose another file",
    "SQLITE_CORRUPT": "it is damaged: restore it from a snapshot",
    "SQLITE_CANTOPEN": "it cannot be opened: check the folder, its mode and its owner",
}


def unavailable(path: Path, doing: str, error: sqlite3.Error) -> ServiceUnavailable:
    """The answer for SQLite's `error`, with what to do about it."""
    name: str = getattr(error, "sqlite_errorname", "") or type(error).__name__
    primary = "_".join(name.split("_")[:2])
    return ServiceUnavailable(f"cannot {doing} {path}: {_CAUSES.get(primary, str(error))} ({name}: {error})")
