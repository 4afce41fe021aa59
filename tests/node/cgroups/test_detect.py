import pytest

from podo.node.cgroups.detect import Version, parse_setup, problem

PURE_V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = """\
30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,name=systemd
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:12 - cgroup cgroup rw,memory
34 30 0:30 / /sys/fs/cgroup/devices rw,nosuid shared:13 - cgroup cgroup rw,devices
35 30 0:31 / /sys/fs/cgroup/freezer rw,nosuid shared:14 - cgroup cgroup rw,freezer
36 30 0:32 / /sys/fs/cgroup/pids rw,nosuid shared:15 - cgroup cgroup rw,pids
"""
HYBRID = V1 + "37 30 0:33 / /sys/fs/cgroup/unified rw,nosuid shared:16 - cgroup2 cgroup2 rw\n"


def test_a_pure_v2_machine():
    setup = parse_setup(PURE_V2, "cpuset cpu io memory hugetlb pids rdma\n")
    assert (setup.version, setup.unified, setup.pure_v2) == (Version.V2, "/sys/fs/cgroup", True)
    assert setup.missing == ()
    assert problem(setup) == ""


def test_a_v1_machine_with_controllers_that_share_a_mount():
    setup = parse_setup(V1)
    assert setup.version is Version.V1
    assert setup.mounts["cpu"] == setup.mounts["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct"
    assert setup.mounts["name=systemd"] == "/sys/fs/cgroup/systemd"
    assert problem(setup) == ""


def test_a_hybrid_machine_counts_as_v1():
    setup = parse_setup(HYBRID, "hugetlb\n")
    assert (setup.version, setup.unified, setup.pure_v2) == (Version.HYBRID, "/sys/fs/cgroup/unified", False)
    assert setup.missing == ()


def test_v2_beside_only_a_named_hierarchy_is_pure():
    lines = [line for line in HYBRID.splitlines(keepends=True) if "name=systemd" in line or "cgroup2" in line]
    assert parse_setup("".join(lines), "cpu memory pids").pure_v2


@pytest.mark.parametrize(
    ("mountinfo", "controllers", "said"),
    [
        ("", "", "no control groups are mounted"),
        (PURE_V2, "cpu pids", "controllers are missing: memory (kernel command line: cgroup_enable=memory)"),
        (V1.replace("pids", "blkio"), "", "controllers are missing: pids"),
        (PURE_V2.replace(" rw,nosuid", " ro,nosuid"), "cpu memory pids", "mounted read-only"),
    ],
)
def test_what_podo_cannot_work_with_is_named(mountinfo, controllers, said):
    assert said in problem(parse_setup(mountinfo, controllers))
