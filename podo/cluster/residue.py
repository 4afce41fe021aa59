"""What a cluster leaves on the machine when its processes are gone: found, removed, and checked for."""

import ctypes
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from podo.cluster import host
from podo.cluster.config import ClusterConfig
from podo.cluster.paths import Paths
from podo.cluster.processes import Process, send, start_time
from podo.storage.local import loops

CGROUPS = Path("/sys/fs/cgroup")
MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8


def power_off(where: Paths, cluster: ClusterConfig, node: str) -> None:
    """As if the node's power was cut: kill all of its processes, take its mounts and namespaces away."""
    folders = (where.node(node), where.run / "nodes" / node)
    for _ in range(200):
        pids = {*cgroup_members(cluster.name, node), *processes_about(folders)}
        if not pids:
            break
        for pid in pids:
            if (started := start_time(pid)) is not None:
                send(Process(pid, started), signal.SIGKILL)
        time.sleep(0.01)
    for folder in folders:
        unmount(folder)
    host.remove_node(where, cluster, node)
    remove_cgroups(cluster.name, node)


def cgroup_folders(cluster: str, node: str = "") -> Iterator[Path]:
    """The cgroups of a cluster or of one of its nodes, in every hierarchy, deepest first."""
    for parent in {*CGROUPS.glob("podo"), *CGROUPS.glob("*/podo")}:
        top = parent / cluster / node
        if top.is_dir():
            yield from (Path(path) for path, _, _ in os.walk(top, topdown=False))


def cgroup_members(cluster: str, node: str) -> set[int]:
    """The processes in a node's cgroups."""
    found: set[int] = set()
    for folder in cgroup_folders(cluster, node):
        try:
            found |= set(map(int, (folder / "cgroup.procs").read_text().split()))
        except OSError:
            continue  # it went away meanwhile
    return found


def processes_about(folders: Iterable[Path]) -> set[int]:
    """The processes (conmon and what it starts) whose command line names a path in one of the folders."""
    marks = [os.fsencode(f"{folder}/") for folder in folders]
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        if any(mark in command for mark in marks) and int(entry) != os.getpid():
            found.add(int(entry))
    return {pid for pid in found if start_time(pid) is not None}


def mounts_below(folder: Path, table: str | None = None) -> list[str]:
    """The mount points at or below a folder, the latest first; `table` is the text of /proc/self/mountinfo."""
    text = Path("/proc/self/mountinfo").read_text() if table is None else table
    points = [line.split()[4].encode().decode("unicode_escape") for line in text.splitlines()]
    return [p for p in reversed(points) if p == str(folder) or p.startswith(f"{folder}/")]


def unmount(folder: Path) -> None:
    """Detach every mount at or below a folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    for _ in range(3):  # a mount can cover another
        points = mounts_below(folder)
        for point in points:
            libc.umount2(os.fsencode(point), MNT_DETACH | UMOUNT_NOFOLLOW)
        if not points:
            return


def unmount_volumes(where: Paths) -> None:
    """Unmount podo's own volumes, and detach the devices that they are on. Their content stays."""
    unmount(where.volumes)
    for device in loops.below(where.volumes):
        loops.detach(device)


def remove_cgroups(cluster: str, node: str = "") -> None:
    """Remove the cgroups of a cluster or a node, and podo's own root when it is empty. What is in use stays."""
    for folder in cgroup_folders(cluster, node):
        _rmdir(folder)
    if not node:
        for parent in {*CGROUPS.glob("podo"), *CGROUPS.glob("*/podo")}:
            _rmdir(parent)


def _rmdir(folder: Path) -> None:
    for _ in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if any((folder / name).is_dir() for name in os.listdir(folder)):
                return
            time.sleep(0.01)  # its last process is being reaped
        else:
            return


def forget_node(where: Paths, node: str) -> None:
    """Delete a removed node's state and what its agent was started with."""
    for folder in (where.node(node), where.run / "nodes" / node):
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("crt", "key"):
        (where.pki / "nodes" / f"{node}.{name}").unlink(missing_ok=True)
    where.component(node).unlink(missing_ok=True)


def find(where: Paths, cluster: ClusterConfig, *, kept: bool) -> list[str]:
    """Whatever is left of the cluster, one line each."""
    ours = (
        where.run,
        *(where.state / name for name in ("nodes", "images", "build")),
    )  # logs and credentials are users'
    found = [f"process {pid}" for pid in sorted(processes_about(ours))]
    found += [f"mount {point}" for folder in (where.run, where.state) for point in mounts_below(folder)]
    found += [f"device {device}" for device in loops.staying(where.volumes)]
    found += [f"cgroup {folder}" for folder in cgroup_folders(cluster.name)]
    folders = (where.run, *(() if kept or where.foreign() else (where.state,)))
    found += [f"folder {folder}" for folder in folders if folder.exists()]
    return found + host.residue(where, cluster)
