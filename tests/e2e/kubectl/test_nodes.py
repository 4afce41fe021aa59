"""cordon, uncordon, drain, taint, top: nodes in and out of service."""

import re
import ssl
import urllib.error
import urllib.request

import pytest

from tests.e2e.manifests import deployment, pod
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture
def nodes(kubectl):
    """kubectl, with the nodes put back into service afterwards."""
    yield kubectl
    kubectl("uncordon", "node-1", "node-2")
    for node in kubectl.get("nodes"):
        if node["spec"].get("taints"):
            kubectl("patch", "node", node["metadata"]["name"], "--type=merge", "-p", '{"spec":{"taints":null}}')


def where(kubectl) -> set[str]:
    """The nodes of the Pods that are not on their way out."""
    return {p["spec"].get("nodeName") for p in kubectl.pods()}


def test_nothing_new_comes_to_a_cordoned_node(nodes):
    assert nodes("cordon", "node-2") == "node/node-2 cordoned\n"
    told = "Node node-2 status is now: NodeNotSchedulable"
    until("the node tells of it", lambda: told in nodes("describe", "node", "node-2"))
    assert "Ready,SchedulingDisabled" in nodes("get", "node", "node-2")
    nodes.apply(deployment("web", replicas=3))
    nodes.rolled_out("deployment/web")
    assert where(nodes) == {"node-1"}
    assert nodes("uncordon", "node-2") == "node/node-2 uncordoned\n"
    assert "SchedulingDisabled" not in nodes("get", "node", "node-2")


def test_a_drain_moves_what_can_be_moved(nodes):
    nodes.apply(deployment("web", replicas=4))
    nodes.rolled_out("deployment/web")
    ours = "--pod-selector=app=web"
    said = nodes("drain", "node-1", "--ignore-daemonsets", "--delete-emptydir-data", ours, "--timeout=40s")
    assert "node/node-1 cordoned" in said
    assert "node/node-1 drained" in said
    nodes.rolled_out("deployment/web")
    assert where(nodes) == {"node-2"}


def test_a_drain_refuses_what_nobody_would_make_again(nodes):
    nodes.apply(pod("alone", nodeName="node-1"))
    refused = nodes.refusal("drain", "node-1", "--ignore-daemonsets", "--pod-selector=app=alone")
    assert "cannot delete Pods that declare no controller (use --force to override)" in refused


def test_a_drain_heeds_disruption_budgets(nodes):
    nodes.apply(deployment("web", replicas=2))
    nodes.rolled_out("deployment/web")
    nodes("create", "pdb", "web", "--selector=app=web", "--min-available=2")
    nodes.wait("jsonpath={.status.currentHealthy}=2", "pdb/web")
    refused = nodes.refusal("drain", "node-1", "--ignore-daemonsets", "--pod-selector=app=web", "--timeout=2s")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused
    nodes.wait("condition=Ready", "pods", "-l", "app=web")


def test_taints_keep_pods_away_or_drive_them_out(nodes):
    nodes.apply(deployment("web", replicas=2))
    nodes.rolled_out("deployment/web")
    assert nodes("taint", "node", "node-1", "only=us:NoSchedule") == "node/node-1 tainted\n"
    described = nodes("describe", "node", "node-1")
    assert "only=us:NoSchedule" in described
    assert {"Starting", "NodeHasSufficientMemory", "NodeReady", "RegisteredNode"} <= set(described.split())
    nodes("rollout", "restart", "deployment/web")
    nodes.rolled_out("deployment/web")
    assert where(nodes) == {"node-2"}
    assert nodes("taint", "node", "node-1", "only-") == "node/node-1 untainted\n"
    nodes("taint", "node", "node-2", "out=now:NoExecute")
    nodes.wait("jsonpath={.status.updatedReplicas}=2", "deployment/web")
    until("all Pods have left the node", lambda: where(nodes) == {"node-1"})
    nodes.rolled_out("deployment/web")


def test_top_shows_what_nodes_pods_and_containers_use(nodes):
    nodes.apply(deployment("web", replicas=2))
    nodes.rolled_out("deployment/web")
    lines = nodes("top", "nodes", "--no-headers").splitlines()
    assert [line.split()[0] for line in lines] == ["node-1", "node-2"]
    assert all(re.fullmatch(r"\S+ +\d+m +\d+% +\d+Mi +\d+%\s*", line) for line in lines), lines
    until("both Pods have figures", lambda: len(nodes("top", "pods", "--no-headers").splitlines()) == 2)
    rows = nodes("top", "pods", "--containers", "--no-headers").splitlines()
    assert all(re.fullmatch(r"web-\S+ +\S+ +\d+m +\d+Mi\s*", row) for row in rows), rows
    assert 'podmetrics.metrics.k8s.io "' in nodes.refusal("top", "pod", "none")


def test_a_scraper_reads_a_nodes_metrics_once_it_has_the_right_to(nodes):
    nodes("create", "serviceaccount", "scraper")
    token = nodes("create", "token", "scraper").strip()
    (address,) = [a["address"] for a in nodes.get("nodes")[0]["status"]["addresses"] if a["type"] == "InternalIP"]

    def scrape(token: str) -> tuple[int, str]:
        request = urllib.request.Request(f"https://{address}:10250/metrics/resource")
        request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    assert scrape("nonsense")[0] == 401
    name = nodes.namespace
    nodes("create", "clusterrole", name, "--verb=get", "--resource=nodes/metrics")
    nodes("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount={name}:scraper")
    assert "node_cpu_usage_seconds_total" in scrape(token)[1]
    nodes("delete", "clusterrolebinding,clusterrole", name)
