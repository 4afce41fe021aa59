"""Custom resources in OpenAPI documents."""

from podo.server.core import Core
from podo.server.customresources.openapi import schemas_of
from podo.server.openapi.operations import paths_of
from tests.server.customresources.build import GROUP, definition, spec_schema, version
from tests.server.customresources.test_serving import Api

NAME = "com.example.v1.Shirt"


async def test_a_schema_shows_what_every_object_has_and_its_own_fields(core: Core) -> None:
    api = Api(core)
    await api.define(definition())
    found = schemas_of([api.served()], "#/s/")
    assert sorted(found) == [NAME, f"{NAME}List"]
    assert sorted(found[NAME]["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert found[NAME]["x-kubernetes-group-version-kind"] == [{"group": GROUP, "kind": "Shirt", "version": "v1"}]
    assert found[f"{NAME}List"]["properties"]["items"]["items"] == {"$ref": f"#/s/{NAME}"}


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
