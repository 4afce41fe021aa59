"""AppArmor as the kernel shows it, from recorded files: the machines of the tests need not have it."""

from podo.node.runtime.apparmor import DEFAULT, PROFILE, AppArmor, enabled, loaded, prepare

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


def test_the_profile_names_itself_and_leaves_no_hole_of_formatting():
    assert f"profile {DEFAULT} flags=" in PROFILE
    assert "{{" not in PROFILE
    assert PROFILE.count("{") == PROFILE.count("}")
