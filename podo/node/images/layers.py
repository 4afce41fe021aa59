"""Unpacked layers: each once, in `layers/<16 hex of its diff id>`, the lower directories of containers' overlays."""

import asyncio
import os
import secrets
import shutil
from pathlib import Path

from podo.clock import Clock
from podo.node.images.layer import unpack
from podo.node.images.locks import held

SHORT = 16  # hex digits: overlay's options must fit in a page, whatever the number of layers


class Layers:
    """A layer's folder exists only when it is complete: it is unpacked beside it and renamed."""

    def __init__(self, root: Path, locks: Path, clock: Clock) -> None:
        self.root, self._locks, self._clock = root, locks, clock

    @staticmethod
    def name(diff_id: str) -> str:
        """The folder's name."""
        return diff_id.removeprefix("sha256:")[:SHORT]

    def has(self, diff_id: str) -> bool:
        """Whether it is unpacked."""
        return (self.root / self.name(diff_id)).is_dir()

    async def ensure(self, diff_id: str, blob: Path) -> None:
        """Unpack it unless that was done; who comes second waits for the first."""
        if self.has(diff_id):
            return
        async with held(self._locks / f"layer-{self.name(diff_id)}", self._clock):
            if not self.has(diff_id):
                await asyncio.to_thread(self._unpack, diff_id, blob)

    def _unpack(self, diff_id: str, blob: Path) -> None:
        temporary = self.root / f"tmp-{os.getpid()}-{secrets.token_hex(4)}"
        temporary.mkdir(parents=True, mode=0o755)
        try:
            unpack(blob, temporary, diff_id)
            os.rename(temporary, self.root / self.name(diff_id))
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def sweep(self, keep: set[str]) -> int:
        """Delete the folders whose names are not in `keep`, and what a crash left; the bytes freed."""
        freed = 0
        for folder in list(self.root.iterdir()):
            if folder.name not in keep:
                freed += disk_usage(folder)[0]
                doomed = folder.with_name(f"tmp-gone-{folder.name}")
                os.rename(folder, doomed)  # gone at once, whatever happens to the deletion
                shutil.rmtree(doomed, ignore_errors=True)
        return freed


def disk_usage(folder: Path) -> tuple[int, int]:
    """Bytes on disk and inodes of a tree; hard links count once."""
    seen: set[int] = set()
    used = 0
    for path, _, files in os.walk(folder):
        for name in [".", *files]:
            try:
                info = os.lstat(os.path.join(path, name))
            except FileNotFoundError:
                continue
            if info.st_ino not in seen:
                seen.add(info.st_ino)
                used += info.st_blocks * 512
    return used, len(seen)
