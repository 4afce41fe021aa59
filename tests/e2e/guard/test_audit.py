"""A cluster whose API server is told by a file what to record."""

import json
import os

import pytest
import yaml

from tests.e2e.cluster import Kubectl, Podo, cluster

pytestmark = pytest.mark.e2e
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete"]},
        {"level": "None"},
    ],
}


@pytest.fixture
def kubectl(tmp_path):
    """kubectl on a cluster that records what is written."""
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    settings = {"apiServer": {"audit-policy-file": "policy.yaml", "audit-log-path": "audit.log"}}
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(settings))
    command = Podo(f"e2e-a{os.getpid()}", tmp_path)
    with cluster(command, "--config", str(tmp_path / "cluster.yaml")):
        yield Kubectl(command.state / "kubeconfig", tmp_path)


def test_the_log_has_what_users_and_controllers_have_written(kubectl):
    kubectl("create", "deployment", "web", "--image=none.invalid/none:1")
    kubectl.wait("jsonpath={.status.replicas}=1", "deployment/web")
    events = [json.loads(line) for line in (kubectl.home / "audit.log").read_text().splitlines()]
    made = {
        (event["user"]["username"], event["objectRef"]["resource"]) for event in events if event["verb"] == "create"
    }
    assert ("kubernetes-admin", "deployments") in made
    assert ("system:serviceaccount:kube-system:deployment-controller", "replicasets") in made
    assert ("system:serviceaccount:kube-system:replicaset-controller", "pods") in made
    assert not [event for event in events if event["verb"] in ("get", "list", "watch")]
