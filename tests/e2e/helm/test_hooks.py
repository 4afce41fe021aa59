"""Hooks: what runs before and after a release changes, in order, and what becomes of it."""

import json

import pytest

from tests.e2e.manifests import IMAGE, config_map

pytestmark = pytest.mark.e2e
POLICY = "helm.sh/hook-delete-policy"


def job(name: str, script: str, hook: str, **annotations: str) -> str:
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script]}
    return json.dumps(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "annotations": {"helm.sh/hook": hook} | annotations},
            "spec": {
                "backoffLimit": 0,
                "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
            },
        }
    )


@pytest.fixture
def chart(tmp_path):
    """Writes a chart of these templates; its path."""

    def write(crds=(), **templates: str) -> str:
        for folder in ("templates", "crds"):
            (tmp_path / "hooked" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "hooked/Chart.yaml").write_text("apiVersion: v2\nname: hooked\nversion: 0.1.0\n")
        for name, text in templates.items():
            (tmp_path / f"hooked/templates/{name}.yaml").write_text(text)
        for number, crd in enumerate(crds):
            (tmp_path / f"hooked/crds/{number}.yaml").write_text(json.dumps(crd))
        return str(tmp_path / "hooked")

    return write


def completed(kubectl):
    """The Jobs by the moment that they were complete."""
    jobs = kubectl.get("jobs")
    assert all(j["status"].get("succeeded") == 1 for j in jobs)
    return [j["metadata"]["name"] for j in sorted(jobs, key=lambda j: j["status"]["completionTime"])]


def test_hooks_run_around_a_change_each_when_the_one_before_is_done(helm, kubectl, chart):
    path = chart(
        late=job("late", "true", "pre-install", **{"helm.sh/hook-weight": "5"}),
        early=job("early", "sleep 1", "pre-install", **{"helm.sh/hook-weight": "-5"}),
        after=job("after", "sleep 1", "post-install,post-upgrade", **{POLICY: "before-hook-creation"}),
        upgrading=job("upgrading", "true", "pre-upgrade"),
        config=json.dumps(config_map("settings", k="{{ .Values.k }}")),
    )
    helm("install", path, "demo", {"k": "1"}, timeout=60)
    assert completed(kubectl) == ["early", "late", "after"]
    first = kubectl.get("job", "after")["metadata"]["uid"]
    helm("upgrade", path, "demo", {"k": "2"}, timeout=60)
    assert completed(kubectl)[-2:] == ["upgrading", "after"]
    assert kubectl.get("job", "after")["metadata"]["uid"] != first
    assert kubectl.get("configmap", "settings")["data"] == {"k": "2"}


def test_hooks_that_succeeded_are_removed_with_their_pods(helm, kubectl, chart):
    path = chart(once=job("once", "true", "pre-install,pre-rollback,post-delete", **{POLICY: "hook-succeeded"}))
    helm("install", path, "demo", timeout=60)
    assert kubectl.get("jobs") == []
    helm("upgrade", path, "demo", timeout=60)
    helm("rollback", "demo", timeout=60)
    helm("uninstall", "demo", timeout=60)
    assert kubectl.get("jobs") == []
    kubectl.wait("delete", "pod", "--all")


def test_a_hook_that_fails_ends_the_install_and_stays_to_be_looked_at(helm, kubectl, chart):
    path = chart(broken=job("broken", "exit 3", "pre-install"), config=json.dumps(config_map("settings")))
    refused = helm.refusal("install", path, "demo", timeout=60)
    assert "failed pre-install" in refused
    assert helm.history("demo") == [(1, "failed")]
    assert kubectl.get("job", "broken")["status"]["failed"] == 1
    assert "NotFound" in kubectl.refusal("get", "configmap", "settings")


def test_a_resource_with_the_policy_keep_stays_after_uninstall(helm, kubectl, chart):
    kept = config_map("kept")
    kept["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    helm("install", chart(kept=json.dumps(kept), goes=json.dumps(config_map("goes"))), "demo")
    assert "kept" in helm("uninstall", "demo")["info"]
    assert [c["metadata"]["name"] for c in kubectl.get("configmap", "kept", "goes", "--ignore-not-found")] == ["kept"]


def test_definitions_of_a_chart_are_there_before_its_objects(helm, kubectl, chart):
    group = f"{kubectl.namespace}.example.com"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": {"n": 1}}
    path = chart(crds=[crd], thing=json.dumps(thing))
    try:
        assert helm("install", path, "demo", timeout=60)["status"] == "deployed"
        assert kubectl.get(f"things.{group}", "one")["spec"] == {"n": 1}
    finally:
        kubectl("delete", "crd", f"things.{group}", "--ignore-not-found")


def test_releases_of_one_name_live_in_their_namespaces(helm, kubectl, chart):
    path = chart(config=json.dumps(config_map("settings")))
    other = f"{kubectl.namespace}-other"
    helm("install", path, "demo", namespace=other, create_namespace=True)
    try:
        helm("install", path, "demo")
        found = {r["namespace"] for r in helm("list", all_namespaces=True, name_filter="^demo$")}
        assert {other, kubectl.namespace} <= found
    finally:
        kubectl("delete", "namespace", other, "--wait=false")
