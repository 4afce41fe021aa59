"""Answers for the paths of OpenAPI."""

import asyncio
import zlib

import msgspec
import pytest

from podo.api.errors import MethodNotAllowed, NotAcceptable
from podo.api.resources import Resource
from podo.server.answer import GZIP, Compressed
from podo.server.context import ANONYMOUS
from podo.server.descriptions.texts import read
from podo.server.http.handler import PathRequest
from podo.server.openapi import v2_protobuf
from podo.server.openapi.handler import V2_PROTOBUF, OpenAPI
from podo.server.openapi.v2_protobuf import METHODS
from podo.server.registry.catalog import Catalog


@pytest.fixture
def openapi():
    return OpenAPI(Catalog(), "v1.36.2")


async def get(openapi, path, *, query=None, method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    paths = openapi.paths()
    handler = paths.get(path) or paths["/openapi/v3/"]
    return await handler(PathRequest(method, path, query or {}, named, ANONYMOUS))


async def test_the_index_names_every_group_and_version_with_a_hash(openapi):
    index = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3")).body))["paths"]
    assert {"api", "apis", "version", "api/v1", "apis/apps", "apis/apps/v1"} <= set(index)
    assert index["apis/apps/v1"]["serverRelativeURL"].startswith("/openapi/v3/apis/apps/v1?hash=")
    assert len({entry["serverRelativeURL"].partition("=")[2] for entry in index.values()}) == len(index)


async def test_a_document_under_its_hash_may_be_kept_forever(openapi):
    index = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3")).body))["paths"]
    path, _, digest = index["apis/apps/v1"]["serverRelativeURL"].partition("?hash=")
    answer = await get(openapi, path, query={"hash": digest})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, immutable"
    assert answer.headers["ETag"] == f'"{digest}"'
    assert "/apis/apps/v1/deployments" in msgspec.json.decode(bytes(answer.body))["paths"]


async def test_an_old_hash_leads_to_the_new_one(openapi):
    answer = await get(openapi, "/openapi/v3/api/v1", query={"hash": "OLD"})
    assert answer.status == 301
    assert answer.headers["Location"].startswith("/openapi/v3/api/v1?hash=")


async def test_what_a_client_has_is_not_sent_again(openapi):
    for path in ("/openapi/v3", "/openapi/v3/apis/apps/v1", "/openapi/v2"):
        first = await get(openapi, path)
        again = await get(openapi, path, If_None_Match=first.headers["ETag"])
        assert (again.status, bytes(again.body)) == (304, b"")


async def test_an_unknown_document_is_not_found(openapi):
    assert (await get(openapi, "/openapi/v3/apis/nope/v1")).status == 404


async def test_other_methods_and_media_types_are_refused(openapi):
    with pytest.raises(MethodNotAllowed):
        await get(openapi, "/openapi/v2", method="POST")
    with pytest.raises(NotAcceptable):
        await get(openapi, "/openapi/v2", Accept="text/html")


async def test_a_kind_that_comes_changes_index_and_hash(openapi):
    before = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3")).body))["paths"]
    catalog = openapi._catalog
    apps = catalog.by_path("apps", "v1", "deployments")
    resource = msgspec.structs.replace(apps.resource, plural="things", kind="Thing")
    assert isinstance(resource, Resource)
    catalog.add(type(apps)(resource, apps.stored, apps.stored_api_version))
    after = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3")).body))["paths"]
    assert before["apis/apps/v1"] != after["apis/apps/v1"]
    assert before["api/v1"] == after["api/v1"]
    document = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3/apis/apps/v1")).body))
    assert "/apis/apps/v1/things" in document["paths"]


async def test_version_two_is_one_document_of_all(openapi):
    document = msgspec.json.decode(bytes((await get(openapi, "/openapi/v2")).body))
    assert document["swagger"] == "2.0"
    assert {"/api/v1/pods", "/apis/apps/v1/deployments", "/apis/", "/version/"} <= set(document["paths"])
    assert "io.k8s.api.core.v1.Pod" in document["definitions"]


@pytest.mark.parametrize("asked", ["spec.v2@v1.0+protobuf", "spec.v2.v1.0+protobuf"])
async def test_version_two_as_protobuf_says_the_same(openapi, asked):
    answer = await get(openapi, "/openapi/v2", Accept=f"application/com.github.proto-openapi.{asked}")
    assert answer.media_type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    document = v2_protobuf.message("Document")
    document.ParseFromString(bytes(answer.body))
    plain = msgspec.json.decode(bytes((await get(openapi, "/openapi/v2")).body))
    assert [named.name for named in document.paths.path] == list(plain["paths"])
    schemas = {named.name: named.value for named in document.definitions.additional_properties}
    spec = {named.name: named.value for named in schemas["io.k8s.api.core.v1.PodSpec"].properties.additional_properties}
    assert spec["containers"].type.value == ["array"]
    extensions = {named.name: named.value.yaml for named in spec["containers"].vendor_extension}
    assert extensions["x-kubernetes-patch-merge-key"] == '"name"\n'
    assert getattr(spec["containers"].items.schema[0], "_ref") == "#/definitions/io.k8s.api.core.v1.Container"  # noqa: B009
    assert spec["containers"].description == read("core.v1")["PodSpec"].parts["containers"]


async def test_everything_is_described_in_every_version(openapi):
    index = msgspec.json.decode(bytes((await get(openapi, "/openapi/v3")).body))["paths"]
    documents = [msgspec.json.decode(bytes((await get(openapi, f"/openapi/v3/{name}")).body)) for name in index]
    documents.append(msgspec.json.decode(bytes((await get(openapi, "/openapi/v2")).body)))
    for document in documents:
        for path, item in document["paths"].items():
            operations = [item[method] for method in METHODS if method in item]
            assert all(operation["description"] for operation in operations), path
            shown = [*item.get("parameters", ()), *(p for o in operations for p in o.get("parameters", ()))]
            assert all(parameter["description"] for parameter in shown), path
        schemas = document.get("definitions") or document["components"]["schemas"]
        for name, made in schemas.items():
            assert made["description"], name
            assert all(field["description"] for field in made.get("properties", {}).values()), name


async def test_operations_and_parameters_are_described_in_protobuf(openapi):
    answer = await get(openapi, "/openapi/v2", Accept=V2_PROTOBUF)
    document = v2_protobuf.message("Document")
    document.ParseFromString(bytes(answer.body))
    pods = next(named.value for named in document.paths.path if named.name == "/api/v1/namespaces/{namespace}/pods")
    assert pods.post.description == "Creates a Pod."
    parameters = [item.parameter for item in pods.get.parameters]
    assert all(p.non_body_parameter.query_parameter_sub_schema.description for p in parameters)
    namespace = pods.parameters[0].parameter.non_body_parameter.path_parameter_sub_schema
    assert namespace.description == "Namespace of the object or objects."
    assert pods.post.parameters[0].parameter.body_parameter.description == "The object to create."


async def test_version_two_is_kept_compressed_and_goes_so_to_who_takes_it(openapi):
    body = (await get(openapi, "/openapi/v2")).body
    assert isinstance(body, Compressed)
    assert zlib.decompress(body.zipped, GZIP) == bytes(body)
    assert len(body.zipped) < len(body) / 5
    assert (await get(openapi, "/openapi/v2")).body is body


async def test_who_asks_for_version_two_while_it_is_made_gets_the_same(openapi):
    first, second = await asyncio.gather(get(openapi, "/openapi/v2"), get(openapi, "/openapi/v2"))
    assert first.body is second.body
