"""A folder that is in memory only: for credentials, which must not reach a disk."""

import os
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import mounts_below

MODE = 0o711


def make(folder: Path) -> None:
    """Make the folder and mount memory on it, unless that was done before."""
    folder.mkdir(parents=True, exist_ok=True, mode=MODE)
    if str(folder) not in mounts_below(folder):
        flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
        syscalls.mount("podo", folder, "tmpfs", flags, f"mode={MODE:o}")
        os.chmod(folder, MODE)
