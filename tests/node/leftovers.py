"""After a test of the real machine nothing may be left of it: checked, and then cleaned all the same."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podo.node.mounts import mounts_below, unmount_below

ENDING = 2.0  # seconds


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
    """Only what was started with the test's own folder on its command line is ours to end. What is ending just now
    (a conmon whose container has ended) is not left."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and not _ends(int(entry.name)):
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
            try:
                os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
    return found


def _ends(pid: int) -> bool:
    """Whether a process ends within a moment by itself."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], ENDING)[0])
    finally:
        os.close(fd)


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
