"""Folders of groups: walking, emptying and removing, the same for both versions."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def subtree(top: Path) -> Iterator[Path]:
    """All groups below `top` and itself, the deepest first; none if it does not exist."""
    for folder, _, _ in os.walk(top, topdown=False):
        yield Path(folder)


def pids(top: Path) -> list[int]:
    """The processes in it and below."""
    found: list[int] = []
    for group in subtree(top):
        found += [int(line) for line in read(group / "cgroup.procs").split()]
    return found


def kill_each(top: Path) -> None:
    """SIGKILL to each process, until no new ones appear: children forked meanwhile are caught in the next round."""
    killed: set[int] = set()
    while new := set(pids(top)) - killed:
        for pid in new:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        killed |= new


def remove(top: Path) -> bool:
    """Remove it and all below; False while one is in use."""
    for group in subtree(top):
        try:
            os.rmdir(group)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
                return False
            raise
    return True


def read(file: Path) -> str:
    """The file's text; "" if the group or the file is not there (any more)."""
    try:
        return file.read_text()
    except OSError:
        return ""


def number(text: str) -> int | None:
    """A whole number; None for "max", "" and other words."""
    text = text.strip()
    return int(text) if text.isdigit() else None
