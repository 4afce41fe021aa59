"""Nodes are added, stopped, started and removed."""

import json
import os
import time

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import deployment
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def podo(tmp_path_factory, hello):
    command = Podo(f"e2e-n{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--nodes", "2"):
        command("build", "-t", "hello:v1", str(hello))
        yield command


@pytest.fixture
def kubectl(podo):
    """kubectl, with a Deployment of three replicas."""
    command = Kubectl(podo.state / "kubeconfig", podo.home)
    command.apply(deployment("web", replicas=3))
    command.rolled_out("deployment/web")
    return command


def names(kubectl) -> list[str]:
    return [n["metadata"]["name"] for n in kubectl.get("nodes")]


def where(kubectl) -> list[str]:
    """The nodes of the Pods that are Ready and not on their way out."""
    ready = [
        p
        for p in kubectl.pods()
        if any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"]["conditions"])
    ]
    return sorted(p["spec"]["nodeName"] for p in ready)


def test_a_node_that_lost_its_power_is_replaced_and_comes_back(podo, kubectl):
    podo("node", "stop", "node-2")
    assert "NotReady" in kubectl("get", "node", "node-2")
    until("all run elsewhere", lambda: where(kubectl) == ["node-1"] * 3, 10)
    states = {c["component"]: c["state"] for c in json.loads(podo("status", "-o", "json"))}
    assert states == {"server": "ready", "node-1": "ready", "node-2": "stopped"}
    assert "is stopped already" in podo.refusal("node", "stop", "node-2")
    podo("node", "start", "node-2")
    kubectl.wait("condition=Ready", "node/node-2")
    assert "is running already" in podo.refusal("node", "start", "node-2")
    kubectl("rollout", "restart", "deployment/web")
    kubectl.rolled_out("deployment/web")
    assert set(where(kubectl)) == {"node-1", "node-2"}
    assert "taints" not in kubectl.get("node", "node-2")["spec"]


def test_what_ran_on_a_lost_node_runs_elsewhere_at_once(podo, kubectl):
    """Pods of a StatefulSet too: nobody has to say that the old ones do not run any more.

    It is to take five seconds at most; a machine that does much else at the same time gets ten.
    """
    made = deployment("db", replicas=2)
    made |= {"kind": "StatefulSet", "spec": made["spec"] | {"serviceName": "db", "podManagementPolicy": "Parallel"}}
    kubectl.apply(made)
    kubectl.rolled_out("statefulset/db")
    assert set(where(kubectl)) == {"node-1", "node-2"}
    begin = time.monotonic()
    podo("node", "stop", "node-2")
    until("all five run on the other one", lambda: where(kubectl) == ["node-1"] * 5, 10)
    print(f"all ran elsewhere after {time.monotonic() - begin:.1f} s, with the command that cut the node off")
    podo("node", "start", "node-2")
    kubectl("delete", "statefulset/db", "--wait=false")


def test_a_stopped_node_stays_stopped_over_an_up(podo, kubectl):
    podo("node", "stop", "node-2")
    os.kill(podo.pids()["server"], 9)
    podo("up")
    assert "node-2" not in podo.pids()
    podo("node", "start", "node-2")


def test_a_node_is_added_and_removed_with_its_pods(podo, kubectl):
    podo("node", "add")
    assert names(kubectl) == ["node-1", "node-2", "node-3"]
    kubectl("scale", "deployment/web", "--replicas=9")
    kubectl.rolled_out("deployment/web")
    assert "node-3" in where(kubectl)
    podo("node", "rm", "node-3")
    assert names(kubectl) == ["node-1", "node-2"]
    until("all run elsewhere", lambda: len(where(kubectl)) == 9 and "node-3" not in where(kubectl), 20)
    kubectl("scale", "deployment/web", "--replicas=3")
    left = [line for line in podo.left() if "node-3" in line]
    assert not left
    assert "has no node 'node-3'" in podo.refusal("node", "rm", "node-3")


def test_a_node_can_be_smaller_than_the_machine(podo, kubectl):
    podo("node", "add", "--cpu", "500m", "--memory", "256Mi")
    found = kubectl.get("node", "node-3")["status"]["capacity"]
    assert (found["cpu"], found["memory"]) == ("500m", "256Mi") or found["memory"] == "262144Ki"
    podo("node", "rm", "node-3")
