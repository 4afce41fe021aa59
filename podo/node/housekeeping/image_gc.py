"""Lets unused images go when the disk fills up (kubelet's imageGC…ThresholdPercent).

The store may be shared by several nodes: what any of them uses stays, and each looks at the disk again after each image
that it removed, so that two of them at once do not remove twice as many.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from podo.clock import Clock
from podo.node.images.base import IdleImage, ImageDisk, ImageFailure, Images

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """In percent of the images' file system: from `high` on images go until it is at `low`. `most_idle` 0: for ever."""

    high: int = 85
    low: int = 80
    least_idle: timedelta = timedelta(minutes=2)
    most_idle: timedelta = timedelta(0)
    every: float = 300.0  # seconds between looks


class Disk(NamedTuple):
    """Bytes of a file system, as df counts them."""

    capacity: int
    available: int

    @property
    def used_percent(self) -> int:
        """0..100, rounded up."""
        return 100 - self.available * 100 // self.capacity if self.capacity else 0


def disk_of(folder: Path) -> Disk:
    """The file system that the folder is on."""
    found = os.statvfs(folder)
    return Disk(found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail)


def excess(disk: Disk, limits: ImageLimits) -> int:
    """Bytes to be freed; 0 if it is not too full."""
    if disk.used_percent < limits.high:
        return 0
    return max(disk.capacity * (100 - limits.low) // 100 - disk.available, 0)


class CollectableImages(Images, ImageDisk, Protocol):
    """What the collector needs of the store."""


class ImageGC:
    """`disk` reads the file system of the images; `warn` tells of (reason, message) on the Node."""

    def __init__(
        self,
        images: CollectableImages,
        disk: Callable[[], Disk],
        clock: Clock,
        limits: ImageLimits,
        warn: Callable[[str, str], None],
    ) -> None:
        self._images, self._disk, self._clock, self._limits, self._warn = images, disk, clock, limits, warn
        self._failed = False

    async def run(self) -> None:
        """Collect until cancelled. The first failure is only logged: disks may need a moment after a start."""
        while True:
            await self._clock.sleep(self._limits.every)
            await self.collect()

    async def collect(self) -> None:
        """Remove what has been idle for too long, then what the disk needs."""
        try:
            await self._remove_old()
            await self._free(excess(self._disk(), self._limits))
        except (OSError, ImageFailure) as error:
            log.warning("images cannot be collected: %s", error)
            if self._failed:
                self._warn("ImageGCFailed", str(error))
            self._failed = True
        else:
            self._failed = False

    async def free_all(self) -> None:
        """Remove every idle image, however short its rest: the disk is about to be full."""
        for idle in await self._images.idle():
            await self._remove(idle, "the disk is under pressure")

    async def _remove_old(self) -> None:
        if not self._limits.most_idle:
            return
        now = self._clock.now()
        for idle in await self._images.idle():
            if now - idle.since > self._limits.most_idle:
                await self._remove(idle, "unused for too long")

    async def _free(self, amount: int) -> None:
        if not amount:
            return
        wanted, eligible, now = self._disk().available + amount, 0, self._clock.now()
        for idle in await self._images.idle():
            if self._disk().available >= wanted:
                return
            if now - idle.since >= self._limits.least_idle:
                eligible += idle.image.size
                await self._remove(idle, "the disk is full")
        if self._disk().available < wanted:
            message = f"Attempted to free {amount} bytes, but only found {eligible} bytes eligible to free."
            self._warn("FreeDiskSpaceFailed", f"Failed to garbage collect required amount of images. {message}")

    async def _remove(self, idle: IdleImage, why: str) -> None:
        log.info("image %s is removed: %s", (*idle.image.tags, *idle.image.digests, idle.image.id)[0], why)
        await self._images.remove(idle.image.id)
