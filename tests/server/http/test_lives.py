"""Every built-in kind lives a whole life over JSON and over protobuf, as the upstream suite has them do."""

import asyncio
import itertools
import json

import pytest

from podo.api import resources
from podo.server.protobuf import envelope
from tests.golden.cases import FOLDER, read

JSON, PROTOBUF = "application/json", "application/vnd.kubernetes.protobuf"
MERGE = "application/merge-patch+json"
LABELS = {"lives": "here"}
WHOLE = {"create", "get", "list", "watch", "update", "patch", "delete"}
NAMED_BY_CONTENT = {"APIService", "CSIDriver", "CSINode", "CustomResourceDefinition", "IPAddress", "Secret"}
"""Kinds whose names say something that must fit the rest: of these there is one at a time."""


def good_objects():
    """An object of each kind that is accepted, by apiVersion and kind."""
    found = {}
    for case in read(FOLDER / "create-defaulting.xz"):
        step = case.steps[0]
        if step.method == "POST" and step.answer.status == 201 and isinstance(step.body, dict) and "kind" in step.body:
            text = json.dumps(step.body).replace("${NS}", "default").replace("${U}", "u")
            found.setdefault((step.body["apiVersion"], step.body["kind"]), json.loads(text))
    return found


RBAC = "rbac.authorization.k8s.io"
PARENT = {"group": "", "resource": "services", "namespace": "default", "name": "s"}
MORE = [
    ("networking.k8s.io/v1", "IPAddress", "10.0.0.77", {"spec": {"parentRef": PARENT}}),
    ("policy/v1", "PodDisruptionBudget", "x", {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}),
    (f"{RBAC}/v1", "ClusterRoleBinding", "x", {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}}),
    ("storage.k8s.io/v1", "CSIDriver", "x.example.com", {"spec": {}}),
    ("storage.k8s.io/v1", "VolumeAttributesClass", "x", {"driverName": "x.example.com", "parameters": {"a": "b"}}),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "x", {}),
    ("scheduling.k8s.io/v1", "PriorityClass", "x", {"value": 7}),
    ("resource.k8s.io/v1", "DeviceClass", "x", {"spec": {}}),
]
GOOD = {
    (version, kind): {"apiVersion": version, "kind": kind, "metadata": {"name": name}} | rest
    for version, kind, name, rest in MORE
} | good_objects()
KINDS = [r for r in resources.built_in() if set(r.verbs) >= WHOLE and (r.api_version, r.kind) in GOOD]


class Kind:
    """One kind, in one format."""

    def __init__(self, api, resource, media_type):
        self.api, self.resource, self.media_type = api, resource, media_type
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        self.path = (
            f"{root}/namespaces/default/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
        )

    def read(self, data):
        return json.loads(data) if self.media_type == JSON else envelope.decode_any(data)

    async def send(self, method, path="", body=None, media_type=None, status=200):
        data = None
        if body is not None:
            data = envelope.encode(body) if media_type is None and self.media_type == PROTOBUF else json.dumps(body)
        headers = {"Accept": self.media_type, "Content-Type": media_type or self.media_type}
        async with self.api.request(method, self.path + path, data=data, headers=headers) as response:
            answer = await response.read()
            assert response.status == status, (method, path, answer)
            return self.read(answer)

    async def items(self, query=""):
        async with self.api.get(self.path + query, headers={"Accept": JSON}) as response:
            listed = json.loads(await response.read())
        async with self.api.get(self.path + query, headers={"Accept": self.media_type}) as response:
            found = await response.read()
        if self.media_type == JSON:
            return json.loads(found)["items"]
        api_version, kind, _ = envelope.opened(found)
        assert (api_version, kind) == (self.resource.api_version, f"{self.resource.kind}List")
        return listed["items"]

    async def events(self, query, count):
        """The types and the names of the next events of a watch."""
        async with self.api.get(f"{self.path}{query}", headers={"Accept": self.media_type}) as response:
            async with asyncio.timeout(5):
                return [await self.event(response.content) for _ in range(count)]

    async def event(self, content):
        if self.media_type == JSON:
            event = json.loads(await content.readline())
            return event["type"], event["object"]["metadata"]["name"]
        frame = await content.readexactly(int.from_bytes(await content.readexactly(4), "big"))
        length = frame[1]  # the type's
        body = frame[frame.index(envelope.MARK) :]
        return frame[2 : 2 + length].decode(), envelope.decode_any(body)["metadata"]["name"]


