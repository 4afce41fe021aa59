"""A driver of somebody else's on a node: it registers, and volumes of it are attached, staged, published, and gone."""

import json
import sys

import pytest

from tests.e2e import processes
from tests.e2e.cluster import environment
from tests.e2e.manifests import pod
from tests.e2e.test_storage import MOUNT, claim, user, write

pytestmark = pytest.mark.e2e
NAME = "t.example.com"


@pytest.fixture
def driver(podo, kubectl, tmp_path):
    """The driver at work on node-1; the answer is its log."""
    log, kubelet = tmp_path / "log", podo.state / "nodes/node-1/kubelet"
    log.touch()
    options = {"--name": NAME, "--node": "node-1", "--root": tmp_path / "volumes", "--kubelet": kubelet, "--log": log}
    command = [sys.executable, "-m", "tests.storage.csi.driver", *(str(p) for pair in options.items() for p in pair)]
    info = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": NAME},
        "spec": {"podInfoOnMount": True, "volumeLifecycleModes": ["Persistent", "Ephemeral"]},
    }
    kubectl.apply(info)
    with processes.started(command, environment(tmp_path)):
        kubectl.wait(f'jsonpath={{.spec.drivers[?(@.name=="{NAME}")].nodeID}}=id-node-1', "csinode/node-1")
        yield log
    kubectl("delete", "csidriver", NAME)
    (kubelet / "plugins_registry" / f"{NAME}-reg.sock").unlink(missing_ok=True)
    names = "jsonpath={.spec.drivers[*].name}"
    processes.until("it is gone", lambda: NAME not in kubectl("get", "csinode/node-1", "-o", names).split())


def calls(log) -> list:
    return [json.loads(line) for line in log.read_text().splitlines()]


def volume(name: str) -> dict:
    requirement = {"key": "topology.test/host", "operator": "In", "values": ["here"]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "csi": {"driver": NAME, "volumeHandle": name, "volumeAttributes": {"a": "b"}},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def grow(kubectl, size: str) -> None:
    """Say that the volume has grown on its driver's side, as external-resizer says it."""
    grown = {"spec": {"capacity": {"storage": size}}}
    pending = {"status": {"allocatedResourceStatuses": {"storage": "NodeResizePending"}}}
    kubectl("patch", "pv", "vol", "--type=merge", "-p", json.dumps(grown))
    kubectl("patch", "pvc", "c", "--subresource=status", "--type=merge", "-p", json.dumps(pending))


def test_a_volume_of_a_driver_is_attached_staged_and_published_and_all_of_it_undone(kubectl, podo, driver):
    (node,) = [d for d in kubectl.get("csinode", "node-1")["spec"]["drivers"] if d["name"] == NAME]
    assert node == {
        "name": NAME,
        "nodeID": "id-node-1",
        "topologyKeys": ["topology.test/host"],
        "allocatable": {"count": 3},
    }
    assert kubectl.get("node", "node-1")["metadata"]["labels"]["topology.test/host"] == "here"
    kubectl.apply(volume("vol"), claim("c", storageClassName="", volumeName="vol"))
    kubectl.apply(user("p"))
    kubectl.wait("create", "volumeattachments", "--all")
    (attachment,) = kubectl.get("volumeattachments")
    assert (attachment["spec"]["attacher"], attachment["spec"]["nodeName"]) == (NAME, "node-1")
    status = {"status": {"attached": True, "attachmentMetadata": {"device": "x"}}}
    name = attachment["metadata"]["name"]
    attach = ("patch", "volumeattachment", name, "--subresource=status", "--type=merge", "-p", json.dumps(status))
    kubectl(*attach)
    kubectl.ready("pod/p")
    write(kubectl, "p", "written")
    assert (driver.parent / "volumes/vol/x").read_text() == "written\n"
    told = dict(calls(driver))
    assert told["NodeStageVolume"]["publish_context"] == {"device": "x"}
    context = told["NodePublishVolume"]["volume_context"]
    assert (context["a"], context["csi.storage.k8s.io/pod.name"]) == ("b", "p")
    kubectl("delete", "pod", "p")
    kubectl.wait("delete", f"volumeattachment/{name}")
    assert "NodeExpandVolume" not in told
    assert [m for m, _ in calls(driver)][-2:] == ["NodeUnpublishVolume", "NodeUnstageVolume"]
    grow(kubectl, "2Gi")
    kubectl.apply(user("q"))
    kubectl.wait("create", f"volumeattachment/{name}")
    kubectl(*attach)
    kubectl.ready("pod/q")
    assert dict(calls(driver))["NodeExpandVolume"]["volume_id"] == "vol"
    kubectl.wait("jsonpath={.status.capacity.storage}=2Gi", "pvc/c")
    grow(kubectl, "3Gi")  # with the Pod running
    kubectl.wait("jsonpath={.status.capacity.storage}=3Gi", "pvc/c")
    assert [fields["capacity_range"] for method, fields in calls(driver) if method == "NodeExpandVolume"][-1]
    kubectl.wait("create", "events", "--field-selector=reason=FileSystemResizeSuccessful")
    metrics = kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/metrics").splitlines()
    labels = f'namespace="{kubectl.namespace}",persistentvolumeclaim="c"'
    assert f"kubelet_volume_stats_used_bytes{{{labels}}} 8" in metrics
    assert f"kubelet_volume_stats_health_status_abnormal{{{labels}}} 0.0" in metrics
    kubectl("delete", "pod", "q")
    kubectl.wait("delete", f"volumeattachment/{name}")
    kubectl("delete", "pvc", "c")
    kubectl("delete", "pv", "vol")
    uid = told["NodePublishVolume"]["volume_context"]["csi.storage.k8s.io/pod.uid"]
    assert not (podo.state / "nodes/node-1/kubelet/pods" / uid).exists()


def test_a_volume_that_a_pod_describes_lives_as_long_as_it(kubectl, driver):
    volumes = [{"name": "data", "csi": {"driver": NAME, "volumeAttributes": {"k": "w"}}}]
    here = {"topology.test/host": "here"}
    kubectl.apply(pod("p", volumes=volumes, container=MOUNT, nodeSelector=here))
    kubectl.ready("pod/p")
    context = json.loads(kubectl("exec", "p", "--", "cat", "/data/context"))
    assert (context["k"], context["csi.storage.k8s.io/ephemeral"]) == ("w", "true")
    kubectl("delete", "pod", "p")
    methods = [m for m, _ in calls(driver)]
    assert "NodeStageVolume" not in methods
    assert methods[-1] == "NodeUnpublishVolume"
