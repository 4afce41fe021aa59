"""Pods that ask for too little are resized while they run, and new ones ask for what is recommended."""

import os

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import deployment
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def podo(tmp_path_factory, hello):
    command = Podo(f"e2e-v{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--vertical-autoscaling"):
        command("build", "-t", "hello:v1", str(hello))
        yield command


@pytest.fixture
def kubectl(podo):
    return Kubectl(podo.state / "kubeconfig", podo.home)


def asked(kubectl) -> list[dict[str, str]]:
    return [pod["spec"]["containers"][0]["resources"]["requests"] for pod in kubectl.pods()]


def test_running_pods_are_resized_and_new_ones_ask_for_what_is_recommended(kubectl):
    web = deployment("web", replicas=1)
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "5m", "memory": "8Mi"}}
    kubectl.apply(web)
    kubectl.rolled_out("deployment/web")
    (before,) = kubectl.pods()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    until("the API is served", lambda: kubectl.try_("get", "vpa").status == 0, 20)
    kubectl.apply(
        {
            "apiVersion": "autoscaling.k8s.io/v1",
            "kind": "VerticalPodAutoscaler",
            "metadata": {"name": "web"},
            "spec": {"targetRef": target, "updatePolicy": {"updateMode": "InPlaceOrRecreate"}},
        }
    )
    until("it asks for more", lambda: asked(kubectl)[0]["cpu"] == "25m", 90)
    assert asked(kubectl) == [{"cpu": "25m", "memory": "262144k"}], "the least of a Pod"

    def has() -> str:
        (pod,) = kubectl.pods()
        return str(pod["status"]["containerStatuses"][0].get("resources", {}).get("requests", {}).get("cpu", ""))

    until("its node gives it more", lambda: has() == "25m", 30)
    (after,) = kubectl.pods()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0
    kubectl("scale", "deployment/web", "--replicas=2")
    kubectl.rolled_out("deployment/web")
    assert [r["cpu"] for r in asked(kubectl)] == ["25m", "25m"], "the new one at its admission"
    assert "25m" in kubectl("get", "vpa", "web")
