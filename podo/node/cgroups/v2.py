"""cgroup v2 (Documentation/admin-guide/cgroup-v2.rst)."""

import os
from datetime import datetime
from pathlib import Path

from podo.node.cgroups import tree
from podo.node.cgroups.base import CgroupFailure, GroupStats
from podo.node.cgroups.details import Files, GroupDetails, v2_details
from podo.node.cgroups.figures import flat_keyed, v2_figures
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.observed import CPUStats, MemoryStats

WANTED = ("cpu", "memory", "pids", "cpuset", "io", "hugetlb")


class CgroupsV2:
    """Below `root`: /sys/fs/cgroup, or a group there that was given to us (Delegate=yes)."""

    def __init__(self, root: Path = Path("/sys/fs/cgroup")) -> None:
        self._root = root

    def ensure(self, path: str, resources: LinuxResources | None = None) -> None:
        above = self._root
        for name in path.strip("/").split("/"):
            self._enable(above)
            above /= name
            try:
                above.mkdir(exist_ok=True)
            except OSError as error:
                raise CgroupFailure(f"cannot make control group {above}: {error.strerror}") from error
        if resources:
            self.apply(path, resources)

    def apply(self, path: str, resources: LinuxResources) -> None:
        group = self._group(path)
        used = tree.number(tree.read(group / "memory.current"))
        if used and 0 < resources.memory_limit < used:
            raise CgroupFailure(f"memory limit {resources.memory_limit} is below the usage of {used} bytes")
        for figure in v2_figures(resources, swap=(group / "memory.swap.max").exists()):
            try:
                (group / figure.file).write_text(figure.value)
            except OSError as error:
                raise CgroupFailure(
                    f"cannot set {figure.file} of {path} to {figure.value}: {error.strerror}"
                ) from error

    def processes(self, path: str) -> list[int]:
        return tree.pids(self._group(path))

    def kill(self, path: str) -> None:
        try:
            (self._group(path) / "cgroup.kill").write_text("1")
        except OSError:  # kernels before 5.14, or no such group
            tree.kill_each(self._group(path))

    def remove(self, path: str) -> bool:
        return tree.remove(self._group(path))

    def children(self, path: str) -> list[str]:
        group = self._group(path)
        return sorted(entry.name for entry in group.iterdir() if entry.is_dir()) if group.is_dir() else []

    def oom_kills(self, path: str) -> int | None:
        return flat_keyed(tree.read(self._group(path) / "memory.events")).get("oom_kill")

    def stats(self, path: str, at: datetime) -> GroupStats:
        group = self._group(path)
        cpu, memory = flat_keyed(tree.read(group / "cpu.stat")), flat_keyed(tree.read(group / "memory.stat"))
        usage = tree.number(tree.read(group / "memory.current"))
        found = None
        if usage is not None:
            found = MemoryStats(
                at=at,
                usage=usage,
                working_set=max(usage - memory.get("inactive_file", 0), 0),
                rss=memory.get("anon", 0),
                page_faults=memory.get("pgfault", 0),
                major_page_faults=memory.get("pgmajfault", 0),
                limit=tree.number(tree.read(group / "memory.max")) or 0,
            )
        usec = cpu.get("usage_usec")
        return GroupStats(
            cpu=None if usec is None else CPUStats(at=at, usage_ns=usec * 1000),
            memory=found,
            process_count=tree.number(tree.read(group / "pids.current")) or 0,
        )

    def details(self, path: str) -> GroupDetails:
        return v2_details(Files({None: self._group(path)}))

    def _group(self, path: str) -> Path:
        return self._root / path.strip("/")

    def _enable(self, group: Path) -> None:
        """Hand on to the groups below what this one has and we use, one by one: a failure spoils its whole write."""
        have = set(tree.read(group / "cgroup.controllers").split())
        on = set(tree.read(group / "cgroup.subtree_control").split())
        for name in WANTED:
            if name in have - on:
                try:
                    fd = os.open(group / "cgroup.subtree_control", os.O_WRONLY)
                    try:
                        os.write(fd, f"+{name}".encode())
                    finally:
                        os.close(fd)
                except OSError as error:
                    if name in ("cpu", "memory", "pids"):
                        raise CgroupFailure(f"cannot enable {name} in {group}: {error.strerror}") from error
