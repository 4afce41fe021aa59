"""A node runs what lies in its folder, and the API shows it."""

import json

import pytest

from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e


@pytest.fixture
def manifest(podo):
    """The file of node-1 that the test may write; its Pod ends with the test."""
    file = podo.state / "nodes/node-1/manifests/static.json"
    yield file
    file.unlink(missing_ok=True)


def test_a_file_becomes_a_pod_that_outlives_its_mirror_and_goes_with_the_file(kubectl, manifest):
    made = pod("static", script="hostname; sleep 3600")
    made["metadata"]["namespace"] = kubectl.namespace
    manifest.write_text(json.dumps(made))
    kubectl.wait("create", "pod/static-node-1")
    kubectl.ready("pod/static-node-1")
    assert kubectl("logs", "static-node-1") == "static-node-1\n"
    mirror = kubectl.get("pod/static-node-1")
    started = mirror["status"]["containerStatuses"][0]["containerID"]
    kubectl("delete", "pod", "static-node-1", "--now")
    kubectl.wait("create", "pod/static-node-1")
    kubectl.ready("pod/static-node-1")
    again = kubectl.get("pod/static-node-1")
    assert again["metadata"]["uid"] != mirror["metadata"]["uid"]
    assert again["status"]["containerStatuses"][0]["containerID"] == started
    manifest.unlink()
    kubectl.wait("delete", "pod/static-node-1")
