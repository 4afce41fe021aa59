"""Remembers for a while what folders take of the disk: walking them is too dear for each look at the figures."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from podo.node.images.layers import disk_usage
from podo.node.runtime.observed import FilesystemStats

KEPT = timedelta(seconds=30)


class DiskCache:
    """Figures by container id. Used from one thread at a time."""

    def __init__(self, kept: timedelta = KEPT) -> None:
        self._kept = kept
        self._known: dict[str, FilesystemStats] = {}

    def usage(self, container_id: str, folder: Path, at: datetime) -> FilesystemStats:
        """What the folder takes, not older than is allowed (blocking)."""
        known = self._known.get(container_id)
        if known is None or not timedelta(0) <= at - known.at < self._kept:
            used, inodes = disk_usage(folder)
            known = self._known[container_id] = FilesystemStats(at=at, used_bytes=used, inodes_used=inodes)
        return known

    def keep(self, container_ids: Iterable[str]) -> None:
        """Forget all others."""
        wanted = set(container_ids)
        self._known = {key: stats for key, stats in self._known.items() if key in wanted}
