"""Versions of custom resources that a webhook converts, through the API."""

import asyncio
import json

import pytest

from podo.server.customresources.conversion import ConversionError, accepted, converted_objects
from tests.server.customresources.build import GROUP, definition, spec_schema, version
from tests.server.http.conftest import api  # noqa: F401
from tests.server.webhooks.conftest import call, certificates, hooks  # noqa: F401

PATH = f"/apis/{GROUP}/v1/namespaces/default/shirts"
PATH_2 = f"/apis/{GROUP}/v2/namespaces/default/shirts"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TEXT = {"type": "string"}


def convert(request):
    """v1 has `hostPort`, v2 has `host` and `port`."""
    found = []
    for obj in request["objects"]:
        obj, wanted = json.loads(json.dumps(obj)), request["desiredAPIVersion"]
        spec = obj["spec"]
        if wanted.endswith("v2") and "hostPort" in spec:
            spec["host"], spec["port"] = spec.pop("hostPort").split(":")
        elif wanted.endswith("v1") and "host" in spec:
            spec["hostPort"] = f"{spec.pop('host')}:{spec.pop('port')}"
        obj["metadata"].setdefault("annotations", {})["converted"] = "yes"
        found.append(obj | {"apiVersion": wanted})
    return {"result": {"status": "Success"}, "convertedObjects": found}


