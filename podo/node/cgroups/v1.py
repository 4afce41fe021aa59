"""cgroup v1: the same group in each controller's hierarchy (Documentation/admin-guide/cgroup-v1)."""

import errno
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from podo.node.cgroups import tree
from podo.node.cgroups.base import CgroupFailure, GroupStats
from podo.node.cgroups.details import Files, GroupDetails, v1_details
from podo.node.cgroups.figures import Figure, flat_keyed, v1_figures
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.observed import CPUStats, MemoryStats

CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")


class CgroupsV1:
    """`mounts` is controller → mount point, with "name=systemd" and, in a hybrid set-up, "unified" among them."""

    def __init__(self, mounts: Mapping[str, str]) -> None:
        self._mounts = {name: Path(point) for name, point in mounts.items()}
        self._points = tuple(dict.fromkeys(self._mounts.values()))  # controllers may share a hierarchy

    def ensure(self, path: str, resources: LinuxResources | None = None) -> None:
        relative = path.strip("/")
        for point in self._points:
            try:
                (point / relative).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CgroupFailure(f"cannot make control group {point / relative}: {error.strerror}") from error
        self._inherit_cpuset(relative)
        if resources:
            self.apply(path, resources)

    def apply(self, path: str, resources: LinuxResources) -> None:
        memory = self._group("memory", path)
        memsw = bool(memory and (memory / "memory.memsw.limit_in_bytes").exists())
        figures = v1_figures(resources, memsw=memsw)
        if memsw and memory and resources.memory_limit:
            figures = _safe_order(figures, tree.number(tree.read(memory / "memory.memsw.limit_in_bytes")))
        for figure in figures:
            group = self._group(figure.controller, path)
            if group is None:
                continue
            try:
                (group / figure.file).write_text(figure.value)
            except OSError as error:
                if error.errno == errno.EBUSY and figure.controller == "memory":
                    raise CgroupFailure(f"memory limit {figure.value} is below the usage") from error
                raise CgroupFailure(
                    f"cannot set {figure.file} of {path} to {figure.value}: {error.strerror}"
                ) from error

    def processes(self, path: str) -> list[int]:
        return sorted({pid for point in self._points for pid in tree.pids(point / path.strip("/"))})

    def kill(self, path: str) -> None:
        for name in ("pids", "memory", "freezer"):  # a process is in all of them: the first that we have will do
            if name in self._mounts:
                tree.kill_each(self._mounts[name] / path.strip("/"))
                return

    def remove(self, path: str) -> bool:
        removed = [tree.remove(point / path.strip("/")) for point in self._points]  # in each, whatever the others say
        return all(removed)

    def children(self, path: str) -> list[str]:
        groups = (point / path.strip("/") for point in self._points)
        return sorted({entry.name for group in groups if group.is_dir() for entry in group.iterdir() if entry.is_dir()})

    def oom_kills(self, path: str) -> int | None:
        memory = self._group("memory", path)
        return flat_keyed(tree.read(memory / "memory.oom_control")).get("oom_kill") if memory else None

    def stats(self, path: str, at: datetime) -> GroupStats:
        cpu, memory, pids = (self._group(name, path) for name in ("cpuacct", "memory", "pids"))
        usage_ns = tree.number(tree.read(cpu / "cpuacct.usage")) if cpu else None
        return GroupStats(
            cpu=None if usage_ns is None else CPUStats(at=at, usage_ns=usage_ns),
            memory=_memory(memory, at) if memory else None,
            process_count=(tree.number(tree.read(pids / "pids.current")) or 0) if pids else 0,
        )

    def details(self, path: str) -> GroupDetails:
        return v1_details(Files({name: point / path.strip("/") for name, point in self._mounts.items()}))

    def _group(self, controller: str, path: str) -> Path | None:
        point = self._mounts.get(controller)
        return point / path.strip("/") if point else None

    def _inherit_cpuset(self, relative: str) -> None:
        """A new cpuset is empty, and takes no process until it has what its parent has."""
        point = self._mounts.get("cpuset")
        if point is None:
            return
        above = point
        for name in relative.split("/"):
            for file in CPUSET_FILES:
                if not tree.read(above / name / file).strip() and (value := tree.read(above / file).strip()):
                    (above / name / file).write_text(value)
            above /= name


def _memory(group: Path, at: datetime) -> MemoryStats | None:
    usage = tree.number(tree.read(group / "memory.usage_in_bytes"))
    if usage is None:
        return None
    stat = flat_keyed(tree.read(group / "memory.stat"))
    limit = stat.get("hierarchical_memory_limit", 0)
    return MemoryStats(
        at=at,
        usage=usage,
        working_set=max(usage - stat.get("total_inactive_file", 0), 0),
        rss=stat.get("total_rss", 0),
        page_faults=stat.get("total_pgfault", 0),
        major_page_faults=stat.get("total_pgmajfault", 0),
        limit=0 if limit >= 1 << 62 else limit,
    )


def _safe_order(figures: list[Figure], memsw_now: int | None) -> list[Figure]:
    """Memory with swap may never be under memory alone: when both rise, the sum must rise first."""
    new = next(int(f.value) for f in figures if f.file == "memory.limit_in_bytes")
    if memsw_now is not None and (new < 0 or new > memsw_now):
        return sorted(figures, key=lambda f: f.file == "memory.limit_in_bytes")
    return figures
