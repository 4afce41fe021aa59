"""Device nodes of this machine as the OCI specification describes them."""

import os
import stat
from collections.abc import Iterator
from typing import Any

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import Device

DEV = "/dev"
_SKIPPED = {"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"}  # folders that a container has of its own
_OWN = {"console", "ptmx"}


def wanted_devices(devices: tuple[Device, ...]) -> tuple[dict[str, Any], ...]:
    """Each device, and each one below a folder. Raises RuntimeFailure for what is neither."""
    found: list[dict[str, Any]] = []
    for device in devices:
        real = os.path.realpath(device.host_path)
        if os.path.isdir(real):
            inside = ((device.container_path + path.removeprefix(real), info) for path, info in _nodes(real))
            found += [_entry(path, info, device.permissions) for path, info in inside]
        elif node := _stat(real):
            found.append(_entry(device.container_path, node, device.permissions))
        else:
            raise RuntimeFailure(f"{device.host_path} is not a device node")
    return tuple(found)


def host_devices() -> tuple[dict[str, Any], ...]:
    """All of the machine's, for a privileged container."""
    return tuple(_entry(path, info, "rwm") for path, info in _nodes(DEV) if os.path.basename(path) not in _OWN)


def _nodes(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    for path, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in _SKIPPED]
        for name in sorted(files):
            if info := _stat(f"{path}/{name}"):
                yield f"{path}/{name}", info


def _stat(path: str) -> os.stat_result | None:
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    return info if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode) else None


def _entry(path: str, info: os.stat_result, access: str) -> dict[str, Any]:
    return {
        "path": path,
        "type": "c" if stat.S_ISCHR(info.st_mode) else "b",
        "major": os.major(info.st_rdev),
        "minor": os.minor(info.st_rdev),
        "fileMode": stat.S_IMODE(info.st_mode),
        "uid": info.st_uid,
        "gid": info.st_gid,
        "access": access,
    }
