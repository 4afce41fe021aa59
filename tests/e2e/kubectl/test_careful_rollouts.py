"""What workloads may ask for beyond Kubernetes: steps, going back, new Pods for new configuration."""

import pytest

from tests.e2e.manifests import config_map, deployment
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


def asking(name, replicas, **annotations):
    made = deployment(name, replicas=replicas)
    made["metadata"]["annotations"] = {f"podo.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return made


def image(kubectl, name):
    return kubectl.get(f"deployment/{name}")["spec"]["template"]["spec"]["containers"][0]["image"]


def events(kubectl, reason):
    return kubectl("get", "events", f"--field-selector=reason={reason}", "-o", "jsonpath={..message}")


def test_a_version_that_crashes_is_rolled_back_and_the_reason_told(kubectl):
    kubectl.apply(asking("web", 2, rollback="on-failure"))
    kubectl.rolled_out("deployment/web")
    until("it is known to be good", lambda: '"good"' in kubectl("get", "rs", "-o", "json"))
    kubectl("set", "image", "deployment/web", "main=hello:v3")
    until("the good version is wanted again", lambda: image(kubectl, "web") == "hello:v1", 40)
    kubectl.rolled_out("deployment/web")
    assert "from revision 2 to revision 1: Pod web-" in events(kubectl, "AutomaticRollback")


def test_a_new_version_grows_in_steps(kubectl):
    kubectl.apply(asking("web", 4, canary="25%", canary_pause="2"))
    kubectl.rolled_out("deployment/web")
    kubectl("set", "image", "deployment/web", "main=hello:v2")
    kubectl.rolled_out("deployment/web")
    assert 'Revision 2 of deployment "web" goes on to all Pods' in events(kubectl, "CanaryStep")


def test_changed_configuration_brings_new_pods(kubectl):
    kubectl.apply(config_map("settings", level="info"))
    made = asking("web", 1, roll_on_config_change="true")
    source = {"configMapRef": {"name": "settings"}}
    made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [source]
    kubectl.apply(made)
    kubectl.rolled_out("deployment/web")
    (before,) = kubectl.pods("-l", "app=web")
    until("the contents are known", lambda: "config-seen" in kubectl("get", "deployment", "web", "-o", "yaml"))
    kubectl.apply(config_map("settings", level="debug"))
    until("there are new Pods", lambda: before["metadata"]["name"] not in kubectl("get", "pods", "-l", "app=web"), 40)
    kubectl.rolled_out("deployment/web")
    (after,) = kubectl.pods("-l", "app=web")
    assert "level=debug" in kubectl("exec", after["metadata"]["name"], "--", "env")
