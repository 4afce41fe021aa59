"""Tells when the store's images have changed, whoever changed them: this node, another one, the command line."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from podo.node.images.index import FILE
from podo.node.runtime.exits import watch_folder


async def watch_images(root: Path, changed: Callable[[], None]) -> None:
    """Call `changed` after each change of the store in `root`, until cancelled. The kernel tells: nothing is polled."""

    def appeared(name: str) -> None:
        if name in (FILE, ""):
            changed()

    with watch_folder(root, appeared):
        await asyncio.get_running_loop().create_future()
