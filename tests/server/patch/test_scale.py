"""Ownership of replicas through the scale subresource."""

from podo.server.patch.managed_fields import Manager, Owned, decode, encode
from podo.server.patch.scale import REPLICAS, SCALE_VERSION, to_object, to_scale

from .kinds import T1, T2

PATHS = {"apps/v1": REPLICAS}
SPEC = {"f:spec": {"f:replicas": {}, "f:paused": {}}}
ONLY = {"f:spec": {"f:replicas": {}}}
APPLIER, UPDATER = Manager("a", "Apply"), Manager("u", "Update", "apps/v1")


def test_a_scale_is_owned_by_who_owns_the_replicas():
    entries = encode({APPLIER: Owned(SPEC, "apps/v1", T1), UPDATER: Owned({"f:spec": {"f:paused": {}}}, "apps/v1", T1)})
    assert decode(to_scale(entries, PATHS)) == {APPLIER: Owned(ONLY, SCALE_VERSION, T1)}


def test_the_version_of_an_updater_is_the_scales():
    entries = encode({UPDATER: Owned(SPEC, "apps/v1", T1)})
    assert [entry["apiVersion"] for entry in to_scale(entries, PATHS)] == [SCALE_VERSION]


def test_versions_that_are_unknown_or_have_no_replicas_are_left_out():
    entries = encode({UPDATER: Owned(SPEC, "apps/v1", T1)})
    assert to_scale(entries, {}) == to_scale(entries, {"apps/v1": None}) == []


def test_who_scales_takes_the_replicas_and_nothing_else():
    entries = encode({APPLIER: Owned(SPEC, "apps/v1", T1), UPDATER: Owned(ONLY, "apps/v1", T1)})
    scaler = Manager("s", "Update", SCALE_VERSION, "scale")
    found = decode(to_object(entries, encode({scaler: Owned(ONLY, SCALE_VERSION, T2)}), "apps/v1", PATHS))
    assert found == {
        APPLIER: Owned({"f:spec": {"f:paused": {}}}, "apps/v1", T1),
        Manager("s", "Update", "apps/v1", "scale"): Owned(ONLY, "apps/v1"),
    }


def test_who_still_owns_the_replicas_keeps_all_as_it_was():
    entries = encode({APPLIER: Owned(SPEC, "apps/v1", T1), UPDATER: Owned(SPEC, "apps/v1", T1)})
    assert to_object(entries, to_scale(entries, PATHS), "apps/v1", PATHS) == entries


def test_the_path_of_a_custom_resource_may_be_any():
    path = ("f:spec", "f:workers", "f:count")
    scaler = Manager("s", "Apply", "", "scale")
    found = to_object([], encode({scaler: Owned(ONLY, SCALE_VERSION, T2)}), "x.io/v1", {"x.io/v1": path})
    assert decode(found) == {scaler: Owned({"f:spec": {"f:workers": {"f:count": {}}}}, "x.io/v1")}


def test_entries_of_versions_that_are_gone_are_dropped():
    entries = encode({Manager("old", "Update", "apps/v0"): Owned(SPEC, "apps/v0", T1)})
    assert to_object(entries, [], "apps/v1", PATHS) == []
