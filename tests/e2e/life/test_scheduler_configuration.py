"""`podo up --scheduler-config`: two schedulers, of which one fills nodes up."""

import os

import pytest
import yaml

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e
FULL = {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}]}
CONFIGURATION = {
    "apiVersion": "kubescheduler.config.k8s.io/v1",
    "kind": "KubeSchedulerConfiguration",
    "profiles": [
        {"schedulerName": "default-scheduler"},
        {
            "schedulerName": "packer",
            "plugins": {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit"}]}},
            "pluginConfig": [{"name": "NodeResourcesFit", "args": {"scoringStrategy": FULL}}],
        },
    ],
}


@pytest.fixture(scope="module")
def podo(tmp_path_factory, hello):
    home = tmp_path_factory.mktemp("home")
    command, path = Podo(f"e2e-sc{os.getpid()}", home), home / "scheduler.yaml"
    path.write_text("profiles: []")
    assert "profiles: there is none" in command.refusal("up", "--scheduler-config", str(path))
    path.write_text(yaml.safe_dump(CONFIGURATION))
    with cluster(command, "--nodes", "3", "--scheduler-config", str(path)):
        command("build", "-t", "hello:v1", str(hello))
        yield command


@pytest.mark.parametrize(("scheduler", "packs"), [("packer", True), ("default-scheduler", False)])
def test_pods_go_where_their_scheduler_sends_them(podo, scheduler, packs):
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    requests = {"resources": {"requests": {"cpu": "20m"}}}
    names = [f"{scheduler}-{number}" for number in range(3)]
    for name in names:
        made = pod(name, schedulerName=scheduler)
        made["spec"]["containers"][0] |= requests
        kubectl.apply(made)
        kubectl.ready(f"pod/{name}")
    found = {kubectl.get("pod", name)["spec"]["nodeName"] for name in names}
    assert (len(found) == 1) is packs
    events = kubectl.get("events", "--field-selector=reason=Scheduled")
    assert {e["source"]["component"] for e in events if e["involvedObject"]["name"] in names} == {scheduler}