def two_versions(server, storage="v1", path="/convert", *, selectable=False):
    first = version("v1", spec_schema(hostPort=TEXT), storage=storage == "v1")
    second = version("v2", spec_schema(host=TEXT, port=TEXT), storage=storage == "v2")
    if selectable:
        first["selectableFields"] = [{"jsonPath": ".spec.hostPort"}]
        second["selectableFields"] = [{"jsonPath": ".spec.host"}, {"jsonPath": ".spec.port"}]
    found = definition(first, second)
    config = {"url": server.url(path), "caBundle": server.certificates.bundle}
    webhook = {"clientConfig": config, "conversionReviewVersions": ["v1"]}
    found["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return found


@pytest.fixture
async def shirts(call, hooks):  # noqa: F811
    """The API, with the definition served."""
    hooks.answers["/convert"] = convert
    status, body = await call("POST", DEFINITIONS, two_versions(hooks))
    assert status == 201, body
    await served(call)
    return call


async def served(call):  # noqa: F811
    for _ in range(100):
        if (await call("GET", PATH))[0] == 200:
            return
        await asyncio.sleep(0)
    raise AssertionError("the definition is not served")


def shirt(name, api_version="v1", **spec):
    return {"apiVersion": f"{GROUP}/{api_version}", "kind": "Shirt", "metadata": {"name": name}, "spec": spec}


async def test_an_object_is_read_in_the_other_version(shirts):
    assert (await shirts("POST", PATH, shirt("a", hostPort="h:1")))[0] == 201
    _, body = await shirts("GET", f"{PATH_2}/a")
    assert (body["apiVersion"], body["spec"]) == (f"{GROUP}/v2", {"host": "h", "port": "1"})
    assert body["metadata"]["annotations"] == {"converted": "yes"}


async def test_an_object_is_stored_in_the_stored_version(shirts, hooks):  # noqa: F811
    status, body = await shirts("POST", PATH_2, shirt("a", "v2", host="h", port="1"))
    assert (status, body["spec"]) == (201, {"host": "h", "port": "1"})
    (asked,) = hooks.requests("/convert")
    assert asked["desiredAPIVersion"] == f"{GROUP}/v1"
    assert "resourceVersion" not in asked["objects"][0]["metadata"]
    assert (await shirts("GET", f"{PATH}/a"))[1]["spec"] == {"hostPort": "h:1"}
    assert len(hooks.asked) == 1


async def test_a_list_is_converted_at_once_and_remembered(shirts, hooks):  # noqa: F811
    for name in ("a", "b"):
        await shirts("POST", PATH, shirt(name, hostPort="h:1"))
    for _ in range(2):
        _, body = await shirts("GET", PATH_2)
        assert [item["spec"]["port"] for item in body["items"]] == ["1", "1"]
    (asked,) = hooks.requests("/convert")
    assert len(asked["objects"]) == 2


async def test_updates_patches_and_deletions_work_in_either_version(shirts):
    await shirts("POST", PATH, shirt("a", hostPort="h:1"))
    _, body = await shirts("GET", f"{PATH_2}/a")
    body["spec"]["port"] = "2"
    status, body = await shirts("PUT", f"{PATH_2}/a", body)
    assert (status, body["spec"]["port"]) == (200, "2")
    patch = {"spec": {"port": "3"}}
    status, body = await shirts("PATCH", f"{PATH_2}/a", patch, **{"Content-Type": "application/merge-patch+json"})
    assert (status, body["spec"]) == (200, {"host": "h", "port": "3"})
    assert (await shirts("GET", f"{PATH}/a"))[1]["spec"] == {"hostPort": "h:3"}
    assert (await shirts("DELETE", f"{PATH_2}/a"))[0] == 200
    assert (await shirts("GET", f"{PATH}/a"))[0] == 404


async def test_a_watch_shows_its_own_version(shirts, api):  # noqa: F811
    async with api.get(f"{PATH_2}?watch=true") as stream:
        await shirts("POST", PATH, shirt("a", hostPort="h:1"))
        event = json.loads(await stream.content.readline())
        assert (event["type"], event["object"]["spec"]) == ("ADDED", {"host": "h", "port": "1"})
        await shirts("DELETE", f"{PATH}/a")
        event = json.loads(await stream.content.readline())
        assert (event["type"], event["object"]["apiVersion"]) == ("DELETED", f"{GROUP}/v2")


async def test_a_write_that_changes_nothing_moves_an_object_to_the_new_storage_version(shirts, hooks):  # noqa: F811
    _, before = await shirts("POST", PATH, shirt("a", hostPort="h:1"))
    _, current = await shirts("GET", f"{DEFINITIONS}/shirts.{GROUP}")
    current["spec"] = two_versions(hooks, storage="v2")["spec"]
    status, body = await shirts("PUT", f"{DEFINITIONS}/shirts.{GROUP}", current)
    assert (status, body["status"]["storedVersions"]) == (200, ["v1", "v2"])
    _, body = await shirts("PUT", f"{PATH}/a", before)
    assert body["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    hooks.asked.clear()
    assert (await shirts("GET", f"{PATH_2}/a"))[1]["spec"] == {"host": "h", "port": "1"}
    assert hooks.asked == []


async def test_a_webhook_that_fails_is_told(shirts, hooks):  # noqa: F811
    await shirts("POST", PATH, shirt("a", hostPort="h:1"))
    hooks.answers["/convert"] = lambda _: {"result": {"status": "Failed", "message": "no way"}}
    status, body = await shirts("GET", f"{PATH_2}/a")
    assert status == 500
    assert body["message"] == f"conversion webhook for {GROUP}/v1, Kind=Shirt failed: no way"


async def test_a_definition_can_go_without_its_webhook(shirts, hooks):  # noqa: F811
    await shirts("POST", PATH, shirt("a", hostPort="h:1"))
    hooks.answers["/convert"] = lambda _: {"result": {"status": "Failed"}}
    await shirts("DELETE", f"{DEFINITIONS}/shirts.{GROUP}")
    for _ in range(1000):
        if (await shirts("GET", f"{DEFINITIONS}/shirts.{GROUP}"))[0] == 404:
            return
    raise AssertionError("the definition stays")


OLD = {"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n", "uid": "u", "labels": {"a": "b"}}}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"apiVersion": "g/v3"}, r"invalid groupVersion \(expected g/v2, received g/v3\)"),
        ({"kind": "L"}, "must have the same kind: K != L"),
        ({"metadata": {"name": "m", "uid": "u"}}, "must have the same name: n != m"),
        ({"metadata": {"name": "n", "uid": "v"}}, "must have the same UID: u != v"),
        ({"metadata": None}, "missing metadata in converted object"),
        ({"metadata": {"name": "n", "uid": "u", "labels": {"a": 1}}}, "invalid metadata"),
    ],
)
def test_what_a_conversion_must_keep(change, why):
    with pytest.raises(ConversionError, match=why):
        accepted(OLD, OLD | {"apiVersion": "g/v2"} | change, "g/v2")


