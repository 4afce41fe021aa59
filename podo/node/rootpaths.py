"""Paths inside a root file system that is not trusted: links are followed as if it were "/"."""

import os
import stat
from pathlib import Path

MAX_LINKS = 40  # symbolic links on one path, as in Linux


class PathEscapes(Exception):
    """The path makes no sense inside its root: a circle of links, or through a file."""


def resolve(root: Path | str, path: str, *, make: bool = False) -> Path:
    """Where `path` really is, all links followed inside `root`; missing folders are made, if told.

    Only sure while nobody else writes below `root`: before its container runs.
    """
    at: list[str] = []
    todo, links = path.split("/")[::-1], 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del at[-1:]
            continue
        here = "/".join([str(root), *at, part])
        mode = _mode(here, make=make)
        if mode is not None and stat.S_ISLNK(mode):
            if (links := links + 1) > MAX_LINKS:
                raise PathEscapes(f"{path!r} has too many links")
            link = os.readlink(here)
            at = [] if link.startswith("/") else at
            todo += link.split("/")[::-1]
            continue
        if mode is not None and not stat.S_ISDIR(mode) and (todo or make):
            raise PathEscapes(f"{path!r} leads through a file")
        at.append(part)
    return Path("/".join([str(root), *at]))


def _mode(path: str, *, make: bool) -> int | None:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        if not make:
            return None
        os.mkdir(path, 0o755)
        return stat.S_IFDIR
