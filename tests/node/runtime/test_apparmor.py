"""AppArmor as the kernel shows it, from recorded files: the machines of the tests need not have it."""

import os

import pytest

from podo.node.runtime.apparmor import DEFAULT, PROFILE, AppArmor, enabled, loaded, prepare, remove

SHOWN = """podo-default (enforce)
/usr/bin/man (enforce)
with spaces (in it) (complain)
"""


def files(tmp_path, parameter="Y\n", shown=SHOWN):
    (tmp_path / "enabled").write_text(parameter)
    (tmp_path / "profiles").write_text(shown)
    return tmp_path / "enabled", tmp_path / "profiles"


def test_a_kernel_without_it_has_no_file(tmp_path):
    assert not enabled(tmp_path / "none")
    assert loaded(tmp_path / "none") == frozenset()
    assert prepare(tmp_path / "none", tmp_path / "none") == AppArmor()


def test_it_may_be_there_and_off(tmp_path):
    parameter, profiles = files(tmp_path, parameter="N\n")
    assert prepare(parameter, profiles) == AppArmor()


def test_profiles_are_known_by_name_whatever_their_mode(tmp_path):
    _, profiles = files(tmp_path)
    assert loaded(profiles) == {"podo-default", "/usr/bin/man", "with spaces (in it)"}


def test_a_profile_that_is_loaded_already_is_used(tmp_path):
    assert prepare(*files(tmp_path)) == AppArmor(enabled=True, default=DEFAULT)


@pytest.fixture
def parser(tmp_path):
    """A program of the parser's name; what it was asked to do."""
    asked, path = tmp_path / "asked", os.environ["PATH"]
    program = tmp_path / "bin" / "apparmor_parser"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}; cat >> {asked}\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}:{path}"
    yield lambda: asked.read_text() if asked.exists() else ""
    os.environ["PATH"] = path


def test_a_profile_that_is_not_there_is_loaded(tmp_path, parser):
    assert prepare(*files(tmp_path, shown="")) == AppArmor(enabled=True, default=DEFAULT)
    assert parser() == f"-Kr\n{PROFILE}"


def test_only_a_profile_that_is_there_is_removed(tmp_path, parser):
    _, profiles = files(tmp_path, shown="/usr/bin/man (enforce)\n")
    remove(profiles)
    assert parser() == ""
    profiles.write_text(SHOWN)
    remove(profiles)
    assert parser() == f"-R\n{PROFILE}"


def test_engines_that_have_profiles_of_their_own_may_end_containers():
    for engine in ("unconfined", "runc", "crun"):  # Ubuntu 24.04 has such
        assert f"signal (receive) peer={engine}," in PROFILE


def test_the_profile_names_itself_and_leaves_no_hole_of_formatting():
    assert f"profile {DEFAULT} flags=" in PROFILE
    assert "{{" not in PROFILE
    assert PROFILE.count("{") == PROFILE.count("}")
