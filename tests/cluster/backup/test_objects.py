import pytest

from podo.cluster.backup.objects import cleaned, is_kept, ordered, path


def resource(kind: str, group: str = "", **more):
    return {"group": group, "version": "v1", "plural": kind.lower() + "s", "kind": kind, "namespaced": True} | more


def obj(kind: str, name: str = "x", **more):
    meta = {"name": name, "namespace": "ns"} | more.pop("metadata", {})
    return {"apiVersion": "v1", "kind": kind, "metadata": meta} | more


OWNED = {"ownerReferences": [{"controller": True, "kind": "ReplicaSet", "name": "r", "uid": "u"}]}


@pytest.mark.parametrize(
    ("kind", "group", "more", "kept"),
    [
        ("ConfigMap", "", {}, True),
        ("ConfigMap", "", {"metadata": {"name": "kube-root-ca.crt"}}, False),
        ("Pod", "", {}, True),
        ("Pod", "", {"metadata": OWNED}, False),
        ("PersistentVolumeClaim", "", {"metadata": OWNED}, True),
        ("Secret", "", {"type": "Opaque"}, True),
        ("Secret", "", {"type": "kubernetes.io/service-account-token"}, False),
        ("Event", "", {}, False),
        ("Event", "events.k8s.io", {}, False),
        ("Event", "example.com", {}, True),
        ("EndpointSlice", "discovery.k8s.io", {}, False),
        ("ClusterRole", "", {"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}}, False),
        ("Widget", "example.com", {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, False),
    ],
)
def test_what_users_made_is_kept_and_what_a_cluster_makes_again_is_not(kind, group, more, kept):
    assert is_kept(resource(kind, group), obj(kind, **more)) is kept


def test_what_a_cluster_added_is_taken_away_and_the_original_stays():
    meta = {"uid": "u", "resourceVersion": "1", "managedFields": [], "labels": {"a": "b"}}
    given = obj("ConfigMap", metadata=meta, data={"k": "v"}, status={})
    assert cleaned(given) == obj("ConfigMap", metadata={"labels": {"a": "b"}}, data={"k": "v"})
    assert given["metadata"]["uid"] == "u"


def test_a_service_gets_an_address_of_the_new_cluster_and_a_headless_one_none():
    spec = {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "nodePort": 30000}]}
    assert cleaned(obj("Service", spec=spec))["spec"] == {"ports": [{"port": 80}]}
    headless = {"clusterIP": "None", "clusterIPs": ["None"]}
    assert cleaned(obj("Service", spec=headless))["spec"] == headless


def test_a_claim_forgets_its_old_volume():
    notes = {"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "n", "mine": "x"}
    meta = {"annotations": notes, "finalizers": ["kubernetes.io/pvc-protection"]}
    new = cleaned(
        obj("PersistentVolumeClaim", metadata=meta, spec={"volumeName": "pvc-1", "storageClassName": "local"})
    )
    assert new["spec"] == {"storageClassName": "local"}
    assert (new["metadata"]["annotations"], "finalizers" in new["metadata"]) == ({"mine": "x"}, False)


def test_a_pod_is_placed_anew_with_a_token_of_its_own():
    made = {"name": "kube-api-access-abcde"}
    container = {"name": "c", "volumeMounts": [{**made, "mountPath": "/t"}, {"name": "d", "mountPath": "/d"}]}
    spec = {"nodeName": "n", "volumes": [made, {"name": "d"}], "containers": [container]}
    new = cleaned(obj("Pod", spec=spec))["spec"]
    assert new["volumes"] == [{"name": "d"}]
    assert [m["name"] for m in new["containers"][0]["volumeMounts"]] == ["d"]
    assert "nodeName" not in new


def test_a_job_selects_its_new_pods():
    labels = {"controller-uid": "u", "batch.kubernetes.io/controller-uid": "u", "app": "x"}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": dict(labels)}}}
    new = cleaned(obj("Job", spec=spec))["spec"]
    assert new == {"template": {"metadata": {"labels": {"app": "x"}}}}


def test_in_another_namespace_bindings_are_for_its_accounts():
    subjects = [{"kind": "ServiceAccount", "name": "a", "namespace": "ns"}, {"kind": "User", "name": "u"}]
    new = cleaned(obj("RoleBinding", subjects=subjects), into="other")
    assert new["metadata"]["namespace"] == "other"
    assert [s.get("namespace") for s in new["subjects"]] == ["other", None]


def test_what_others_need_comes_first_and_what_runs_last():
    kinds = ["StatefulSet", "Pod", "Widget", "PersistentVolumeClaim", "Namespace", "Secret"]
    found = [o["kind"] for o in ordered(obj(k) for k in kinds)]
    assert found == ["Namespace", "Secret", "PersistentVolumeClaim", "Widget", "Pod", "StatefulSet"]


def test_paths_are_those_of_the_api():
    assert path(resource("Pod"), "ns") == "/api/v1/namespaces/ns/pods"
    assert path(resource("Deployment", "apps"), "ns", "d") == "/apis/apps/v1/namespaces/ns/deployments/d"
    assert path(resource("Node", namespaced=False), "ns") == "/api/v1/nodes"
