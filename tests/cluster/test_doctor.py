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
