"""Where Kubernetes is not quite regular, and clients can tell."""

import json

import pytest

from podo.server.protobuf import envelope

NAMESPACE = "/api/v1/namespaces/default"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
GENERATION = "deprecated.daemonset.template.generation"
CONTAINERS = {"containers": [{"name": "c", "image": "i"}]}


async def answer(api, method, path, body=None, **headers):
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.request(method, path, data=None if body is None else json.dumps(body), headers=given) as response:
        return response.status, json.loads(await response.read())


async def daemon_set(api, **annotations):
    body = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "d", "annotations": annotations},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS},
        },
    }
    status, made = await answer(api, "POST", "/apis/apps/v1/namespaces/default/daemonsets", body)
    assert (status, made["metadata"]["annotations"]) == (201, {**annotations, GENERATION: "1"})


@pytest.mark.parametrize(("given", "shown"), [({}, None), ({"a": "b"}, {"a": "b"})])
async def test_metadata_alone_lacks_an_annotation_that_stands_for_an_old_field(api, given, shown):
    await daemon_set(api, **given)
    path = "/apis/apps/v1/namespaces/default/daemonsets/d"
    row = (await answer(api, "GET", path, Accept=TABLE))[1]["rows"][0]
    assert row["object"]["metadata"].get("annotations") == shown
    alone = (await answer(api, "GET", path, Accept=f"application/json;{PARTIAL}"))[1]
    assert alone["metadata"].get("annotations") == shown
    async with api.get(path, headers={"Accept": f"application/vnd.kubernetes.protobuf;{PARTIAL}"}) as response:
        assert envelope.decode_any(await response.read())["metadata"].get("annotations") == shown


async def test_the_404_of_a_component_status_speaks_of_one(api):
    status, found = await answer(api, "GET", "/api/v1/componentstatuses/nope")
    assert (status, found["message"]) == (404, 'componentstatus "nope" not found')
    assert found["details"] == {"name": "nope", "kind": "componentstatus"}


async def test_a_resize_owns_what_it_asks_for_even_if_it_does_not_get_it(api):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": CONTAINERS}
    await answer(api, "POST", f"{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    assert (await answer(api, "POST", f"{NAMESPACE}/pods", body))[0] == 201
    patch = {"spec": {"containers": [{"name": "c", "image": "other"}]}}
    status, found = await answer(
        api, "PATCH", f"{NAMESPACE}/pods/p/resize", patch, Content_Type="application/strategic-merge-patch+json"
    )
    assert (status, found["spec"]["containers"][0]["image"]) == (200, "i")
    owners = {entry.get("subresource"): entry["fieldsV1"] for entry in found["metadata"]["managedFields"]}
    assert owners["resize"] == {"f:spec": {"f:containers": {'k:{"name":"c"}': {"f:image": {}}}}}


@pytest.mark.parametrize(("metadata", "status"), [({}, 201), ({"labels": {"a": "b"}}, 422)])
async def test_what_is_asked_about_access_shows_its_owners_when_its_metadata_is_refused(api, metadata, status):
    spec = {"user": "u", "resourceAttributes": {"verb": "get", "resource": "pods"}}
    body = {"metadata": metadata, "spec": spec}
    code, found = await answer(api, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    assert code == status
    assert ("managedFields" in found.get("message", "")) == bool(metadata)


@pytest.mark.parametrize(
    ("policies", "status"),
    [pytest.param({}, 201, id="absent: the default"), pytest.param({"policies": []}, 422, id="empty: refused")],
)
async def test_scaling_rules_without_policies_differ_from_rules_with_no_policy(api, policies, status):
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {
            "maxReplicas": 2,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "behavior": {"scaleUp": policies},
        },
    }
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    assert (await answer(api, "POST", path, body))[0] == status


async def test_an_empty_preemption_policy_is_not_the_one_of_the_class(api):
    await answer(api, "POST", f"{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {**CONTAINERS, "preemptionPolicy": ""}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    status, found = await answer(api, "POST", f"{NAMESPACE}/pods", body)
    assert status == 403
    assert "the string value of PreemptionPolicy () must not be provided" in found["message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/apis/coordination.k8s.io/v1/namespaces/default/leases", {"spec": {}}, 201, id="lease"),
        pytest.param("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {}, 201, id="webhook"),
        pytest.param(f"{NAMESPACE}/configmaps", {}, 422, id="config map"),
    ],
)
async def test_finalizers_need_a_domain_in_some_groups_only(api, path, body, status):
    named = {"metadata": {"name": "x", "finalizers": ["plain"]}}
    assert (await answer(api, "POST", path, named | body))[0] == status


async def test_a_definition_is_cleaned_up_although_its_finalizer_has_no_path(api):
    names = {"plural": "shirts", "singular": "shirt", "kind": "Shirt", "listKind": "ShirtList"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shirts.example.com", "finalizers": ["customresourcecleanup.apiextensions.k8s.io"]},
        "spec": {"group": "example.com", "scope": "Cluster", "names": names, "versions": [version]},
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert (await answer(api, "POST", path, body))[0] == 201
    status, gone = await answer(api, "DELETE", f"{path}/shirts.example.com")
    (terminating,) = [c for c in gone["status"]["conditions"] if c["type"] == "Terminating"]
    assert (status, terminating["reason"]) == (200, "InstanceDeletionPending")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}},
            id="a question",
        ),
        pytest.param("GET", f"{NAMESPACE}/pods/p/resize", None, id="a subresource"),
        pytest.param("PUT", "/api/v1/namespaces/default/finalize", {"metadata": {"name": "default"}}, id="finalize"),
    ],
)
async def test_what_is_no_table_is_not_acceptable_as_one(api, method, path, body):
    status, found = await answer(api, method, path, body, Accept=TABLE)
    assert (status, found["reason"]) == (406, "NotAcceptable")


async def test_a_scale_and_a_status_come_as_tables(api):
    await daemon_set(api)
    path = "/apis/apps/v1/namespaces/default/daemonsets/d/status"
    assert (await answer(api, "GET", path, Accept=TABLE))[1]["kind"] == "Table"


@pytest.mark.parametrize(("path", "own"), [("/healthz", "etcd"), ("/livez", "etcd"), ("/readyz", "informer-sync")])
async def test_health_is_told_step_by_step(api, path, own):
    async with api.get(f"{path}?verbose") as response:
        lines = (await response.text()).splitlines()
    assert {"[+]ping ok", f"[+]{own} ok", "[+]poststarthook/bootstrap-controller ok"} <= {*lines}
    assert lines[-1] == f"{path[1:]} check passed"
    async with api.get(f"{path}/poststarthook/rbac/bootstrap-roles") as response:
        assert (response.status, await response.text()) == (200, "ok")
