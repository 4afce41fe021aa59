"""Schemas from the field tables."""

import pytest

from podo.api import schema
from podo.server.openapi.schemas import META, type_name
from podo.server.openapi.v2 import SCHEMAS as V2
from podo.server.openapi.v3 import SCHEMAS as V3

CORE = "io.k8s.api.core.v1."


@pytest.fixture(scope="module")
def pods():
    return V3.closure([f"{CORE}PodList"], "", "v1")


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("core.v1.Pod", "io.k8s.api.core.v1.Pod"),
        ("meta.v1.ObjectMeta", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
        ("quantity", "io.k8s.apimachinery.pkg.api.resource.Quantity"),
        (
            "apiextensions.v1.JSONSchemaProps",
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
        ),
        ("apiregistration.v1.APIService", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService"),
    ],
)
def test_types_have_the_names_that_clients_know(table, name):
    assert type_name(table) == name


def test_a_closure_holds_all_that_is_referred_to(pods):
    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"].removeprefix("#/components/schemas/")
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert set(references(pods)) <= set(pods)
    assert f"{META}ObjectMeta" in pods


def test_lists_say_how_they_are_merged(pods):
    containers = pods[f"{CORE}PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert containers["x-kubernetes-list-type"] == "map"
    assert pods[f"{CORE}PodSpec"]["required"] == ["containers"]


def test_kinds_say_which_they_are(pods):
    assert pods[f"{CORE}Pod"]["x-kubernetes-group-version-kind"] == [{"group": "", "kind": "Pod", "version": "v1"}]
    assert "x-kubernetes-group-version-kind" not in pods[f"{CORE}PodSpec"]


def test_a_reference_with_more_to_say_is_wrapped_in_version_three_only():
    name = "io.k8s.api.apps.v1.DeploymentSpec"
    third = V3.closure([name], "apps", "v1")[name]["properties"]["strategy"]
    assert third["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}]
    assert third["x-kubernetes-patch-strategy"] == "retainKeys"
    second = V2.closure([name], None, "")[name]["properties"]["strategy"]
    assert second["$ref"] == "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy"


def test_delete_options_are_of_the_group_that_asks():
    found = V3.closure([f"{META}DeleteOptions"], "apps", "v1")[f"{META}DeleteOptions"]
    groups = [mark["group"] for mark in found["x-kubernetes-group-version-kind"]]
    assert groups == ["", "apps"]
    everywhere = V2.closure([f"{META}DeleteOptions"], None, "")[f"{META}DeleteOptions"]
    assert {"apps", "batch", ""} <= {mark["group"] for mark in everywhere["x-kubernetes-group-version-kind"]}


def test_an_unknown_type_may_be_anything():
    assert V3.closure(["com.example.v1.Foo"], "example.com", "v1") == {
        "com.example.v1.Foo": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    }


def test_every_type_has_a_schema():
    names = [type_name(table.name) for package in schema.packages() for table in schema.package(package).values()]
    found = V3.closure(names, "", "v1")
    assert all("x-kubernetes-preserve-unknown-fields" not in made for made in found.values())


def test_no_schema_has_members_that_hold_nothing():
    status = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus"
    schemas = V3.closure([status], "apiextensions.k8s.io", "v1")
    assert "properties" not in schemas[status]


def test_types_and_fields_are_described_in_both_versions():
    for schemas in (V2, V3):
        found = schemas.closure([f"{CORE}Pod"], "", "v1")
        assert found[f"{CORE}Pod"]["description"].startswith("Containers that run together")
        spec = found[f"{CORE}PodSpec"]["properties"]
        assert spec["terminationGracePeriodSeconds"]["description"].endswith("default 30.")
        assert spec["containers"]["description"]
        assert spec["containers"]["x-kubernetes-patch-merge-key"] == "name"


def test_a_reference_is_described_beside_it_in_version_two_and_around_it_in_version_three():
    second = V2.closure([f"{CORE}Pod"], None, "")[f"{CORE}Pod"]["properties"]["spec"]
    assert second == {"$ref": f"#/definitions/{CORE}PodSpec", "description": "What is wanted of the object."}
    third = V3.closure([f"{CORE}Pod"], "", "v1")[f"{CORE}Pod"]["properties"]["spec"]
    assert third["allOf"] == [{"$ref": f"#/components/schemas/{CORE}PodSpec"}]
    assert third["description"] == second["description"]


def test_items_of_lists_and_maps_are_not_described_twice(pods):
    containers = pods[f"{CORE}PodSpec"]["properties"]["containers"]
    assert containers["items"] == {"$ref": f"#/components/schemas/{CORE}Container"}


def test_scalars_with_a_name_and_the_version_are_described():
    quantity, info = "io.k8s.apimachinery.pkg.api.resource.Quantity", "io.k8s.apimachinery.pkg.version.Info"
    found = V3.closure([quantity, info], "", "v1")
    assert found[quantity]["description"].startswith("An amount")
    assert found[quantity]["oneOf"] == [{"type": "string"}, {"type": "number"}]
    assert all(field["description"] for field in found[info]["properties"].values())
    assert found[info]["required"]
