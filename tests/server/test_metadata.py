"""What the registry checks and fills in of metadata, for kinds without validation of their own."""

import random

import pytest

from podo.api import names
from podo.server.metadata import create_errors, dedup_owners, generated_name, manager_errors, update_errors

OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}


def complaints(errors):
    return [str(error) for error in errors]


def on_create(meta, namespaced=True):
    return complaints(create_errors({"name": "x", "namespace": "ns"} | meta, namespaced, names.dns1123_subdomain))


def test_good_metadata_has_no_errors():
    assert on_create({"labels": {"a.b/c": "d"}, "annotations": {"A": "anything"}, "ownerReferences": [OWNER]}) == []


@pytest.mark.parametrize(
    ("meta", "complaint"),
    [
        ({"name": ""}, "metadata.name: Required value: name or generateName is required"),
        ({"name": "A"}, "metadata.name: Invalid value"),
        ({"generateName": "A-"}, "metadata.generateName: Invalid value"),
        ({"namespace": ""}, "metadata.namespace: Required value"),
        ({"namespace": "a.b"}, "metadata.namespace: Invalid value"),
        ({"generation": -1}, "metadata.generation: Invalid value: -1: must be greater than or equal to 0"),
        ({"labels": {"a b": "c"}}, "metadata.labels: Invalid value"),
        ({"labels": {"a": "b c"}}, "metadata.labels: Invalid value"),
        ({"annotations": {"a/b/c": ""}}, "metadata.annotations: Invalid value"),
        (
            {"annotations": {"a": "x" * (256 << 10)}},
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
        ({"finalizers": ["a b"]}, "metadata.finalizers: Invalid value"),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "cannot be both set"),
        ({"ownerReferences": [OWNER | {"uid": ""}]}, "metadata.ownerReferences.uid: Invalid value"),
        ({"ownerReferences": [OWNER | {"kind": "Event"}]}, "is disallowed from being an owner"),
        (
            {"ownerReferences": [OWNER | {"controller": True}, OWNER | {"controller": True, "name": "q"}]},
            "Only one reference can have Controller set to true",
        ),
        ({"managedFields": [{"operation": "Other"}]}, "must be `Apply` or `Update`"),
    ],
)
def test_what_is_wrong_is_said(meta, complaint):
    found = on_create(meta)
    assert len(found) == 1
    assert complaint in found[0]


def test_what_has_no_namespace_may_not_name_one():
    assert on_create({}, namespaced=False) == ["metadata.namespace: Forbidden: not allowed on this type"]


@pytest.mark.parametrize("field", ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"])
def test_some_fields_never_change(field):
    old = {"name": "x", "resourceVersion": "1"}
    [found] = complaints(update_errors(old | {field: "other"}, old))
    assert found.startswith(f"metadata.{field}: Invalid value")
    assert found.endswith("field is immutable")


def test_an_update_needs_a_revision():
    assert complaints(update_errors({"name": "x"}, {"name": "x"})) == [
        'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    ]


def test_generated_names_fit():
    choice = random.Random(1).choice
    assert len(generated_name("x" * 100, choice)) == 63
    assert generated_name("a-", choice).startswith("a-")


def test_owners_that_stand_twice_are_dropped_with_a_warning():
    meta = {"ownerReferences": [OWNER, OWNER | {"uid": "v"}, dict(OWNER)]}
    [warning] = dedup_owners(meta)
    assert warning.endswith("duplicate UID(s) observed: u")
    assert [owner["uid"] for owner in meta["ownerReferences"]] == ["u", "v"]
    assert dedup_owners(meta) == []


@pytest.mark.parametrize(("manager", "good"), [("kubectl", True), ("x" * 129, False), ("a\nb", False)])
def test_managers_have_printable_names_of_some_length(manager, good):
    assert (complaints(manager_errors(manager, "fieldManager")) == []) == good
