"""LinuxResources as the files of a group, in the order of writing. Pure; units as the kernel documents them."""

from typing import NamedTuple

from podo.node.runtime.config import LinuxResources

UNLIMITED = -1


class Figure(NamedTuple):
    """One write. `controller` matters to v1 only."""

    controller: str
    file: str
    value: str


def weight_of_shares(shares: int) -> int:
    """v2's cpu.weight (1..10000) for v1's cpu.shares (2..262144), linear, as all OCI runtimes map it."""
    shares = min(max(shares, 2), 262144)
    return 1 + (shares - 2) * 9999 // 262142


def v1_figures(wanted: LinuxResources, *, memsw: bool = False) -> list[Figure]:
    """cpu, memory, pids, cpuset of v1. With `memsw` (swap accounting), memory and swap together get the limit too."""
    found = []
    if wanted.cpu_shares:
        found.append(Figure("cpu", "cpu.shares", str(max(wanted.cpu_shares, 2))))
    if wanted.cpu_period:
        found.append(Figure("cpu", "cpu.cfs_period_us", str(wanted.cpu_period)))
    if wanted.cpu_quota:
        found.append(Figure("cpu", "cpu.cfs_quota_us", str(wanted.cpu_quota)))
    if wanted.memory_limit:
        found.append(Figure("memory", "memory.limit_in_bytes", str(wanted.memory_limit)))
        if memsw:
            found.append(Figure("memory", "memory.memsw.limit_in_bytes", str(wanted.memory_limit)))
    if wanted.pids_limit:
        found.append(Figure("pids", "pids.max", _limit(wanted.pids_limit)))
    if wanted.cpuset_cpus:
        found.append(Figure("cpuset", "cpuset.cpus", wanted.cpuset_cpus))
    if wanted.cpuset_mems:
        found.append(Figure("cpuset", "cpuset.mems", wanted.cpuset_mems))
    found += [
        Figure("hugetlb", f"hugetlb.{size}.limit_in_bytes", str(limit))
        for size, limit in wanted.hugepage_limits.items()
    ]
    return found


def v2_figures(wanted: LinuxResources, *, swap: bool = False) -> list[Figure]:
    """cpu, memory, pids, cpuset of v2. With `swap` (swap accounting), a memory limit means no swap."""
    found = []
    if wanted.cpu_shares:
        found.append(Figure("cpu", "cpu.weight", str(weight_of_shares(wanted.cpu_shares))))
    if wanted.cpu_quota or wanted.cpu_period:
        quota = "max" if wanted.cpu_quota <= 0 else str(wanted.cpu_quota)
        found.append(Figure("cpu", "cpu.max", f"{quota} {wanted.cpu_period or 100000}"))
    if wanted.memory_limit:
        found.append(Figure("memory", "memory.max", _limit(wanted.memory_limit)))
        if swap:
            found.append(Figure("memory", "memory.swap.max", "max" if wanted.memory_limit < 0 else "0"))
    if wanted.pids_limit:
        found.append(Figure("pids", "pids.max", _limit(wanted.pids_limit)))
    if wanted.cpuset_cpus:
        found.append(Figure("cpuset", "cpuset.cpus", wanted.cpuset_cpus))
    if wanted.cpuset_mems:
        found.append(Figure("cpuset", "cpuset.mems", wanted.cpuset_mems))
    found += [Figure("hugetlb", f"hugetlb.{size}.max", str(limit)) for size, limit in wanted.hugepage_limits.items()]
    found += [Figure(file.partition(".")[0], file, value) for file, value in wanted.unified.items()]
    return found


def flat_keyed(text: str) -> dict[str, int]:
    """ "key 123" lines (memory.stat, cpu.stat, memory.events)."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _limit(value: int) -> str:
    return "max" if value < 0 else str(value)
