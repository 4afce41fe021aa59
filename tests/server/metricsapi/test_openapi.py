"""metrics.k8s.io in OpenAPI documents."""

import msgspec
import pytest

from podo.server.context import ANONYMOUS
from podo.server.http.handler import PathRequest
from podo.server.metricsapi.openapi import METRICS
from podo.server.openapi.handler import OpenAPI
from podo.server.registry.catalog import Catalog

NAME = "apis/metrics.k8s.io/v1beta1"
POD = "io.k8s.metrics.v1beta1.PodMetrics"


@pytest.fixture
def openapi():
    return OpenAPI(Catalog(), "v1.36.2", None, [METRICS])


async def get(openapi, path):
    paths = openapi.paths()
    answer = await (paths.get(path) or paths["/openapi/v3/"])(PathRequest("GET", path, {}, {}, ANONYMOUS))
    return msgspec.json.decode(bytes(answer.body))


async def test_the_group_has_documents_of_its_own(openapi):
    index = (await get(openapi, "/openapi/v3"))["paths"]
    assert {NAME, "apis/metrics.k8s.io"} <= set(index)
    assert NAME not in (await get(OpenAPI(Catalog(), "v"), "/openapi/v3"))["paths"]


async def test_kinds_lists_and_containers_are_described_in_both_versions(openapi):
    third = (await get(openapi, f"/openapi/v3/{NAME}"))["components"]["schemas"]
    second = (await get(openapi, "/openapi/v2"))["definitions"]
    for schemas in (second, third):
        assert schemas[POD]["required"] == ["timestamp", "window", "containers"]
        for name in ("NodeMetrics", "NodeMetricsList", "PodMetrics", "PodMetricsList", "ContainerMetrics"):
            made = schemas[f"io.k8s.metrics.v1beta1.{name}"]
            assert made["description"], name
            assert all(field["description"] for field in made["properties"].values()), name
    mark = {"group": "metrics.k8s.io", "version": "v1beta1", "kind": "PodMetrics"}
    assert third[POD]["x-kubernetes-group-version-kind"] == [mark]


async def test_all_that_is_referred_to_is_there(openapi):
    document = await get(openapi, f"/openapi/v3/{NAME}")
    text = msgspec.json.encode(document).decode()
    referred = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred <= set(document["components"]["schemas"])
    assert {"io.k8s.apimachinery.pkg.api.resource.Quantity", "io.k8s.metrics.v1beta1.ContainerMetrics"} <= referred


async def test_only_reading_is_offered(openapi):
    paths = (await get(openapi, f"/openapi/v3/{NAME}"))["paths"]
    pods = paths["/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}"]
    assert "get" in pods
    assert pods.keys().isdisjoint({"post", "put", "patch", "delete"})
