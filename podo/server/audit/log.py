"""The audit log as a file: one event a line, rotated by size, old files removed by number and age."""

import os
import re
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from podo.clock import Clock

MEGABYTE, DEFAULT_SIZE = 1 << 20, 100
_STAMP = "%Y-%m-%dT%H-%M-%S.%f"


@dataclass(frozen=True)
class Rotation:
    """At how many megabytes a file is put aside, and how many files, of how many days, are kept (0: all)."""

    megabytes: int = DEFAULT_SIZE
    backups: int = 0
    days: int = 0


class LogFile:
    """A `Backend`. Each event is with the kernel when `put` returns. What cannot be written is said on stderr."""

    def __init__(self, path: Path, rotation: Rotation, clock: Clock) -> None:
        """Raises OSError where there can be no such file."""
        self._path, self._rotation, self._clock = path, rotation, clock
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._open()
        self._size = path.stat().st_size

    def _open(self) -> BinaryIO:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return open(descriptor, "ab", buffering=0)

    def put(self, event: bytes) -> None:
        line = event + b"\n"
        try:
            if self._size and self._size + len(line) > (self._rotation.megabytes or DEFAULT_SIZE) * MEGABYTE:
                self._rotate()
            self._file.write(line)
            self._size += len(line)
        except OSError as error:
            sys.stderr.write(f"podo: the audit log {self._path} cannot be written: {error}\n{event.decode()}\n")

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _rotate(self) -> None:
        now = self._clock.now()
        self._path.rename(self._path.with_name(backup_name(self._path.name, now)))
        self._file.close()
        self._file = self._open()
        self._size = 0
        for old in outdated(self._backups(), self._rotation, now):
            (self._path.parent / old).unlink(missing_ok=True)

    def _backups(self) -> dict[str, datetime]:
        """The files that were put aside, with the times in their names."""
        stem, suffix = self._path.stem, self._path.suffix
        form = re.compile(rf"{re.escape(stem)}-(\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+){re.escape(suffix)}")
        found = {}
        for path in self._path.parent.iterdir():
            if match := form.fullmatch(path.name):
                found[path.name] = datetime.strptime(f"{match[1]}+0000", f"{_STAMP}%z")
        return found


def backup_name(name: str, at: datetime) -> str:
    """`audit.log` → `audit-2026-01-31T00-00-00.000000.log`."""
    stem, dot, suffix = name.rpartition(".")
    stamp = at.strftime(_STAMP)
    return f"{stem}-{stamp}.{suffix}" if dot else f"{name}-{stamp}"


def outdated(backups: dict[str, datetime], rotation: Rotation, now: datetime) -> list[str]:
    """The files that go."""
    newest = sorted(backups, key=lambda name: backups[name], reverse=True)
    gone = newest[rotation.backups :] if rotation.backups else []
    limit = now - timedelta(days=rotation.days)
    return gone + [n for n in newest if rotation.days and n not in gone and backups[n] < limit]


class StandardOutput:
    """A `Backend`: events as lines on standard output."""

    def put(self, event: bytes) -> None:
        sys.stdout.buffer.write(event + b"\n")
        sys.stdout.buffer.flush()
