import pytest

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import SecurityContext
from podo.node.runtime.users import User, read_accounts, resolve_user

PASSWD = "root:x:0:0::/root:/bin/sh\nbroken line\njoe:x:1000:100::/:/bin/sh\n1000:x:1:1::/:/bin/sh\n"
GROUP = "root:x:0:\nusers:x:100:\nwheel:x:10:joe,root\n"


@pytest.mark.parametrize(
    ("image", "security", "user"),
    [
        ("", {}, User(0, 0, (0, 10))),
        ("joe", {}, User(1000, 100, (100, 10))),
        ("joe:wheel", {}, User(1000, 10, (10,))),
        ("joe:77", {}, User(1000, 77, (77, 10))),
        ("1000", {}, User(1, 1, (1,))),
        ("5000", {}, User(5000, 0, (0,))),
        ("5000:100", {}, User(5000, 100, (100,))),
        ("joe", {"run_as_user": 0}, User(0, 0, (0, 10))),
        ("joe:wheel", {"run_as_user": 7}, User(7, 0, (0,))),
        ("", {"run_as_username": "joe"}, User(1000, 100, (100, 10))),
        ("joe", {"run_as_group": 5}, User(1000, 5, (5, 10))),
        ("joe", {"supplemental_groups": (8, 10)}, User(1000, 100, (100, 10, 8))),
        ("joe", {"supplemental_groups": (8,), "strict_supplemental_groups": True}, User(1000, 100, (100, 8))),
    ],
)
def test_a_user_becomes_numbers(image, security, user):
    assert resolve_user(SecurityContext(**security), image, PASSWD, GROUP) == user


@pytest.mark.parametrize(("image", "what"), [("nobody", "user nobody"), ("joe:nogroup", "group nogroup")])
def test_unknown_names_are_named(image, what):
    with pytest.raises(RuntimeFailure, match=f"unable to find {what}"):
        resolve_user(SecurityContext(), image, PASSWD, GROUP)


def test_an_image_may_have_no_accounts(tmp_path):
    assert read_accounts(tmp_path) == ("", "")
    assert resolve_user(SecurityContext(), "12:13", "", "") == User(12, 13, (13,))


def test_accounts_are_read_inside_the_root_only(tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (tmp_path / "secret").write_text("outside")
    (root / "etc/passwd").symlink_to("../../secret")
    (root / "etc/group").symlink_to("/inside")
    (root / "inside").write_text("inside")
    assert read_accounts(root) == ("", "inside")
