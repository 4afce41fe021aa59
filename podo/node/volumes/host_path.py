"""hostPath: a path of the node, checked as its type says (blocking; file system only)."""

import os
import stat
from collections.abc import Callable

from podo.node.volumes.base import VolumeFailure

CHECKS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def prepare(path: str, kind: str) -> None:
    """Make the path what its type asks for, or complain. Raises VolumeFailure."""
    if ".." in path.split("/"):
        raise VolumeFailure(f"hostPath: {path}: must not contain '..'")
    try:
        if kind == "DirectoryOrCreate":
            os.makedirs(path, mode=0o755, exist_ok=True)
            kind = "Directory"
        elif kind == "FileOrCreate":
            _touch(path)
            kind = "File"
        elif kind == "":
            if not os.path.lexists(path):
                os.makedirs(path, mode=0o755, exist_ok=True)
            return
        mode = os.stat(path).st_mode
    except FileExistsError:
        mode = os.stat(path).st_mode
        kind = "Directory"
    except OSError as error:
        fits, what = CHECKS.get(kind, (None, kind))
        if isinstance(error, FileNotFoundError) and fits:
            raise VolumeFailure(f"hostPath type check failed: {path} is not {what}") from error
        raise VolumeFailure(f"hostPath {path}: {error.strerror}") from error
    if kind not in CHECKS:
        raise VolumeFailure(f"{kind} is an invalid volume type")
    fits, what = CHECKS[kind]
    if not fits(mode):
        raise VolumeFailure(f"hostPath type check failed: {path} is not {what}")


def _touch(path: str) -> None:
    if not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o644))