def test_labels_and_annotations_are_the_webhooks_other_metadata_is_not():
    new = {"name": "n", "uid": "u", "annotations": {"x": "y"}, "finalizers": ["mine"]}
    found = accepted(OLD, OLD | {"apiVersion": "g/v2", "metadata": new}, "g/v2")
    assert found["metadata"] == {"name": "n", "uid": "u", "annotations": {"x": "y"}}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"kind": "X", "apiVersion": "apiextensions.k8s.io/v1"}, "expected webhook response of"),
        ({}, "no response provided"),
        ({"response": {"uid": "2"}}, 'expected response.uid="1", got "2"'),
        ({"response": {"uid": "1"}}, "response.result.status was '', not 'Success'"),
    ],
)
def test_answers_that_are_none(answer, why):
    full = {"kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1"} | answer
    with pytest.raises(ConversionError, match=why):
        converted_objects(full, "1", "v1")


@pytest.fixture
async def selectable_shirts(call, hooks):  # noqa: F811
    """The same with fields that can be selected, others in each version."""
    hooks.answers["/convert"] = convert
    status, body = await call("POST", DEFINITIONS, two_versions(hooks, selectable=True))
    assert status == 201, body
    await served(call)
    return call


async def test_fields_are_selected_in_the_version_that_is_asked_for(selectable_shirts):
    shirts = selectable_shirts
    for name, place in (("a", "h:1"), ("b", "h:2"), ("c", "g:1")):
        assert (await shirts("POST", PATH, shirt(name, hostPort=place)))[0] == 201

    async def names(path, selector, more=""):
        status, body = await shirts("GET", f"{path}?fieldSelector={selector}{more}")
        assert status == 200, body
        return [item["metadata"]["name"] for item in body["items"]], body["metadata"].get("continue", "")

    assert await names(PATH_2, "spec.host=h") == (["a", "b"], "")
    assert await names(PATH_2, "spec.host=h,spec.port=2") == (["b"], "")
    assert await names(PATH, "spec.hostPort=h:1") == (["a"], "")
    assert (await shirts("GET", f"{PATH}?fieldSelector=spec.host=h"))[0] == 400
    first, token = await names(PATH_2, "spec.host=h", "&limit=1")
    assert first == ["a"]
    assert await names(PATH_2, "spec.host=h", f"&limit=1&continue={token}") == (["b"], "")


async def test_a_watch_follows_fields_of_its_own_version(selectable_shirts, api):  # noqa: F811
    shirts = selectable_shirts
    async with api.get(f"{PATH_2}?watch=true&fieldSelector=spec.host=h") as stream:
        await shirts("POST", PATH, shirt("other", hostPort="g:1"))
        _, body = await shirts("POST", PATH, shirt("a", hostPort="h:1"))
        for place in ("h:2", "g:2"):
            body["spec"]["hostPort"] = place
            _, body = await shirts("PUT", f"{PATH}/a", body)
        seen = [json.loads(await stream.content.readline()) for _ in range(3)]
    assert [(e["type"], e["object"]["spec"]) for e in seen] == [
        ("ADDED", {"host": "h", "port": "1"}),
        ("MODIFIED", {"host": "h", "port": "2"}),
        ("DELETED", {"host": "h", "port": "2"}),
    ]
    assert seen[0]["object"]["apiVersion"] == f"{GROUP}/v2"
