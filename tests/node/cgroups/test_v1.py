import os
import secrets
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podo.node.cgroups.machine import open_cgroups
from podo.node.cgroups.v1 import CgroupsV1
from podo.node.runtime.config import LinuxResources
from tests.node.cgroups.kernel import V1_FILES, fill

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def mounts(tmp_path):
    points = {name: tmp_path / name for name in V1_FILES}
    points["name=systemd"] = tmp_path / "systemd"
    for name, point in points.items():
        fill(point, V1_FILES.get(name, {}))
    (points["cpuset"] / "cpuset.cpus").write_text("0-3\n")
    (points["cpuset"] / "cpuset.mems").write_text("0\n")
    return points


@pytest.fixture
def cgroups(mounts):
    return CgroupsV1({name: str(point) for name, point in mounts.items()})


def filled(mounts, path: str) -> None:
    for name, point in mounts.items():
        fill(point / path, V1_FILES.get(name, {}))


def test_a_group_is_made_in_every_hierarchy(cgroups, mounts):
    cgroups.ensure("/podo/c")
    assert all((point / "podo/c").is_dir() for point in mounts.values())


def test_a_new_cpuset_has_what_its_parent_has(cgroups, mounts):
    filled(mounts, "podo")
    filled(mounts, "podo/c")
    cgroups.ensure("podo/c")
    assert (mounts["cpuset"] / "podo/c/cpuset.cpus").read_text() == "0-3"


def test_figures_are_written_where_they_belong(cgroups, mounts):
    filled(mounts, "a")
    cgroups.apply("a", LinuxResources(cpu_shares=5, cpu_quota=7, memory_limit=1 << 20, pids_limit=9))
    assert (mounts["cpu"] / "a/cpu.shares").read_text() == "5"
    assert (mounts["cpu"] / "a/cpu.cfs_quota_us").read_text() == "7"
    assert (mounts["memory"] / "a/memory.limit_in_bytes").read_text() == "1048576"
    assert (mounts["memory"] / "a/memory.memsw.limit_in_bytes").read_text() == "1048576"
    assert (mounts["pids"] / "a/pids.max").read_text() == "9"


def test_a_controller_that_is_not_there_is_passed_over(tmp_path):
    fill(tmp_path / "cpu/a", V1_FILES["cpu"])
    CgroupsV1({"cpu": str(tmp_path / "cpu")}).apply("a", LinuxResources(memory_limit=5, cpu_shares=7))
    assert (tmp_path / "cpu/a/cpu.shares").read_text() == "7"


def test_stats_leave_inactive_files_out_of_the_working_set(cgroups, mounts):
    filled(mounts, "a")
    stats = cgroups.stats("a", NOW)
    memory = stats.memory
    assert (stats.cpu.usage_ns, stats.process_count) == (123_456, 3)
    assert (memory.usage, memory.working_set, memory.rss, memory.limit) == (10_000, 7_500, 4_000, 0)


def test_kills_for_want_of_memory_are_counted(cgroups, mounts):
    filled(mounts, "a")
    assert cgroups.oom_kills("a") is None  # kernels before 4.13
    for point in set(mounts.values()):
        if "memory" in str(point):
            Path(point, "a/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert cgroups.oom_kills("a") == 2


def test_a_group_that_is_gone_has_no_stats(cgroups):
    stats = cgroups.stats("nothing", NOW)
    assert (stats.cpu, stats.memory, stats.process_count) == (None, None, 0)


def test_processes_and_children_are_those_of_all_hierarchies(cgroups, mounts):
    (mounts["cpu"] / "a/x").mkdir(parents=True)
    fill(mounts["memory"] / "a/y", {"cgroup.procs": "7\n"})
    assert cgroups.children("a") == ["x", "y"]
    assert cgroups.processes("a") == [7]


@pytest.mark.e2e
def test_real_groups_hold_processes_and_limits_and_go_away():
    cgroups, name = open_cgroups(), f"podo-test-{secrets.token_hex(4)}"
    path = f"{name}/burstable/pod1"
    try:
        cgroups.ensure(path, LinuxResources(cpu_shares=100, memory_limit=64 << 20, pids_limit=20))
        with subprocess.Popen(["sleep", "5"]) as child:
            mounted = Path("/sys/fs/cgroup")
            for point in {*mounted.glob(f"*/{path}"), *mounted.glob(path)}:
                (point / "cgroup.procs").write_text(str(child.pid))
            assert cgroups.processes(name) == [child.pid]
            assert not cgroups.remove(name)
            stats = cgroups.stats(path, NOW)
            assert (stats.process_count, stats.memory.limit) == (1, 64 << 20)
            cgroups.apply(path, LinuxResources(memory_limit=128 << 20))
            cgroups.apply(path, LinuxResources(memory_limit=32 << 20))
            assert cgroups.stats(path, NOW).memory.limit == 32 << 20
            cgroups.kill(name)
            assert child.wait() == -signal.SIGKILL
        assert cgroups.remove(name)
        assert not list(Path("/sys/fs/cgroup").glob(f"*/{name}"))
    finally:
        cgroups.kill(name)
        cgroups.remove(name)
        assert os.path.isdir("/sys/fs/cgroup")
