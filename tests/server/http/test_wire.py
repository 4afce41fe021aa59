"""What clients that speak protobuf see."""

import asyncio
import json

import aiohttp
import pytest

from podo.server.protobuf import envelope
from podo.server.protobuf.messages import message_class

PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPT = {"Accept": PROTOBUF}
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
METADATA = f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def config(name="x", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def read(response):
    assert response.headers["Content-Type"] == PROTOBUF
    return envelope.decode_any(await response.read())


async def event(content):
    frame = await content.readexactly(int.from_bytes(await content.readexactly(4), "big"))
    return of_frame(frame)


def of_frame(frame):
    message = message_class("meta.v1.WatchEvent").FromString(frame)
    return message.f1, envelope.decode_any(message.f2.f1)


async def test_an_object_lives_in_protobuf(api):
    body = envelope.encode(config(a="1"))
    async with api.post(CONFIGMAPS, data=body, headers=ACCEPT | {"Content-Type": PROTOBUF}) as response:
        made = await read(response)
        assert response.status == 201
    async with api.get(f"{CONFIGMAPS}/x") as response:
        assert await response.json() == made
    made["data"]["a"] = "2"
    async with api.put(
        f"{CONFIGMAPS}/x", data=envelope.encode(made), headers=ACCEPT | {"Content-Type": PROTOBUF}
    ) as response:
        assert (await read(response))["data"] == {"a": "2"}
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    headers = ACCEPT | {"Content-Type": PROTOBUF}
    async with api.delete(f"{CONFIGMAPS}/x", data=envelope.encode(options), headers=headers) as response:
        assert (response.status, (await read(response))["reason"]) == (409, "Conflict")
    async with api.delete(f"{CONFIGMAPS}/x", headers=ACCEPT) as response:
        assert (await read(response))["status"] == "Success"


async def test_lists_hold_what_json_lists_hold(api):
    for name in ("a", "b"):
        async with api.post(CONFIGMAPS, json=config(name, k=name)):
            pass
    for path in (
        CONFIGMAPS,
        "/api/v1/namespaces/default/serviceaccounts",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    ):
        async with api.get(path) as response:
            expected = await response.json()
        for _ in range(2):  # the second time from what is remembered
            async with api.get(path, headers=ACCEPT) as response:
                found = await read(response)
            assert found | {"items": found["items"] or []} == expected


async def test_metadata_alone(api):
    async with api.post(CONFIGMAPS, json=config()) as response:
        made = await response.json()
    async with api.get(f"{CONFIGMAPS}/x", headers={"Accept": METADATA}) as response:
        found = await read(response)
    assert (found["kind"], found["metadata"]) == ("PartialObjectMetadata", made["metadata"])
    of_list = METADATA.replace("Metadata;", "MetadataList;")
    async with api.get(CONFIGMAPS, headers={"Accept": of_list}) as response:
        found = await read(response)
    assert (found["kind"], found["items"][-1]["metadata"]) == ("PartialObjectMetadataList", made["metadata"])
    for path, accept in ((CONFIGMAPS, METADATA), (f"{CONFIGMAPS}/x", of_list)):
        async with api.get(path, headers={"Accept": accept}) as response:
            assert response.status == 406


async def test_tables_are_not_protobuf(api):
    table = ";as=Table;g=meta.k8s.io;v=v1"
    async with api.get(CONFIGMAPS, headers={"Accept": PROTOBUF + table}) as response:
        assert (response.status, (await response.json())["kind"]) == (406, "Status")
    async with api.get(CONFIGMAPS, headers={"Accept": f"{PROTOBUF}{table},application/json{table}"}) as response:
        assert (await response.json())["kind"] == "Table"


async def test_what_is_below_an_object(api):
    spec = {"replicas": 3, "selector": {"a": "b"}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}}
    spec["template"]["spec"]["containers"] = [{"name": "c", "image": "i"}]
    path = "/api/v1/namespaces/default/replicationcontrollers"
    async with api.post(path, json={"metadata": {"name": "x"}, "spec": spec}) as response:
        assert response.status == 201
    async with api.get(f"{path}/x/scale", headers=ACCEPT) as response:
        found = await read(response)
    assert (found["kind"], found["spec"]) == ("Scale", {"replicas": 3})


async def test_failures(api):
    async with api.get(f"{CONFIGMAPS}/none", headers=ACCEPT) as response:
        assert (response.status, (await read(response))["details"]["name"]) == (404, "none")
    async with api.get(f"{CONFIGMAPS}/none", headers={"Accept": METADATA}) as response:
        assert (response.status, response.content_type) == (404, "application/json")
    async with api.get(f"{CONFIGMAPS}/none", headers={"Accept": "application/yaml"}) as response:
        assert "reason: NotFound" in await response.text()
    async with api.get(f"{CONFIGMAPS}/none", headers={"Accept": "text/html"}) as response:
        assert response.content_type == "application/json"


@pytest.mark.parametrize("body", [b"", b"k8s\0", b"nothing", b"k8s\0\xff\xff", envelope.encode(config())[:-9]])
async def test_bodies_that_are_none(api, body):
    async with api.post(CONFIGMAPS, data=body, headers={"Content-Type": PROTOBUF}) as response:
        assert response.status == 400
    if body:
        async with api.delete(f"{CONFIGMAPS}/x", data=body, headers={"Content-Type": PROTOBUF}) as response:
            assert response.status == 400


async def test_watches_are_frames(api):
    query = {"watch": "1", "allowWatchBookmarks": "1", "sendInitialEvents": "true"}
    query["resourceVersionMatch"] = "NotOlderThan"
    query["fieldSelector"] = "metadata.name=x"
    async with api.get(CONFIGMAPS, params=query, headers={"Accept": f"{PROTOBUF};stream=watch"}) as response:
        assert response.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
        async with asyncio.timeout(2):
            kind, bookmark = await event(response.content)
            assert (kind, bookmark["metadata"]["annotations"]) == ("BOOKMARK", {"k8s.io/initial-events-end": "true"})
            async with api.post(CONFIGMAPS, json=config(a="1")) as made:
                assert await event(response.content) == ("ADDED", await made.json())
            async with api.delete(f"{CONFIGMAPS}/x"):
                assert (await event(response.content))[0] == "DELETED"


async def test_a_watch_from_too_long_ago(api):
    async with api.get(CONFIGMAPS, params={"watch": "1", "resourceVersion": "1"}, headers=ACCEPT) as response:
        kind, status = await event(response.content)
    assert (kind, status["kind"], status["reason"]) == ("ERROR", "Status", "Expired")


async def test_websockets_carry_events_without_their_length(api):
    async with api.post(CONFIGMAPS, json=config(a="1")) as response:
        made = await response.json()
    path = f"{CONFIGMAPS}?watch=1&fieldSelector=metadata.name%3Dx"
    async with api.ws_connect(path, headers=ACCEPT) as socket:
        message = await socket.receive(2)
        assert message.type == aiohttp.WSMsgType.BINARY
        assert of_frame(message.data) == ("ADDED", made)
    async with api.ws_connect(path) as socket:
        assert json.loads((await socket.receive(2)).data)["object"] == made
