"""Reads the figures of the machine: /proc, and file systems (brief, does not block for long)."""

import os
from datetime import datetime
from pathlib import Path

from podo.node.runtime.observed import CPUStats, MemoryStats
from podo.node.stats.base import FileSystem, Processes

PROC = Path("/proc")


def parse_meminfo(text: str) -> dict[str, int]:
    """Bytes by name."""
    parts = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in parts if len(words) > 1 and words[1].isdigit()}


def meminfo(proc: Path = PROC) -> dict[str, int]:
    """Of this machine now."""
    return parse_meminfo((proc / "meminfo").read_text())


def working_set(memory: dict[str, int]) -> int:
    """Of the whole machine: all but free memory and file pages that nobody has used for a while."""
    return max(memory["MemTotal"] - memory["MemFree"] - memory.get("Inactive(file)", 0), 0)


def memory_stats(memory: dict[str, int], vmstat: dict[str, int], at: datetime) -> MemoryStats:
    """The machine's memory in a group's words."""
    return MemoryStats(
        at=at,
        usage=memory["MemTotal"] - memory["MemFree"],
        working_set=working_set(memory),
        rss=memory.get("AnonPages", 0),
        page_faults=vmstat.get("pgfault", 0),
        major_page_faults=vmstat.get("pgmajfault", 0),
    )


def file_system(folder: Path) -> FileSystem:
    """The one that a folder is on."""
    found = os.statvfs(folder)
    return FileSystem(
        capacity=found.f_frsize * found.f_blocks,
        available=found.f_frsize * found.f_bavail,
        inodes=found.f_files,
        inodes_free=found.f_favail,
        device=os.stat(folder).st_dev,
    )


def processes(proc: Path = PROC) -> Processes:
    """How many processes and threads there may be and are."""
    limits = [int((proc / "sys/kernel" / name).read_text()) for name in ("pid_max", "threads-max")]
    running = int((proc / "loadavg").read_text().split()[3].partition("/")[2])
    return Processes(min(limits), running)


def boot_seconds(proc: Path = PROC) -> float:
    """When the machine was started, in seconds since 1970."""
    line = next(line for line in (proc / "stat").read_text().splitlines() if line.startswith("btime "))
    return float(line.split()[1])


def cpu_stats(at: datetime, proc: Path = PROC) -> CPUStats:
    """What all cores have worked, idle and waiting times left out."""
    first = (proc / "stat").read_text().splitlines()[0].split()[1:]
    ticks = sum(int(n) for i, n in enumerate(first[:8]) if i not in (3, 4))  # 3 is idle, 4 waits for disks
    return CPUStats(at=at, usage_ns=ticks * (1_000_000_000 // os.sysconf("SC_CLK_TCK")))
