import json

import pytest
import yaml

from podo.api.errors import MethodNotAllowed, NotAcceptable, NotFound
from podo.server.context import User
from podo.server.discovery import Discovery
from podo.server.http.handler import PathRequest
from podo.server.protobuf import codec
from podo.server.protobuf.envelope import decode_any, opened
from podo.server.registry.catalog import Catalog

PROTOBUF = "application/vnd.kubernetes.protobuf"
V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def request(path: str, method: str = "GET", **headers: str) -> PathRequest:
    return PathRequest(method, path, {}, {k.replace("_", "-"): v for k, v in headers.items()}, User("u"))


@pytest.fixture
def discovery() -> Discovery:
    return Discovery(Catalog(), lambda: "127.0.0.1:6443")


async def body(discovery: Discovery, path: str, **headers: str):
    return json.loads((await discovery.answer(request(path, **headers))).body)


async def test_every_group_and_version_that_is_named_has_its_document(discovery):
    for group in (await body(discovery, "/apis"))["groups"]:
        assert (await body(discovery, f"/apis/{group['name']}"))["name"] == group["name"]
        for each in group["versions"]:
            assert (await body(discovery, f"/apis/{each['groupVersion']}"))["groupVersion"] == each["groupVersion"]


async def test_resources_come_with_their_subresources(discovery):
    found = {r["name"]: r for r in (await body(discovery, "/api/v1"))["resources"]}
    assert found["pods"]["shortNames"] == ["po"]
    assert found["pods/eviction"] == {
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": True,
        "group": "policy",
        "version": "v1",
        "kind": "Eviction",
        "verbs": ["create"],
    }


async def test_the_preferred_version_of_a_group_is_its_first(discovery):
    assert (await body(discovery, "/apis/autoscaling"))["preferredVersion"]["version"] == "v2"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (V2, "APIGroupDiscoveryList"),
        (f"{V2},application/json", "APIGroupDiscoveryList"),
        (f"application/json,{V2}", "APIGroupList"),
        ("application/json", "APIGroupList"),
        ("", "APIGroupList"),
        ("*/*", "APIGroupList"),
    ],
)
async def test_the_aggregated_form_is_for_clients_that_prefer_it(discovery, accept, kind):
    assert (await body(discovery, "/apis", Accept=accept))["kind"] == kind


async def test_the_aggregated_answer_is_worked_out_once_for_each_form(discovery):
    first = await discovery.answer(request("/apis", Accept=V2))
    assert await discovery.answer(request("/apis", Accept=V2)) is first
    assert (await discovery.answer(request("/api", Accept=V2))).headers["ETag"] != first.headers["ETag"]


async def test_the_aggregated_form_is_not_sent_twice(discovery):
    first = await discovery.answer(request("/apis", Accept=V2))
    second = await discovery.answer(request("/apis", Accept=V2, If_None_Match=first.headers["ETag"]))
    assert (second.status, second.body) == (304, b"")


async def test_an_old_aggregated_form_is_not_acceptable(discovery):
    with pytest.raises(NotAcceptable):
        await discovery.answer(request("/apis", Accept=V2.replace("v=v2", "v=v2beta1")))


@pytest.mark.parametrize("path", ["/apis/nope", "/apis/nope/v1"])
async def test_a_group_that_is_not_there_is_plain_text(discovery, path):
    answer = await discovery.answer(request(path))
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/api/v2", "/apis/apps/v9"])
async def test_a_version_that_is_not_there_is_a_status(discovery, path, method):
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await discovery.answer(request(path, method))


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"])
async def test_every_document_comes_as_protobuf_and_as_yaml_too(discovery, path):
    plain = await body(discovery, path)
    wire = await discovery.answer(request(path, Accept=PROTOBUF))
    assert wire.media_type == PROTOBUF
    assert decode_any(wire.body)["kind"] == plain["kind"]
    text = await discovery.answer(request(path, Accept="application/yaml"))
    assert yaml.safe_load(text.body) == {"apiVersion": "v1"} | plain


async def test_the_aggregated_form_comes_as_protobuf_too(discovery):
    answer = await discovery.answer(request("/apis", Accept=V2.replace("application/json", PROTOBUF)))
    assert answer.media_type == V2.replace("application/json", PROTOBUF)
    api_version, kind, message = opened(answer.body)
    assert (api_version, kind) == ("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList")
    groups = codec.decode("apidiscovery.v2.APIGroupDiscoveryList", message)["items"]
    assert "apps" in [group["metadata"]["name"] for group in groups]


async def test_the_heaviest_form_is_taken(discovery):
    assert (await body(discovery, "/apis", Accept=f"{V2};q=0.1,application/json"))["kind"] == "APIGroupList"


async def test_only_reading_is_allowed(discovery):
    with pytest.raises(MethodNotAllowed):
        await discovery.answer(request("/api", "POST"))
