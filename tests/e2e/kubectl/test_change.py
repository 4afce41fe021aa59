"""edit, patch, label, annotate, set: objects are changed in place."""

import json
import stat

import pytest

from tests.e2e.manifests import config_map, deployment, service, web

pytestmark = pytest.mark.e2e


@pytest.fixture
def editor(tmp_path):
    """An EDITOR that runs a sed script on the file."""

    def make(script: str) -> dict[str, str]:
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\nexec sed -i '{script}' \"$1\"\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"EDITOR": str(path)}

    return make


def test_edit_opens_the_object_and_applies_the_change(kubectl, editor):
    kubectl.apply(deployment("web"))
    assert (
        kubectl("edit", "deployment", "web", env=editor("s/replicas: 1/replicas: 2/")) == "deployment.apps/web edited\n"
    )
    assert kubectl.get("deployment", "web")["spec"]["replicas"] == 2


def test_edit_without_a_change_is_cancelled(kubectl, editor):
    kubectl.apply(config_map("a"))
    assert "Edit cancelled, no changes made." in kubectl.try_("edit", "cm", "a", env=editor("")).stderr


def test_an_edit_that_is_refused_is_kept_for_the_user(kubectl, editor):
    kubectl.apply(deployment("web"))
    refused = kubectl.refusal("edit", "deployment", "web", env=editor("s/replicas: 1/replicas: -1/"))
    assert 'deployments.apps "web" is invalid' in refused
    assert "A copy of your changes has been stored to" in refused
    assert kubectl.get("deployment", "web")["spec"]["replicas"] == 1


def test_a_subresource_can_be_edited(kubectl, editor):
    kubectl("create", "ingress", "a", "--class=of-nobody", "--rule=host/path=web:80")
    change = editor("s/loadBalancer: {}/loadBalancer: {ingress: [{ip: 192.0.2.1}]}/")
    assert kubectl("edit", "ingress", "a", "--subresource=status", env=change) == "ingress.networking.k8s.io/a edited\n"
    assert kubectl.get("ingress", "a")["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1"}]


def test_a_strategic_patch_merges_containers_by_name(kubectl):
    kubectl.apply(deployment("web"))
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "hello:v2"}]}}}}
    assert kubectl("patch", "deployment", "web", "-p", json.dumps(patch)) == "deployment.apps/web patched\n"
    containers = kubectl.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert {c["name"]: c["image"] for c in containers} == {"more": "hello:v2", "main": "hello:v1"}


def test_a_merge_patch_replaces_lists_and_null_removes(kubectl):
    kubectl.apply(service("a"))
    patch = {"spec": {"ports": [{"port": 81}], "selector": {"app": None, "other": "x"}}}
    kubectl("patch", "service", "a", "--type=merge", "-p", json.dumps(patch))
    found = kubectl.get("service", "a")["spec"]
    assert [p["port"] for p in found["ports"]] == [81]
    assert found["selector"] == {"other": "x"}


def test_a_json_patch_is_done_in_steps_or_not_at_all(kubectl):
    kubectl.apply(config_map("a", k="1"))
    steps = [{"op": "test", "path": "/data/k", "value": "1"}, {"op": "add", "path": "/data/l", "value": "2"}]
    kubectl("patch", "cm", "a", "--type=json", "-p", json.dumps(steps))
    assert kubectl.get("cm", "a")["data"] == {"k": "1", "l": "2"}
    steps = [{"op": "remove", "path": "/data/k"}, {"op": "test", "path": "/data/l", "value": "no"}]
    assert "The request is invalid" in kubectl.refusal("patch", "cm", "a", "--type=json", "-p", json.dumps(steps))
    assert kubectl.get("cm", "a")["data"] == {"k": "1", "l": "2"}


def test_status_can_be_patched_apart_from_the_object(kubectl):
    kubectl.apply(service("a"))
    condition = {
        "type": "Seen",
        "status": "True",
        "reason": "Test",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    patch = {"status": {"conditions": [condition]}, "spec": {"selector": {"app": "other"}}}
    kubectl("patch", "service", "a", "--subresource=status", "-p", json.dumps(patch))
    found = kubectl.get("service", "a")
    assert found["spec"]["selector"] == {"app": "a"}
    assert found["status"]["conditions"] == [condition]
    kubectl("patch", "service", "a", "-p", json.dumps({"status": {"conditions": []}}))
    assert kubectl.get("service", "a")["status"]["conditions"] == [condition]


def test_labels_are_set_changed_only_on_demand_and_removed(kubectl):
    kubectl.apply(config_map("a"))
    assert kubectl("label", "cm", "a", "tier=front") == "configmap/a labeled\n"
    assert "--overwrite is false" in kubectl.refusal("label", "cm", "a", "tier=back")
    kubectl("label", "cm", "a", "tier=back", "--overwrite")
    assert kubectl("get", "cm", "-l", "tier=back", "-o", "name") == "configmap/a\n"
    assert kubectl("label", "cm", "a", "tier-") == "configmap/a unlabeled\n"
    assert "labels" not in kubectl.get("cm", "a")["metadata"]


def test_a_label_that_is_none_is_refused(kubectl):
    kubectl.apply(config_map("a"))
    assert "a valid label must be an empty string or consist of" in kubectl.refusal("label", "cm", "a", "k=not/valid")


def test_annotations_are_set_and_removed(kubectl):
    kubectl("create", "cm", "a")
    assert kubectl("annotate", "cm", "a", "note=any text, even this: {}") == "configmap/a annotated\n"
    assert kubectl.get("cm", "a")["metadata"]["annotations"] == {"note": "any text, even this: {}"}
    kubectl("annotate", "cm", "a", "note-")
    assert "annotations" not in kubectl.get("cm", "a")["metadata"]


def test_set_changes_images_variables_resources_and_selectors(kubectl):
    kubectl.apply(deployment("web"), service("web"))
    assert kubectl("set", "image", "deployment/web", "main=hello:v2") == "deployment.apps/web image updated\n"
    assert kubectl("set", "env", "deployment/web", "A=b") == "deployment.apps/web env updated\n"
    assert "updated" in kubectl("set", "resources", "deployment/web", "--limits=memory=64Mi", "--requests=cpu=10m")
    assert "updated" in kubectl("set", "serviceaccount", "deployment/web", "default")
    assert "updated" in kubectl("set", "selector", "service/web", "app=other")
    kubectl.rolled_out("deployment/web")
    found = kubectl.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert (found["image"], found["env"]) == ("hello:v2", [{"name": "A", "value": "b"}])
    assert found["resources"] == {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m"}}
    assert "A=b" in kubectl("set", "env", "deployment/web", "--list")


def test_what_may_not_change_is_refused(kubectl):
    kubectl.apply(web("a"))
    patch = json.dumps({"spec": {"containers": [{"name": "main", "command": ["other"]}]}})
    refused = kubectl.refusal("patch", "pod", "a", "-p", patch)
    assert "pod updates may not change fields other than" in refused
