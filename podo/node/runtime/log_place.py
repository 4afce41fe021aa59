"""The place of a container's log, which a Pod that has the logs' folder (as collectors do) may have prepared for us."""

import stat
from pathlib import Path


def prepare(log: Path) -> None:
    """See that what is at the path, if anything, is a file in a real folder: whoever writes logs follows links as root.

    Blocks. Raises OSError.
    """
    if log.parent.is_symlink():
        log.parent.unlink()
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = log.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found) and not stat.S_ISDIR(found):
        log.unlink()
