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


@pytest.mark.parametrize("path", ["/api/v1/configmaps", "/apis/apps/v1/deployments"])
async def test_nothing_is_made_or_deleted_in_all_namespaces_at_once(api, path):
    meta = {"name": "a", "namespace": "default"}
    await answer(api, "POST", f"{NAMESPACE}/configmaps", {"metadata": meta})
    for method in ("POST", "DELETE"):
        assert (await answer(api, method, path, {"metadata": meta} if method == "POST" else None))[0] == 405
    assert (await answer(api, "GET", f"{path}/a"))[0] == 404
    assert (await answer(api, "GET", path))[0] == 200
    assert (await answer(api, "GET", f"{NAMESPACE}/configmaps/a"))[0] == 200


async def test_below_a_subresource_there_is_nothing(api):
    assert (await answer(api, "GET", f"{NAMESPACE}/configmaps/a/x/y"))[0] == 404
    assert (await answer(api, "GET", "/apis/apps/v1/namespaces/default/deployments/d/status/x"))[0] == 404


async def test_the_index_names_what_there_is(api):
    status, found = await answer(api, "GET", "/")
    assert status == 200
    assert found["paths"] == sorted(found["paths"])
    expected = {
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/apis/apps",
        "/apis/apps/v1",
        "/healthz",
        "/openapi/v2",
        "/version",
    }
    assert expected <= set(found["paths"])
    async with api.get("/nope") as response:
        assert (response.status, await response.text()) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/version", 405),
        ("HEAD", "/api", 405),
        ("HEAD", "/apis/apps/v1", 405),
        ("HEAD", "/apis/apps", 200),
        ("POST", "/apis", 200),
        ("POST", "/metrics", 200),
        ("POST", "/", 200),
    ],
)
async def test_some_paths_answer_whatever_the_method(api, method, path, status):
    async with api.request(method, path) as response:
        assert response.status == status


@pytest.mark.parametrize(
    ("path", "accept", "offered"),
    [
        ("/version", "application/*", "application/json"),
        ("/version", "text/html", "application/json"),
        ("/api", "application/*", "application/json, application/yaml, application/vnd.kubernetes.protobuf"),
        (f"{NAMESPACE}/configmaps/a", "TEXT/HTML", "application/vnd.kubernetes.protobuf"),
        (f"{NAMESPACE}/configmaps", "text/html", "application/vnd.kubernetes.protobuf;stream=watch"),
    ],
)
async def test_a_refusal_names_what_there_is(api, path, accept, offered):
    status, found = await answer(api, "GET", path, Accept=accept)
    assert (status, found["message"].endswith(offered)) == (406, True)


async def test_groups_word_their_refusal_otherwise(api):
    found = (await answer(api, "GET", "/apis/apps", Accept="text/html"))[1]
    assert found["message"].startswith("only the following media types are accepted: application/json")


@pytest.mark.parametrize("media_type", ["application/json;a", ";"])
async def test_a_media_type_with_a_broken_parameter_is_unsupported(api, media_type):
    assert (await answer(api, "POST", f"{NAMESPACE}/configmaps", {}, Content_Type=media_type))[0] == 415


async def test_an_apply_without_a_manager_hears_all_that_is_wrong(api):
    path, apply = f"{NAMESPACE}/configmaps/a?dryRun=Some", "application/apply-patch+yaml"
    status, found = await answer(api, "PATCH", path, {}, Content_Type=apply)
    assert status == 422
    assert "fieldManager: Required value: is required for apply patch" in found["message"]
    assert "dryRun: Unsupported value" in found["message"]


async def test_a_version_that_is_no_number_fails_as_in_storage(api):
    await answer(api, "POST", f"{NAMESPACE}/configmaps", {"metadata": {"name": "v"}})
    body = {"metadata": {"name": "v", "resourceVersion": "abc"}}
    status, found = await answer(api, "PUT", f"{NAMESPACE}/configmaps/v", body)
    assert (status, found["message"]) == (500, 'strconv.ParseUint: parsing "abc": invalid syntax')


async def test_empty_maps_are_told_from_none_in_messages_after_patches_and_in_yaml(api):
    path = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    body["spec"] = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    await answer(api, "POST", path, body)
    patch = [{"op": "replace", "path": "/spec/template/metadata/labels", "value": {}}]
    found = (await answer(api, "PATCH", f"{path}/d", patch, Content_Type="application/json-patch+json"))[1]
    assert "spec.template.metadata.labels: Invalid value: {}: `selector` does not match" in found["message"]
    template["metadata"]["labels"] = {}
    found = (await answer(api, "POST", path, body, Content_Type="application/yaml"))[1]
    assert "spec.template.metadata.labels: Invalid value: {}: `selector` does not match" in found["message"]
