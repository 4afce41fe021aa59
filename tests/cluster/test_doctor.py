import pytest

from podo.cluster import doctor
from podo.cluster.doctor import Finding, missing_packages

V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0"
V1 = "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0"
SYSTEMD = "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0"


@pytest.mark.parametrize(
    ("mounts", "layout"),
    [
        (V2, "v2"),
        (V1, "v1"),
        (f"{V1}\n{SYSTEMD}\n{V2}", "hybrid"),
        ("proc /proc proc rw 0 0", "none"),
        (SYSTEMD, "none"),
    ],
)
def test_the_layout_of_cgroups_is_read_from_the_mounts(mounts, layout):
    assert doctor.cgroup_layout(mounts) == layout


def test_a_program_that_is_missing_names_its_package():
    finding = doctor.program("no-such-program", "some-package", "do a thing")()
    assert finding == Finding(
        "no-such-program",
        False,
        "not installed; needed to do a thing",
        "apt-get install some-package, or: podo setup",
        "some-package",
    )


def test_a_program_that_runs_shows_its_version():
    finding = doctor.program("python3", "python3", "run")()
    assert finding.ok
    assert finding.detail.startswith("Python 3")


def test_a_program_that_fails_is_not_well():
    assert not doctor.program("false", "coreutils", "fail")().ok


def test_only_what_is_missing_is_installed():
    findings = [
        Finding("a", True, "", package="pa"),
        Finding("b", False, "", "fix", "pb"),
        Finding("c", False, "", "fix"),
    ]
    assert missing_packages(findings) == ["pb"]


def test_every_finding_that_fails_says_what_to_do():
    assert all(f.ok or f.fix for f in doctor.examine())
