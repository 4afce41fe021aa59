import os
import signal
import subprocess
from datetime import UTC, datetime

import pytest

from podo.node.cgroups.base import CgroupFailure, NodeCgroups, QOSClass
from podo.node.cgroups.v2 import CgroupsV2
from podo.node.runtime.config import LinuxResources
from tests.node.cgroups.kernel import V2_FILES, fill

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path, V2_FILES)


def test_the_names_of_a_nodes_groups():
    names = NodeCgroups("home", "node-1")
    assert names.top == "podo/home/node-1"
    assert names.pod(QOSClass.BEST_EFFORT, "u1") == "podo/home/node-1/besteffort/podu1"
    assert names.pod(QOSClass.GUARANTEED, "u1") == "podo/home/node-1/guaranteed/podu1"


def test_a_group_is_made_with_all_above_it_and_its_controllers_handed_down(root):
    fill(root / "podo", V2_FILES)
    CgroupsV2(root).ensure("podo/c/n")
    assert (root / "podo/c/n").is_dir()
    assert (root / "cgroup.subtree_control").read_text().startswith("+")


def test_only_missing_controllers_are_handed_down(root):
    (root / "cgroup.subtree_control").write_text("cpuset cpu io memory hugetlb pids\n")
    CgroupsV2(root).ensure("podo")
    assert "+" not in (root / "cgroup.subtree_control").read_text()


def test_figures_are_written(root):
    group = fill(root / "a/b", V2_FILES)
    CgroupsV2(root).apply("/a/b", LinuxResources(cpu_shares=1024, memory_limit=1 << 20, pids_limit=5))
    assert [(group / f).read_text() for f in ("cpu.weight", "memory.max", "memory.swap.max", "pids.max")] == [
        "39", "1048576", "0", "5",
    ]  # fmt: skip


def test_a_limit_below_the_usage_is_refused_before_the_kernel_kills(root):
    group = fill(root / "a", V2_FILES)
    with pytest.raises(CgroupFailure, match="below the usage of 10000"):
        CgroupsV2(root).apply("a", LinuxResources(memory_limit=9999))
    assert (group / "memory.max").read_text() == "max\n"


def test_a_figure_that_cannot_be_set_is_named(root):
    with pytest.raises(CgroupFailure, match=r"cannot set cpu\.weight of nothing to 39"):
        CgroupsV2(root).apply("nothing", LinuxResources(cpu_shares=1024))


def test_stats_leave_inactive_files_out_of_the_working_set(root):
    fill(root / "a", V2_FILES)
    stats = CgroupsV2(root).stats("a", NOW)
    assert (stats.cpu.usage_ns, stats.process_count) == (1_500_000, 3)
    memory = stats.memory
    assert (memory.usage, memory.working_set, memory.rss, memory.limit) == (10_000, 7_500, 4_000, 0)
    assert (memory.page_faults, memory.major_page_faults) == (70, 7)


def test_kills_for_want_of_memory_are_counted(root):
    assert CgroupsV2(root).oom_kills("a") is None
    fill(root / "a", {"memory.events": "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n"})
    assert CgroupsV2(root).oom_kills("a") == 2


def test_a_group_that_is_gone_has_no_stats(root):
    stats = CgroupsV2(root).stats("nothing", NOW)
    assert (stats.cpu, stats.memory, stats.process_count) == (None, None, 0)


def test_processes_below_are_found(root):
    fill(root / "a", V2_FILES | {"cgroup.procs": "1\n2\n"})
    fill(root / "a/b", V2_FILES | {"cgroup.procs": "3\n"})
    cgroups = CgroupsV2(root)
    assert sorted(cgroups.processes("a")) == [1, 2, 3]
    assert cgroups.processes("nothing") == []
    assert cgroups.children("a") == ["b"]
    assert cgroups.children("nothing") == []


def test_killing_is_one_write(root):
    group = fill(root / "a", V2_FILES)
    CgroupsV2(root).kill("a")
    assert (group / "cgroup.kill").read_text() == "1"


def test_an_old_kernel_kills_one_by_one(root):
    with subprocess.Popen(["sleep", "100"]) as child:
        group = fill(root / "a", V2_FILES | {"cgroup.procs": f"{child.pid}\n"})
        os.unlink(group / "cgroup.kill")
        os.mkdir(group / "cgroup.kill")  # not to be written
        CgroupsV2(root).kill("a")
        assert child.wait() == -signal.SIGKILL


def test_groups_are_removed_the_deepest_first(tmp_path):
    (tmp_path / "a/b/c").mkdir(parents=True)
    cgroups = CgroupsV2(tmp_path)
    assert cgroups.remove("a")
    assert cgroups.remove("a")
    assert not (tmp_path / "a").exists()


def test_a_group_in_use_is_not_removed(root):
    fill(root / "a/b", V2_FILES)  # files of a plain folder: as full as a group with processes
    assert not CgroupsV2(root).remove("a")
