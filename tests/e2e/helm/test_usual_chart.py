"""The chart that `helm create` makes: Deployment, Service, ServiceAccount, autoscaler, Ingress, and a test."""

import pytest

from tests.e2e.manifests import config_map

pytestmark = pytest.mark.e2e
WAIT = {"wait": "watcher", "timeout": 60}


def image(kubectl):
    return kubectl.get("deployment", "demo-web")["spec"]["template"]["spec"]["containers"][0]["image"]


def test_a_release_from_install_to_uninstall(helm, kubectl, usual):
    path = str(usual.path)
    installed = helm("install", path, "demo", usual.values, **WAIT)
    assert (installed["revision"], installed["status"]) == (1, "deployed")
    kinds = "deployment,service,serviceaccount,horizontalpodautoscaler,ingress"
    made = {o["kind"] for o in kubectl.get(kinds, "-l", "app.kubernetes.io/instance=demo")}
    assert made == {"Deployment", "Service", "ServiceAccount", "HorizontalPodAutoscaler", "Ingress"}
    assert image(kubectl) == "hello:v1"
    assert helm("upgrade", path, "demo", usual.with_image("v2"), **WAIT)["revision"] == 2
    assert {p["spec"]["containers"][0]["image"] for p in kubectl.pods()} == {"hello:v2"}
    helm("rollback", "demo", version=1, **WAIT)
    assert image(kubectl) == "hello:v1"
    assert helm.history("demo") == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    helm("uninstall", "demo", **WAIT)
    assert kubectl.get(f"{kinds},secret", "-l", "app.kubernetes.io/instance=demo") == []
    assert helm("list") == []


def test_what_is_known_of_a_release(helm, usual):
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    (listed,) = helm("list")
    assert (listed["name"], listed["status"], listed["chart_name"]) == ("demo", "deployed", "web")
    assert helm("list", all_namespaces=True, name_filter="^demo$") != []
    assert "kind: Deployment" in helm("status", "demo")["manifest"]
    assert helm("get_values", "demo") == usual.values
    assert helm("get_metadata", "demo")["applyMethod"] == "ssa"
    assert [hook["name"] for hook in helm("get_all", "demo")["hooks"]] == ["demo-web-test-connection"]


def test_the_test_of_a_release_reaches_its_service(helm, usual):
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    tested = helm("test", "demo", logs=True, timeout=60)
    assert "'index.html' saved" in tested["logs"]


def test_a_dry_run_by_the_server_makes_nothing(helm, kubectl, usual):
    planned = helm("install", str(usual.path), "demo", usual.values, dry_run="server")
    assert planned["status"] == "pending-install"
    assert helm("list", all_states=True) == []
    assert kubectl.get("deployment") == []


def test_charts_are_checked_and_rendered_without_a_cluster(helm, usual):
    assert helm("lint", str(usual.path))["errors"] == []
    rendered = helm("template", str(usual.path), usual.values, name="demo", namespace="n")
    assert "kind: HorizontalPodAutoscaler" in rendered["web/templates/hpa.yaml"]


def test_an_upgrade_that_the_server_refuses_is_said_field_by_field_and_leaves_what_runs(helm, kubectl, usual):
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    refused = helm.refusal("upgrade", str(usual.path), "demo", usual.values | {"service": {"port": 99999}}, **WAIT)
    assert 'Service "demo-web" is invalid: spec.ports[0].port: Invalid value: 99999' in refused
    assert 'Deployment.apps "demo-web" is invalid: spec.template.spec.containers[0].ports[0]' in refused
    assert helm.history("demo") == [(1, "deployed"), (2, "failed")]
    assert kubectl.get("deployment", "demo-web")["status"]["readyReplicas"] == 1
    helm("rollback", "demo", version=1, **WAIT)
    assert helm.history("demo")[-1] == (3, "deployed")


def test_an_install_that_does_not_become_ready_in_time_can_be_taken_back(helm, kubectl, usual):
    never = usual.values | {"readinessProbe": {"httpGet": {"path": "/none", "port": "http"}, "periodSeconds": 1}}
    options = {"wait": "watcher", "timeout": 3, "rollback_on_failure": True}
    refused = helm.refusal("install", str(usual.path), "demo", never, **options)
    assert "has been uninstalled due to rollback-on-failure" in refused
    assert "Deployment" in refused
    assert "Available: 0/1" in refused
    assert kubectl.get("deployment", "-l", "app.kubernetes.io/instance=demo") == []
    assert helm("list", all_states=True) == []


def test_a_release_does_not_take_what_another_has_made(helm, kubectl, usual):
    kubectl("create", "serviceaccount", "demo-web")
    refused = helm.refusal("install", str(usual.path), "demo", usual.values)
    assert 'ServiceAccount "demo-web" in namespace' in refused
    assert "exists and cannot be imported into the current release" in refused


def test_templates_look_at_what_is_in_the_cluster(helm, kubectl, usual):
    kubectl.apply(config_map("found", colour="red"))
    seen = """
apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data: {colour: {{ (lookup "v1" "ConfigMap" .Release.Namespace "found").data.colour }}}
"""
    (usual.path / "templates/seen.yaml").write_text(seen)
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    assert kubectl.get("configmap", "seen")["data"] == {"colour": "red"}


def test_an_upgrade_keeps_what_others_have_added(helm, kubectl, usual):
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    kubectl("label", "service", "demo-web", "theirs=yes")
    helm("upgrade", str(usual.path), "demo", usual.with_image("v2"), wait="legacy", timeout=60)
    assert kubectl.get("service", "demo-web")["metadata"]["labels"]["theirs"] == "yes"
    assert image(kubectl) == "hello:v2"


def test_an_upgrade_to_what_does_not_run_goes_back(helm, kubectl, usual):
    helm("install", str(usual.path), "demo", usual.values, **WAIT)
    options = {"wait": "watcher", "timeout": 5, "rollback_on_failure": True}
    assert "has been rolled back" in helm.refusal("upgrade", str(usual.path), "demo", usual.with_image("v3"), **options)
    assert helm.history("demo") == [(1, "superseded"), (2, "failed"), (3, "deployed")]
    assert image(kubectl) == "hello:v1"
