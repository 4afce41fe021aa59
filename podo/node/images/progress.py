"""How far a pull is, seen from the files that grow: the transport itself prints no bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from podo.clock import Clock
from podo.node.images.base import Progress, PullProgress
from podo.node.images.blobs import Blobs
from podo.node.images.manifest import Manifest

INTERVAL = 0.2  # seconds
PARTIAL = "oci-put-blob*"  # names of a layer under way, in the layout's folder


def bytes_done(manifest: Manifest, blobs: Blobs, into: Path) -> int:
    """Bytes of the manifest's layers that are here, whole or in part."""
    whole = sum(size for digest, size in manifest.layers if blobs.size(digest) == size)
    partial = 0
    for file in into.glob(PARTIAL):
        try:
            partial += file.stat().st_size
        except FileNotFoundError:  # just completed
            continue
    return min(whole + partial, manifest.layers_size)


@asynccontextmanager
async def report_progress(
    progress: Progress | None, name: str, manifest: Manifest, blobs: Blobs, into: Path, clock: Clock
) -> AsyncIterator[None]:
    """Call `progress` now, every so often, and once more at the end. Does nothing without one."""
    if progress is None:
        yield
        return

    def report(status: str) -> None:
        progress(PullProgress(name, status, bytes_done(manifest, blobs, into), manifest.layers_size))

    async def keep_reporting() -> None:
        while True:
            report("pulling")
            await clock.sleep(INTERVAL)

    async with asyncio.TaskGroup() as tasks:
        reporter = tasks.create_task(keep_reporting())
        try:
            yield
        finally:
            reporter.cancel()
    report("unpacking")
