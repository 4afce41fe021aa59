"""Nodes come when Pods find no room, and go when they are not needed."""

import os

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import deployment
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def podo(tmp_path_factory, hello):
    command = Podo(f"e2e-a{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--nodes", "1", "--max-nodes", "3", "--node-idle", "5", "--cpu", "1"):
        command("build", "-t", "hello:v1", str(hello))
        yield command


@pytest.fixture
def kubectl(podo):
    return Kubectl(podo.state / "kubeconfig", podo.home)


def names(kubectl) -> list[str]:
    return [n["metadata"]["name"] for n in kubectl.get("nodes")]


def reasons(kubectl) -> set[str]:
    return {e["reason"] for e in kubectl.get("events")}


def test_a_deployment_that_grows_gets_nodes_and_one_that_shrinks_gives_them_back(podo, kubectl):
    web = deployment("web", replicas=3)
    container = web["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "600m"}}
    kubectl.apply(web)
    kubectl.rolled_out("deployment/web")
    assert names(kubectl) == ["node-1", "node-2", "node-3"]
    assert "TriggeredScaleUp" in reasons(kubectl)
    kubectl("scale", "deployment/web", "--replicas=4")
    until("the fourth is told that there are enough", lambda: "NotTriggerScaleUp" in reasons(kubectl), 30)
    kubectl("scale", "deployment/web", "--replicas=1")
    until("one node is left", lambda: len(names(kubectl)) == 1, 90)
    kubectl.rolled_out("deployment/web")
    assert set(podo.pids()) == {"server", *names(kubectl)}