def labelled(resource, name):
    good = json.loads(json.dumps(GOOD[resource.api_version, resource.kind]))
    keeps_name = resource.kind in NAMED_BY_CONTENT
    good["metadata"] = good["metadata"] | {"labels": LABELS} | ({} if keeps_name else {"name": name})
    good["metadata"].pop("namespace", None)
    return good


@pytest.fixture
async def account(api):
    """What Pods need."""
    async with api.post("/api/v1/namespaces/default/serviceaccounts", json={"metadata": {"name": "default"}}) as made:
        assert made.status == 201


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
async def test_every_kind_lives_a_whole_life(api, media_type):
    for resource in KINDS:
        await live(Kind(api, resource, media_type))


async def live(kind):
    resource = kind.resource
    made = await kind.send("POST", body=labelled(resource, "a"), status=201)
    name, uid = made["metadata"]["name"], made["metadata"]["uid"]
    revision = made["metadata"]["resourceVersion"]
    assert (await kind.send("GET", f"/{name}"))["metadata"]["uid"] == uid
    assert [item["metadata"]["uid"] for item in await kind.items("?labelSelector=lives%3Dhere")] == [uid]
    assert await kind.items("?labelSelector=lives%3Delsewhere") == []

    patched = await kind.send("PATCH", f"/{name}", {"metadata": {"annotations": {"p": "q"}}}, MERGE)
    assert patched["metadata"]["annotations"]["p"] == "q"
    patched["metadata"]["annotations"]["p"] = "r"
    updated = await kind.send("PUT", f"/{name}", patched)
    assert updated["metadata"]["annotations"]["p"] == "r"
    await kind.send("PUT", f"/{name}", patched, status=409)  # it has changed since

    if "status" in resource.subresources:
        shown = await kind.send("GET", f"/{name}/status")
        assert shown["metadata"]["uid"] == uid
        await kind.send("PUT", f"/{name}/status", shown)

    field = f"?watch=1&resourceVersion={revision}&fieldSelector=metadata.name%3D{name}"
    assert await kind.events(field, 2) == [("MODIFIED", name)] * 2
    await kind.send("DELETE", f"/{name}?gracePeriodSeconds=0&propagationPolicy=Background")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
async def test_many_of_every_kind_are_deleted_by_label(api, media_type):
    for resource in KINDS:
        if "deletecollection" in resource.verbs:
            await delete_many(Kind(api, resource, media_type))


async def delete_many(kind):
    resource = kind.resource
    wanted = itertools.islice(("a", "b", "c"), 1 if resource.kind in NAMED_BY_CONTENT else 3)
    made = [await kind.send("POST", body=labelled(resource, name), status=201) for name in wanted]
    await kind.send("DELETE", "?labelSelector=lives%3Dhere&gracePeriodSeconds=0")
    revision = made[0]["metadata"]["resourceVersion"]
    query = f"?watch=1&resourceVersion={revision}&labelSelector=lives%3Dhere"
    held = await kind.items("?labelSelector=lives%3Dhere")
    assert all(item["metadata"]["deletionTimestamp"] for item in held)
    seen = await kind.events(query, 2 * len(made) - 1)
    assert {event for event in seen if event[0] == "ADDED"} == {("ADDED", one["metadata"]["name"]) for one in made[1:]}
