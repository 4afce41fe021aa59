"""The tables of types."""

import pytest

from podo.api import schema


@pytest.mark.parametrize("version", ["v2", "", "\0", "v" * 5000, "..", "../core", "v1/x"])
@pytest.mark.parametrize("group", ["", "apps", "x" * 5000, "meta", "\0"])
def test_no_group_and_version_but_ours_has_kinds(group, version):
    with pytest.raises(KeyError):
        schema.type_for(group, version, "Pod")


def test_kinds_are_found_by_group_and_version():
    assert schema.type_for("rbac.authorization.k8s.io", "v1", "Role").name == "rbac.v1.Role"
    assert schema.type_for("", "v1", "DeleteOptions").name == "meta.v1.DeleteOptions"
