"""After a test of the real machine nothing may be left of it: checked, and then cleaned all the same."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podo.node.mounts import mounts_below, unmount_below


@contextmanager
def nothing_left(folder: Path, mark: str = "") -> Iterator[None]:
    """No mount below `folder`, no process that names it, no cgroup with `mark` in its path, once the block is left."""
    try:
        yield
    finally:
        found = [*_mounts(folder), *_processes(folder), *(_cgroups(mark) if mark else ())]
    assert not found, f"left behind: {found}"


def _mounts(folder: Path) -> list[str]:
    below = mounts_below(folder)
    unmount_below(folder)
    return below


def _processes(folder: Path) -> list[str]:
    """Only what was started with the test's own folder on its command line is ours to end."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
            try:
                os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
    return found


def _cgroups(mark: str) -> list[str]:
    found = []
    for path, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if mark in path:
            found.append(path)
            try:
                os.rmdir(path)
            except OSError:
                continue
    return found
