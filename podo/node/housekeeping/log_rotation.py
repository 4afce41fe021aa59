"""Rotates the logs of running containers by size, and keeps a few of the old ones (kubelet's containerLogMax…).

`0.log` becomes `0.log.20260102-150405`, and `0.log.20260102-150405.gz` at the next rotation.
"""

import gzip
import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from podo.clock import Clock
from podo.node.finishing import in_thread
from podo.node.runtime.base import Logs, Observing, RuntimeFailure
from podo.node.runtime.observed import ContainerState, ObservedContainer

COMPRESSED, UNFINISHED = ".gz", ".tmp"
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogLimits:
    """`max_size` in bytes, `max_files` of one container's attempt (the current one is one of them; at least 2)."""

    max_size: int = 10 * 2**20
    max_files: int = 5
    every: float = 10.0  # seconds between looks


@dataclass(frozen=True)
class LogChanges:
    """What is to become of the rotated files of one log, by name."""

    remove: tuple[str, ...] = ()
    compress: tuple[str, ...] = ()


class RotatingRuntime(Observing, Logs, Protocol):
    """What rotation needs of a runtime."""


def changes_before_rotation(base: str, names: Iterable[str], max_files: int) -> LogChanges:
    """What to do with the rotated files of the log `base`, which is about to become one more of them.

    What a rotation that was cut short left is removed: halves of archives, and originals of whole ones.
    """
    found = sorted(name for name in names if name.startswith(f"{base}."))
    remove = [name for name in found if name.endswith(UNFINISHED) or name + COMPRESSED in found]
    kept = [name for name in found if name not in remove]
    excess = kept[: max(len(kept) - max(max_files - 2, 0), 0)]
    compress = [name for name in kept if name not in excess and not name.endswith(COMPRESSED)]
    return LogChanges((*remove, *excess), tuple(compress))


class LogRotation:
    """Looks at all running containers, again and again."""

    def __init__(self, runtime: RotatingRuntime, clock: Clock, limits: LogLimits) -> None:
        self._runtime, self._clock, self._limits = runtime, clock, limits

    async def run(self) -> None:
        """Rotate until cancelled."""
        while True:
            await self.rotate()
            await self._clock.sleep(self._limits.every)

    async def rotate(self) -> None:
        """Rotate what has grown too large. A log that cannot be rotated is told of, and tried again the next time."""
        for container in (await self._runtime.observe()).containers:
            if container.state is not ContainerState.RUNNING or not container.log_path:
                continue
            try:
                await self._see_to(container)
            except (OSError, RuntimeFailure) as error:
                log.warning("the log of container %s cannot be rotated: %s", container.name, error)

    async def _see_to(self, container: ObservedContainer) -> None:
        path = Path(container.log_path)
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # moved away by an agent that was killed before it could say so
            await self._runtime.reopen_container_log(container.id)
            return
        old = rotated(path, self._clock.now())
        if size <= self._limits.max_size or old.exists() or old.with_name(old.name + COMPRESSED).exists():
            return  # in one second only once
        await in_thread(_make_room, path, self._limits.max_files)
        await self._move(path, old, container.id)

    async def _move(self, path: Path, old: Path, container_id: str) -> None:
        path.rename(old)
        try:
            await self._runtime.reopen_container_log(container_id)
        except RuntimeFailure:
            if not path.exists():
                old.rename(path)
            raise


def rotated(path: Path, at: datetime) -> Path:
    """The name of a log that is rotated at this moment."""
    return path.with_name(f"{path.name}.{at:%Y%m%d-%H%M%S}")


def remove_log(path: Path) -> None:
    """Delete a log with all its rotated files; quiet if there is none (blocking)."""
    path.unlink(missing_ok=True)
    for file in path.parent.glob(f"{path.name}.*"):
        file.unlink(missing_ok=True)


def _make_room(path: Path, max_files: int) -> None:
    """Blocks."""
    changes = changes_before_rotation(path.name, os.listdir(path.parent), max_files)
    for name in changes.remove:
        path.with_name(name).unlink(missing_ok=True)
    for name in changes.compress:
        _compress(path.with_name(name))


def _compress(file: Path) -> None:
    """The archive is there whole, or not at all."""
    unfinished = file.with_name(file.name + UNFINISHED)
    with file.open("rb") as source, gzip.open(unfinished, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    unfinished.rename(file.with_name(file.name + COMPRESSED))
    file.unlink()
