"""Folders whose files change all at once: each content is a new folder, a symbolic link says which one counts.

`KEY → ..data/KEY`, `..data → ..<content>`: the layout that readers in Pods know from Kubernetes, and watch.
"""

import os
import shutil
from pathlib import Path

from podo.node.volumes.files import Files, is_safe

DATA, NEXT = "..data", "..data_tmp"


class Ownership:
    """Who owns the files: the group of the Pod's volumes, if it has one."""

    def __init__(self, group: int | None = None) -> None:
        self.group = group

    def mode(self, mode: int) -> int:
        """A file's mode, for its group to read."""
        return mode if self.group is None else mode | 0o440


def write(folder: Path, files: Files, stamp: str, ownership: Ownership) -> bool:
    """Make `files` the content of `folder`; whether that changed anything. `stamp` names the content, uniquely."""
    folder.mkdir(parents=True, exist_ok=True)
    if ownership.group is not None:
        _give(folder, ownership.group)
    if _same(folder, files, ownership):
        return False
    fresh, old = folder / f"..{stamp}", _current(folder)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    fresh.chmod(0o755)
    for path, file in files.items():
        _write(fresh, path, file.data, ownership.mode(file.mode), file.owner, ownership.group)
    (folder / NEXT).unlink(missing_ok=True)
    (folder / NEXT).symlink_to(fresh.name)
    (folder / NEXT).rename(folder / DATA)
    _link(folder, {path.split("/")[0] for path in files})
    if old is not None and old != fresh:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _write(root: Path, path: str, data: bytes, mode: int, owner: int | None, group: int | None) -> None:
    if not is_safe(path):
        raise ValueError(f"a path outside of its volume: {path}")
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if owner is not None or group is not None:
            os.fchown(descriptor, -1 if owner is None else owner, -1 if group is None else group)
        os.fchmod(descriptor, mode)


def _give(folder: Path, group: int) -> None:
    if folder.stat().st_gid != group:
        os.chown(folder, -1, group)
        folder.chmod(folder.stat().st_mode & 0o7777 | 0o2770)


def _current(folder: Path) -> Path | None:
    try:
        return folder / os.readlink(folder / DATA)
    except FileNotFoundError:
        return None


def _same(folder: Path, files: Files, ownership: Ownership) -> bool:
    current = _current(folder)
    if current is None or not current.is_dir():
        return False
    there = {str(p.relative_to(current)): p for p in current.rglob("*") if not p.is_dir()}
    if there.keys() != files.keys():
        return False
    for path, file in files.items():
        found = there[path]
        if found.stat().st_mode & 0o7777 != ownership.mode(file.mode) or found.read_bytes() != file.data:
            return False
    return True


def _link(folder: Path, wanted: set[str]) -> None:
    """One link for each first part of a path; those of nothing go."""
    for entry in os.listdir(folder):
        if not entry.startswith("..") and entry not in wanted:
            (folder / entry).unlink(missing_ok=True)
    for name in wanted:
        if not os.path.lexists(folder / name):
            (folder / name).symlink_to(f"{DATA}/{name}")
