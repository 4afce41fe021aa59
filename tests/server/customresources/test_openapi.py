"""Custom resources in OpenAPI documents."""

import json

import pytest

from podo.server.context import ANONYMOUS
from podo.server.core import Core
from podo.server.customresources.openapi import schemas_of
from podo.server.customresources.openapi_v2 import definitions_of, reduced
from podo.server.http.handler import PathRequest
from podo.server.openapi.handler import V2_PROTOBUF, OpenAPI
from podo.server.openapi.operations import paths_of
from podo.server.table.tables import column_definitions
from tests.server.customresources.build import GROUP, definition, spec_schema, version
from tests.server.customresources.test_serving import Api

NAME = "com.example.v1.Shirt"
UNKNOWN = {"x-kubernetes-preserve-unknown-fields": True}


async def test_a_schema_shows_what_every_object_has_and_its_own_fields(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    found = schemas_of([api.served()], "#/s/")
    assert sorted(found) == [NAME, f"{NAME}List"]
    assert sorted(found[NAME]["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert found[NAME]["x-kubernetes-group-version-kind"] == [{"group": GROUP, "kind": "Shirt", "version": "v1"}]
    assert found[f"{NAME}List"]["properties"]["items"]["items"] == {"$ref": f"#/s/{NAME}"}


async def test_fields_that_every_object_has_are_described(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    shown = schemas_of([api.served()], "#/components/schemas/")[NAME]["properties"]
    assert shown["apiVersion"]["description"].startswith("APIVersion defines ")
    assert shown["metadata"]["description"] == "Standard object's metadata"
    assert shown["metadata"]["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    ]


async def test_lists_are_described(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    third = schemas_of([api.served()], "#/components/schemas/")[f"{NAME}List"]
    second = definitions_of([api.served()], "#/definitions/")[f"{NAME}List"]
    for shown in (second, third):
        assert shown["description"] == "A list of objects of kind Shirt, or a page of one."
        assert all(field["description"] for field in shown["properties"].values())
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
    assert third["properties"]["metadata"]["allOf"] == [{"$ref": f"#/components/schemas/{meta}"}]
    assert second["properties"]["metadata"]["$ref"] == f"#/definitions/{meta}"


async def test_columns_have_the_texts_of_the_definition(core: Core) -> None:
    api = Api(core)
    own = [
        {"name": "Size", "type": "string", "jsonPath": ".spec.size", "description": "how large it is"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    await api.define(definition(version(additionalPrinterColumns=own)))
    columns = column_definitions(api.served().resource.columns, f"Shirt.{GROUP}")
    texts = {column["name"]: column["description"] for column in columns}
    assert texts == {"Name": "Name of the object.", "Size": "how large it is", "Age": "Time since the object was made."}


async def test_columns_that_a_definition_does_not_name_are_described(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    columns = column_definitions(api.served().resource.columns, f"Shirt.{GROUP}")
    assert [column["name"] for column in columns] == ["Name", "Age"]
    assert all(column["description"] for column in columns)


async def test_embedded_objects_show_kind_and_metadata(core: Core) -> None:
    api = Api(core)
    template = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    await api.define(definition(version(schema=spec_schema(template=template))))
    shown = schemas_of([api.served()], "#/s/")[NAME]["properties"]["spec"]["properties"]["template"]
    assert sorted(shown["properties"]) == ["apiVersion", "kind", "metadata"]
    assert shown["required"] == ["kind", "apiVersion"]


async def test_no_strategic_merge_patch_is_offered(core: Core) -> None:
    api = Api(core)
    await api.define(definition(version(subresources={"status": {}})))
    paths = paths_of(GROUP, "v1", [api.served().resource])
    patches = [o for path in paths.values() for o in path.operations if o.method == "patch"]
    assert len(patches) == 2
    for operation in patches:
        assert "application/merge-patch+json" in operation.takes
        assert not any("strategic" in taken for taken in operation.takes)


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string", "nullable": True, "description": "d"}, {"description": "d"}),
        ({"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True}, UNKNOWN),
        ({"type": "array", "items": {"type": "string"}, "anyOf": [{}]}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": {}}, UNKNOWN),
        (
            {"type": "object", "required": ["a", "b"], "properties": {"a": {"nullable": True}, "b": {}}},
            {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {}}},
        ),
    ],
)
def test_openapi_2_says_only_what_it_can(schema, shown) -> None:
    assert reduced(schema) == shown


async def test_definitions_are_published_in_openapi_2_as_json_and_protobuf(core: Core) -> None:
    api = Api(core)
    color = {"type": "string", "description": "its color", "pattern": "^[a-z]+$", "maxLength": 9, "default": "red"}
    await api.define(definition(version(schema=spec_schema(color=color))))
    found = definitions_of([api.served()], "#/definitions/")
    assert found[NAME]["properties"]["spec"]["properties"]["color"] == color
    assert found[NAME]["x-kubernetes-group-version-kind"] == [{"group": GROUP, "kind": "Shirt", "version": "v1"}]
    documents = OpenAPI(core.catalog, "v")
    request = PathRequest("GET", "/openapi/v2", {}, {"Accept": V2_PROTOBUF}, ANONYMOUS)
    answer = await documents.second(request)
    for text in (NAME, f"{NAME}List", "its color", "^[a-z]+$"):
        assert text.encode() in bytes(answer.body)


async def test_a_kind_without_schema_shows_no_fields(core: Core) -> None:
    api = Api(core)
    await api.define(definition(version(schema=UNKNOWN | {"type": "object"})))
    found = definitions_of([api.served()], "#/definitions/")[NAME]
    assert set(found) == {"type", "x-kubernetes-group-version-kind"}


async def test_a_document_of_custom_resources_has_their_own_paths_only(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    documents = OpenAPI(core.catalog, "v")
    answer = await documents.one(PathRequest("GET", f"/openapi/v3/apis/{GROUP}/v1", {}, {}, ANONYMOUS))
    found = json.loads(bytes(answer.body))
    assert all(path.endswith(("shirts", "shirts/{name}")) and "/watch/" not in path for path in found["paths"])
    marks = found["components"]["schemas"]["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]
    assert {"group": "extensions", "kind": "DeleteOptions", "version": "v1beta1"} in marks[
        "x-kubernetes-group-version-kind"
    ]
