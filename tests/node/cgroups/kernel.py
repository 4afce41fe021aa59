"""A folder that looks like a cgroup mount: tests write what the kernel would show."""

from pathlib import Path

V2_FILES = {
    "cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
    "cgroup.subtree_control": "",
    "cgroup.procs": "",
    "cgroup.kill": "",
    "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\n",
    "cpu.weight": "100\n",
    "cpu.max": "max 100000\n",
    "memory.current": "10000\n",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "memory.stat": "anon 4000\nfile 6000\ninactive_file 2500\npgfault 70\npgmajfault 7\n",
    "pids.current": "3\n",
    "pids.max": "max\n",
}
V1_FILES = {
    "cpu": {"cpu.shares": "1024\n", "cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"},
    "cpuacct": {"cpuacct.usage": "123456\n"},
    "memory": {
        "memory.usage_in_bytes": "10000\n",
        "memory.limit_in_bytes": "9223372036854771712\n",
        "memory.memsw.limit_in_bytes": "9223372036854771712\n",
        "memory.stat": "cache 1\ntotal_rss 4000\ntotal_inactive_file 2500\ntotal_pgfault 70\ntotal_pgmajfault 7\n"
        "hierarchical_memory_limit 9223372036854771712\n",
    },
    "pids": {"pids.current": "3\n", "pids.max": "max\n"},
    "cpuset": {"cpuset.cpus": "", "cpuset.mems": ""},
}


def fill(group: Path, files: dict[str, str]) -> Path:
    """What the kernel does when a group is made."""
    group.mkdir(parents=True, exist_ok=True)
    for name, text in ({"cgroup.procs": ""} | files).items():
        (group / name).write_text(text)
    return group
