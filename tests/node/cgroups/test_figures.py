import pytest

from podo.node.cgroups.figures import flat_keyed, v1_figures, v2_figures, weight_of_shares
from podo.node.runtime.config import LinuxResources

EVERYTHING = LinuxResources(
    cpu_shares=1024,
    cpu_quota=50_000,
    cpu_period=100_000,
    memory_limit=1 << 20,
    pids_limit=10,
    cpuset_cpus="0-1",
    cpuset_mems="0",
    hugepage_limits={"2MB": 4096},
    unified={"memory.high": "999"},
)


def files(figures) -> dict[str, str]:
    return {figure.file: figure.value for figure in figures}


@pytest.mark.parametrize(("shares", "weight"), [(0, 1), (2, 1), (1024, 39), (262144, 10000), (1 << 30, 10000)])
def test_shares_become_weights_as_everywhere(shares, weight):
    assert weight_of_shares(shares) == weight


def test_nothing_wanted_writes_nothing():
    assert v1_figures(LinuxResources(), memsw=True) == v2_figures(LinuxResources(), swap=True) == []


def test_figures_of_v1():
    assert files(v1_figures(EVERYTHING, memsw=True)) == {
        "cpu.shares": "1024",
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "50000",
        "memory.limit_in_bytes": "1048576",
        "memory.memsw.limit_in_bytes": "1048576",
        "pids.max": "10",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "hugetlb.2MB.limit_in_bytes": "4096",
    }


def test_figures_of_v2():
    assert files(v2_figures(EVERYTHING, swap=True)) == {
        "cpu.weight": "39",
        "cpu.max": "50000 100000",
        "memory.max": "1048576",
        "memory.swap.max": "0",
        "pids.max": "10",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "hugetlb.2MB.max": "4096",
        "memory.high": "999",
    }


@pytest.mark.parametrize(
    ("wanted", "v1", "v2"),
    [
        (LinuxResources(cpu_quota=-1), {"cpu.cfs_quota_us": "-1"}, {"cpu.max": "max 100000"}),
        (LinuxResources(cpu_quota=5, cpu_period=0), {"cpu.cfs_quota_us": "5"}, {"cpu.max": "5 100000"}),
        (LinuxResources(memory_limit=-1), {"memory.limit_in_bytes": "-1"}, {"memory.max": "max"}),
        (LinuxResources(pids_limit=-1), {"pids.max": "max"}, {"pids.max": "max"}),
        (LinuxResources(cpu_shares=1), {"cpu.shares": "2"}, {"cpu.weight": "1"}),
    ],
)
def test_no_limit_has_a_word_of_its_own(wanted, v1, v2):
    assert files(v1_figures(wanted)) == v1
    assert files(v2_figures(wanted)) == v2


def test_flat_keyed_files_are_read():
    assert flat_keyed("a 1\nb 22\nbroken\nc max\n\n") == {"a": 1, "b": 22}
