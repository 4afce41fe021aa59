"""fsGroup: a volume's files for the Pod's group (blocking; walks the volume)."""

import os
import stat
from pathlib import Path

from podo.api.types.core_v1 import Pod


def fs_group(pod: Pod) -> int | None:
    """The group of the Pod's volumes."""
    context = pod.spec.security_context
    return context.fs_group if context else None


def give(root: Path, group: int, *, only_if_root_differs: bool = False) -> None:
    """Let `group` own all below `root`, read and write it, and own what is made there later."""
    if only_if_root_differs and _fits(root, group):
        return
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            _change(Path(folder, name), group, is_folder=False)
        _change(Path(folder), group, is_folder=True)


def _fits(root: Path, group: int) -> bool:
    status = root.stat()
    wanted = stat.S_ISGID | 0o770
    return status.st_gid == group and status.st_mode & wanted == wanted


def _change(path: Path, group: int, *, is_folder: bool) -> None:
    os.lchown(path, -1, group)
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return
    more = stat.S_ISGID | 0o770 if is_folder else 0o660
    path.chmod(stat.S_IMODE(mode) | more)
