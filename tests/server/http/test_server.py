"""The server as clients see it."""

import asyncio
import gzip
import json

import aiohttp
import pytest

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def config(name="x", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def status_of(response):
    body = await response.json(content_type=None)
    return response.status, body.get("reason"), body.get("message")


async def events(response, count):
    async with asyncio.timeout(2):
        return [json.loads(await response.content.readline()) for _ in range(count)]


async def test_an_object_lives(api):
    async with api.post(CONFIGMAPS, json=config(a="1")) as response:
        made = await response.json()
        assert response.status == 201
    assert made["metadata"]["managedFields"][0]["manager"] == "tests"
    made["data"]["a"] = "2"
    async with api.put(f"{CONFIGMAPS}/x", json=made) as response:
        changed = await response.json()
    assert changed["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    async with api.patch(
        f"{CONFIGMAPS}/x", data=b'{"data":{"b":"3"}}', headers={"Content-Type": "application/merge-patch+json"}
    ) as response:
        assert (await response.json())["data"] == {"a": "2", "b": "3"}
    async with api.delete(f"{CONFIGMAPS}/x") as response:
        assert (await response.json())["status"] == "Success"
    async with api.get(f"{CONFIGMAPS}/x") as response:
        assert await status_of(response) == (404, "NotFound", 'configmaps "x" not found')


async def test_apply_makes_an_object_and_names_its_owner(api):
    headers = {"Content-Type": "application/apply-patch+yaml"}
    body = json.dumps(config(a="1"))
    async with api.patch(f"{CONFIGMAPS}/x?fieldManager=me", data=body, headers=headers) as response:
        made = await response.json()
        assert response.status == 201
    assert [entry["manager"] for entry in made["metadata"]["managedFields"]] == ["me"]
    async with api.patch(f"{CONFIGMAPS}/x?fieldManager=me", data=body, headers=headers) as response:
        assert response.status == 200
        assert (await response.json())["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    async with api.patch(f"{CONFIGMAPS}/x", data=body, headers=headers) as response:
        assert "fieldManager: Required value" in (await status_of(response))[2]


async def test_lists_are_joined_from_what_is_stored(api):
    for name in ("b", "a"):
        await api.post(CONFIGMAPS, json=config(name, k="v"))
    async with api.get(f"{CONFIGMAPS}?limit=1") as response:
        page = await response.json()
    assert [item["metadata"]["name"] for item in page["items"]] == ["a"]
    assert "kind" not in page["items"][0]
    assert page["metadata"]["remainingItemCount"] == 1
    async with api.get(CONFIGMAPS, params={"continue": page["metadata"]["continue"]}) as response:
        rest = await response.json()
    assert [item["metadata"]["name"] for item in rest["items"]] == ["b"]


async def test_a_watch_streams_what_happens(api):
    async with api.get(CONFIGMAPS) as response:
        version = (await response.json())["metadata"]["resourceVersion"]
    async with api.get(f"{CONFIGMAPS}?watch=1&resourceVersion={version}") as response:
        await api.post(CONFIGMAPS, json=config())
        await api.delete(f"{CONFIGMAPS}/x")
        seen = await events(response, 2)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in seen] == [
        ("ADDED", "x"),
        ("DELETED", "x"),
    ]


async def test_a_watch_can_begin_with_what_is_there(api):
    await api.post(CONFIGMAPS, json=config())
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with api.get(f"{CONFIGMAPS}?{query}") as response:
        first, end = await events(response, 2)
    assert first["type"] == "ADDED"
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(
    "path",
    [
        CONFIGMAPS,
        "/api/v1/pods",
        "/apis/apps/v1/deployments",
        "/apis/autoscaling/v1/horizontalpodautoscalers",
        "/api/v1/events",
        "/api/v1/nodes",
        "/apis/batch/v1/cronjobs",
        "/apis/networking.k8s.io/v1/ingresses",
    ],
)
async def test_a_bookmark_of_a_watch_as_table_has_one_row_of_nothing_but_metadata(api, path):
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with api.get(f"{path}?{query}&fieldSelector=metadata.name=nobody", headers=accept) as response:
        [end] = await events(response, 1)
    [row] = end["object"]["rows"]
    assert (end["type"], end["object"]["kind"]) == ("BOOKMARK", "Table")
    assert len(row["cells"]) == len(end["object"]["columnDefinitions"])
    metadata = row["object"]["metadata"]
    assert metadata.pop("resourceVersion") == end["object"]["metadata"]["resourceVersion"]
    assert metadata == {"annotations": {"k8s.io/initial-events-end": "true"}}


async def test_a_watch_from_too_long_ago_says_so_in_the_stream(api):
    async with api.get(f"{CONFIGMAPS}?watch=1&resourceVersion=1") as response:
        assert response.status == 200
        [event] = await events(response, 1)
    assert (event["type"], event["object"]["reason"]) == ("ERROR", "Expired")


@pytest.mark.slow
async def test_a_watch_ends_when_its_time_is_up(api):
    async with asyncio.timeout(5), api.get(f"{CONFIGMAPS}?watch=1&timeoutSeconds=1") as response:
        assert await response.read() == b""


async def test_a_watch_speaks_websocket(api):
    async with api.ws_connect(f"{CONFIGMAPS}?watch=1") as socket:
        await api.post(CONFIGMAPS, json=config())
        event = json.loads((await socket.receive(2)).data)
    assert event["type"] == "ADDED"


async def test_a_client_of_a_websocket_watch_that_goes_is_no_failure(api, caplog):
    for number in range(40):
        await api.post(CONFIGMAPS, json=config(f"c{number}", big="x" * 500_000))
    async with api.ws_connect(f"{CONFIGMAPS}?watch=1") as socket:
        await socket.receive(2)
        socket._response.connection.transport.abort()
    await api.post(CONFIGMAPS, json=config("late"))
    async with api.get(f"{CONFIGMAPS}/late") as response:
        assert response.status == 200
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == []


async def test_objects_can_be_shown_by_their_metadata(api):
    await api.post(CONFIGMAPS, json=config(a="1"))
    headers = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    async with api.get(CONFIGMAPS, headers=headers) as response:
        body = await response.json()
    assert (body["kind"], body["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert body["items"][0]["kind"] == "PartialObjectMetadata"
    assert "data" not in body["items"][0]


async def test_answers_can_be_yaml(api):
    async with api.get("/api/v1/namespaces/default", headers={"Accept": "application/yaml"}) as response:
        assert response.headers["Content-Type"] == "application/yaml"
        assert "kind: Namespace" in await response.text()


async def test_large_answers_are_compressed_for_those_who_want_it(api):
    for number in range(3):
        await api.post(CONFIGMAPS, json=config(f"c{number}", big="x" * 100_000))
    async with api.get(CONFIGMAPS, headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(gzip.decompress(await response.read()))["items"]) == 3
    async with api.get(CONFIGMAPS, headers={"Accept-Encoding": "identity"}) as response:
        assert "Content-Encoding" not in response.headers
        assert len((await response.json())["items"]) == 3


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/api/v1/nopes", 404, "NotFound"),
        ("PUT", CONFIGMAPS, 405, "MethodNotAllowed"),
        ("POST", f"{CONFIGMAPS}/x", 405, "MethodNotAllowed"),
        ("OPTIONS", CONFIGMAPS, 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed"),
        ("OPTIONS", "/api/v1/namespaces/default/pods/x/proxy/path", 503, "ServiceUnavailable"),
        ("GET", f"{CONFIGMAPS}?labelSelector=a%20b", 400, "BadRequest"),
        ("DELETE", "/api/v1/namespaces/default", 403, "Forbidden"),
    ],
)
async def test_what_is_not_allowed_is_refused_by_a_status(api, method, path, status, reason):
    async with api.request(method, path, json={}) as response:
        assert (await status_of(response))[:2] == (status, reason)


async def test_unknown_paths_are_plain_404s(api):
    async with api.get("/nope") as response:
        assert (response.status, await response.text()) == (404, "404 page not found\n")


async def test_a_body_of_another_type_is_unsupported(api):
    async with api.post(CONFIGMAPS, data=b"<a/>", headers={"Content-Type": "application/xml"}) as response:
        assert (await status_of(response))[:2] == (415, "UnsupportedMediaType")


@pytest.mark.parametrize("chunked", [False, True], ids=["of known length", "without end"])
async def test_a_body_of_more_than_three_mebibytes_is_refused(api, chunked):
    async def endless():
        while True:
            yield b"x" * 65536

    data = endless() if chunked else b"x" * (3 << 20) + b"x"
    try:
        async with api.post(CONFIGMAPS, data=data, headers={"Content-Type": "application/json"}) as response:
            assert (await status_of(response))[:2] == (413, "RequestEntityTooLarge")
    except aiohttp.ClientError:
        assert chunked  # the connection may end before the client has read the answer


async def test_nobody_is_anonymous_and_a_wrong_token_is_refused(api):
    async with api.get("/api/v1/namespaces", headers={"Authorization": "Bearer wrong"}) as response:
        assert (await status_of(response))[:2] == (401, "Unauthorized")


async def test_nothing_is_made_in_a_namespace_that_is_not_there(api):
    async with api.post("/api/v1/namespaces/nope/configmaps", json=config()) as response:
        assert await status_of(response) == (404, "NotFound", 'namespaces "nope" not found')


async def test_a_client_that_speaks_no_http_is_told(api):
    reader, writer = await asyncio.open_connection(api._base_url.host, api._base_url.port)
    writer.write(b"FOO /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(2):
        assert (await reader.readline()).split()[1] == b"405"
    writer.close()


async def test_health_and_version(api):
    for path in ("/healthz", "/livez", "/readyz", "/readyz/ping"):
        async with api.get(path) as response:
            assert (response.status, await response.text()) == (200, "ok")
    for path in ("/version", "/version/"):
        async with api.get(path) as response:
            assert (await response.json())["minor"] == "36"
    async with api.get("/version/more") as response:
        assert response.status == 404


async def test_requests_are_counted(api):
    await api.get(CONFIGMAPS)
    async with api.get("/metrics") as response:
        text = await response.text()
    assert 'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="configmaps"' in text


async def test_a_long_list_goes_out_in_pieces_of_known_length(api):
    for number in range(600):
        await api.post(CONFIGMAPS, json=config(f"c{number:03}", k="v" * 50))
    for encoding in ("identity", "gzip"):
        async with api.get(CONFIGMAPS, headers={"Accept-Encoding": encoding}) as response:
            raw = await response.read()
            assert int(response.headers["Content-Length"]) == len(raw)
        body = json.loads(gzip.decompress(raw) if encoding == "gzip" else raw)
        assert [item["metadata"]["name"] for item in body["items"]] == [f"c{number:03}" for number in range(600)]


async def test_bytes_that_are_no_text_are_replaced_as_elsewhere(api):
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"\xff\xfe"}}'
    async with api.post(CONFIGMAPS, data=body, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 201
        assert (await response.json())["data"] == {"a": "\ufffd\ufffd"}
