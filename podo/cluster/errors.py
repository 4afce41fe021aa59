"""What goes wrong in a cluster's life, said to the person at the terminal."""

import errno
from pathlib import Path


class ClusterError(Exception):
    """What happened, to what, and `hint`: what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def explained(error: OSError) -> ClusterError:
    """A failure of the machine's, with what to do about it."""
    where = str(error.filename or "")
    what = f"{where}: {error.strerror or error}" if where else str(error.strerror or error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        folder = Path(where).parent if where else "/var/lib/podo"
        hint = f"free some space (df -h {folder}), or keep the cluster elsewhere: --state-dir DIR; then try again"
        return ClusterError(f"the disk is full: {what}", hint=hint)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ClusterError(what, hint="use sudo")
    return ClusterError(what, hint="podo doctor checks what podo needs of this machine")
