"""apply, replace, diff: manifests that say how it shall be."""

import json

import pytest

from tests.e2e.manifests import config_map, deployment, service

pytestmark = pytest.mark.e2e


def manifest(*objects) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def test_apply_makes_changes_and_leaves_alone(kubectl):
    assert kubectl.apply(deployment("web"), service("web")) == "deployment.apps/web created\nservice/web created\n"
    assert kubectl.apply(deployment("web"), service("web")) == "deployment.apps/web unchanged\nservice/web unchanged\n"
    assert kubectl.apply(deployment("web", replicas=2)) == "deployment.apps/web configured\n"
    kubectl.rolled_out("deployment/web")
    assert kubectl.get("deployment", "web")["status"]["readyReplicas"] == 2


def test_apply_takes_away_what_is_no_longer_said_and_keeps_what_others_set(kubectl):
    kubectl.apply(config_map("a", mine="1", gone="1"))
    kubectl("patch", "configmap", "a", "-p", '{"data":{"theirs":"1"}}')
    kubectl.apply(config_map("a", mine="2"))
    assert kubectl.get("configmap", "a")["data"] == {"mine": "2", "theirs": "1"}


def test_apply_prunes_what_a_set_no_longer_holds(kubectl):
    labelled = [config_map(n) | {"metadata": {"name": n, "labels": {"set": "s"}}} for n in ("a", "b")]
    kubectl.apply(*labelled)
    kinds = "--prune-allowlist=core/v1/ConfigMap"
    said = kubectl("apply", "--prune", "-l", "set=s", kinds, "-f", "-", stdin=manifest(labelled[0]))
    assert "configmap/b pruned" in said
    assert kubectl("get", "configmap", "-l", "set=s", "-o", "name") == "configmap/a\n"


def test_apply_by_the_server_keeps_owners_and_finds_conflicts(kubectl):
    def apply(manager, *options, **data):
        given = "apply", "--server-side", f"--field-manager={manager}", *options, "-f", "-"
        return kubectl.try_(*given, stdin=json.dumps(config_map("a", **data)))

    assert apply("one", k="1").stdout == "configmap/a serverside-applied\n"
    refused = apply("two", k="2")
    assert refused.status != 0
    assert 'conflict with "one": .data.k' in refused.stderr
    assert apply("two", "--force-conflicts", k="2").status == 0
    assert apply("one", other="1").status == 0
    assert kubectl.get("configmap", "a")["data"] == {"k": "2", "other": "1"}
    shown = kubectl("get", "configmap", "a", "-o", "json", "--show-managed-fields")
    owners = {f["manager"]: f for f in json.loads(shown)["metadata"]["managedFields"]}
    assert owners["two"]["fieldsV1"] == {"f:data": {"f:k": {}}}
    assert owners["two"]["operation"] == "Apply"


def test_a_deployment_applied_by_the_server_runs(kubectl):
    kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(deployment("web")))
    kubectl.rolled_out("deployment/web")
    changed = json.dumps(deployment("web", image="hello:v2"))
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", stdin=changed)
    kubectl.rolled_out("deployment/web")
    assert [p["spec"]["containers"][0]["image"] for p in kubectl.pods()] == ["hello:v2"]


def test_what_was_applied_by_the_client_goes_on_with_the_server(kubectl):
    kubectl.apply(config_map("a", k="1", gone="1"))
    kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(config_map("a", k="2")))
    assert kubectl.get("configmap", "a")["data"] == {"k": "2"}


def test_last_applied_can_be_seen_and_set(kubectl):
    kubectl.apply(config_map("a", k="1"))
    assert 'k: "1"' in kubectl("apply", "view-last-applied", "configmap/a")
    changed = json.dumps(config_map("a", k="1", more="1"))
    assert "configured" in kubectl("apply", "set-last-applied", "-f", "-", stdin=changed)


def test_diff_shows_what_apply_would_change(kubectl):
    kubectl.apply(deployment("web"))
    assert kubectl("diff", "-f", "-", stdin=json.dumps(deployment("web"))) == ""
    changed = kubectl.try_("diff", "-f", "-", stdin=json.dumps(deployment("web", replicas=3)))
    assert changed.status == 1
    assert "-  replicas: 1\n+  replicas: 3\n" in changed.stdout
    by_server = kubectl.try_(
        "diff", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(config_map("new", k="v"))
    )
    assert "+  k: v\n" in by_server.stdout


def test_replace_needs_the_object_and_takes_its_place(kubectl):
    assert "NotFound" in kubectl.refusal("replace", "-f", "-", stdin=json.dumps(config_map("a")))
    kubectl("create", "configmap", "a", "--from-literal=old=1")
    assert kubectl("replace", "-f", "-", stdin=json.dumps(config_map("a", new="1"))) == "configmap/a replaced\n"
    assert kubectl.get("configmap", "a")["data"] == {"new": "1"}
    first = kubectl.get("configmap", "a")["metadata"]["uid"]
    kubectl("replace", "--force", "-f", "-", stdin=json.dumps(config_map("a", new="2")))
    assert kubectl.get("configmap", "a")["metadata"]["uid"] != first


def test_replace_with_an_old_version_is_a_conflict(kubectl):
    kubectl("create", "configmap", "a")
    old = json.dumps(kubectl.get("configmap", "a"))
    kubectl("label", "configmap", "a", "changed=yes")
    assert "the object has been modified" in kubectl.refusal("replace", "-f", "-", stdin=old)


def test_kustomize_is_applied(kubectl, tmp_path):
    (tmp_path / "web.json").write_text(json.dumps(config_map("web", k="v")))
    (tmp_path / "kustomization.yaml").write_text("resources: [web.json]\nnamePrefix: my-\n")
    assert kubectl("apply", "-k", str(tmp_path)) == "configmap/my-web created\n"
