"""Names, labels, annotations, owners and finalizers."""

import pytest

from .build import built, complaints, update_complaints

OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}


def problems(**metadata):
    return complaints(built("v1", "ConfigMap", metadata=metadata))


def test_a_plain_object_is_good():
    assert problems(labels={"a": "b"}, annotations={"A/b": "c"}, finalizers=["a.b/c", "orphan"]) == []


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"name": "A"}, "metadata.name"),
        ({"name": ""}, "metadata.name"),
        ({"namespace": "a.b"}, "metadata.namespace"),
        ({"namespace": ""}, "metadata.namespace"),
        ({"generateName": "AB-"}, "metadata.generateName"),
        ({"labels": {"a b": "c"}}, "metadata.labels"),
        ({"labels": {"a": "-"}}, "metadata.labels"),
        ({"annotations": {"/a": "c"}}, "metadata.annotations"),
        ({"annotations": {"a": "x" * 262144}}, "metadata.annotations"),
        ({"ownerReferences": [{**OWNER, "uid": ""}]}, "metadata.ownerReferences.uid"),
        ({"ownerReferences": [{**OWNER, "kind": "Event"}]}, "metadata.ownerReferences"),
        ({"ownerReferences": [{**OWNER, "controller": True}] * 2}, "metadata.ownerReferences"),
        ({"finalizers": ["mine"]}, "metadata.finalizers[0]"),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "metadata.finalizers"),
        ({"generation": -1}, "metadata.generation"),
        ({"managedFields": [{"operation": "X"}]}, "metadata.managedFields[0].operation"),
        ({"managedFields": [{"operation": "Apply", "manager": "a\nb"}]}, "metadata.managedFields[0].manager"),
    ],
)
def test_bad_metadata_is_reported_at_its_path(metadata, path):
    found = problems(**metadata)
    assert found
    assert found[0].startswith(f"{path}: ")


def test_a_missing_name_says_what_to_do():
    assert problems(name="") == ["metadata.name: Required value: name or generateName is required"]


def test_an_object_that_is_not_namespaced_has_no_namespace():
    obj = built("v1", "Namespace", metadata={"namespace": "n"})
    assert complaints(obj) == ["metadata.namespace: Forbidden: not allowed on this type"]


@pytest.mark.parametrize("key", ["name", "namespace", "uid"])
def test_identity_cannot_change(key):
    old = built("v1", "ServiceAccount")
    new = built("v1", "ServiceAccount", metadata={key: "other"})
    assert update_complaints(new, old)[0] == f'metadata.{key}: Invalid value: "other": field is immutable'


def test_an_update_names_the_version_it_is_based_on():
    old = built("v1", "ServiceAccount")
    new = built("v1", "ServiceAccount")
    new["metadata"]["resourceVersion"] = ""
    assert set(update_complaints(new, old)) == {
        'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    }


def test_no_finalizer_is_added_to_what_is_being_deleted():
    old = built("v1", "ServiceAccount", metadata={"deletionTimestamp": "2020-01-01T00:00:00Z"})
    new = built("v1", "ServiceAccount", metadata={"deletionTimestamp": "2020-01-01T00:00:00Z", "finalizers": ["a.b/c"]})
    (found,) = set(update_complaints(new, old))
    assert found.endswith('found new finalizers []string{"a.b/c"}')
