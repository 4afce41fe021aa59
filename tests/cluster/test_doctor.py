from podo.cluster import doctor
from podo.cluster.doctor import Finding, missing_packages


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


def table(folder, count, most=1000):
    for name, number in (("count", count), ("max", most)):
        (folder / f"nf_conntrack_{name}").write_text(f"{number}\n")
    return doctor.connections(folder)


def test_a_table_of_connections_that_is_nearly_full_is_told_before_new_ones_are_dropped(tmp_path):
    assert table(tmp_path, 899).ok
    found = table(tmp_path, 900)
    assert (found.ok, found.detail) == (False, "900 of 1,000 connections: new ones are dropped when it is full")
    assert found.fix == "sysctl -w net.netfilter.nf_conntrack_max=2000"


def test_a_kernel_that_tracks_nothing_yet_is_well(tmp_path):
    assert doctor.connections(tmp_path).ok
