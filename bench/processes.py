"""Memory and CPU time of the cluster's processes, from /proc."""

import os
import re
from collections.abc import Callable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def matching(pattern: str, proc: Path = Path("/proc")) -> list[int]:
    """The processes whose command line matches `pattern`; never this one or its parents."""
    found = []
    ours = _ancestors(proc)
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) not in ours:
            try:
                words = (entry / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it has ended
                continue
            if words and re.search(pattern, words):
                found.append(int(entry.name))
    return sorted(found)


def _ancestors(proc: Path) -> set[int]:
    pid, found = os.getpid(), set()
    while pid > 1:
        found.add(pid)
        pid = int(_stat(proc, pid)[1])
    return found


def _stat(proc: Path, pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()


def pss(pids: list[int], proc: Path = Path("/proc")) -> int:
    """Bytes of memory, what is shared counted in proportion."""
    total = 0
    for pid in pids:
        try:
            rollup = (proc / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024


def cpu_seconds(pids: list[int], proc: Path = Path("/proc")) -> dict[int, float]:
    """CPU time that each process has used so far, user and system; one that has ended is not in it."""
    found = {}
    for pid in pids:
        try:
            fields = _stat(proc, pid)
        except OSError:
            continue
        found[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
    return found


def meter(pattern: str, proc: Path = Path("/proc")) -> Callable[[], float]:
    """A clock of the CPU seconds that the processes have used which now match `pattern`; it stands still for none."""
    pids = matching(pattern, proc) if pattern else []
    return lambda: sum(cpu_seconds(pids, proc).values())
