"""A driver that is nothing but its own program: podo registers, provisions, attaches, resizes and snapshots for it."""

import json
import sys

import pytest

from tests.e2e import processes
from tests.e2e.cluster import environment
from tests.e2e.test_storage import claim, user, write

pytestmark = pytest.mark.e2e
NAME = "bare.example.com"


@pytest.fixture
def driver(podo, kubectl, tmp_path):
    """The driver at work on node-1; the answer is its log."""
    log, kubelet = tmp_path / "log", podo.state / "nodes/node-1/kubelet"
    log.touch()
    options = {"--name": NAME, "--node": "node-1", "--root": tmp_path / "volumes", "--kubelet": kubelet, "--log": log}
    command = [sys.executable, "-m", "tests.storage.csi.driver", "--bare"]
    command += [str(part) for pair in options.items() for part in pair]
    meta = {"name": NAME, "annotations": {"podo.dev/sidecars": "true"}}
    info = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": meta, "spec": {"storageCapacity": True}}
    fast = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "bare"},
        "provisioner": NAME,
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
    snapshots = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": "bare"},
        "driver": NAME,
        "deletionPolicy": "Delete",
    }
    kubectl.apply(info, fast, snapshots)
    with processes.started(command, environment(tmp_path)):
        kubectl.wait(f'jsonpath={{.spec.drivers[?(@.name=="{NAME}")].nodeID}}=id-node-1', "csinode/node-1")
        yield log
    kubectl("delete", "csidriver/" + NAME, "storageclass/bare", "volumesnapshotclass/bare")
    (kubelet / "plugins" / NAME / "csi.sock").unlink(missing_ok=True)


def test_a_bare_driver_provisions_attaches_grows_snapshots_clones_and_cleans_up(kubectl, driver):
    kubectl.apply(claim("c", storageClassName="bare"), user("p"))
    kubectl.ready("pod/p")
    write(kubectl, "p", "written")
    (attachment,) = [a for a in kubectl.get("volumeattachments") if a["spec"]["attacher"] == NAME]
    assert (attachment["status"]["attached"], attachment["spec"]["nodeName"]) == (True, "node-1")
    size = {"spec": {"resources": {"requests": {"storage": "128Mi"}}}}
    kubectl("patch", "pvc", "c", "--type=merge", "-p", json.dumps(size))
    kubectl.wait("jsonpath={.status.capacity.storage}=128Mi", "pvc/c")  # while the Pod has it
    snapshot = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": "s"},
        "spec": {"volumeSnapshotClassName": "bare", "source": {"persistentVolumeClaimName": "c"}},
    }
    kubectl.apply(snapshot)
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumesnapshot/s")
    write(kubectl, "p", "later")
    restored = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
    cloned = {"kind": "PersistentVolumeClaim", "name": "c"}
    kubectl.apply(claim("r", "128Mi", storageClassName="bare", dataSource=restored), user("r", "r"))
    kubectl.apply(claim("k", "128Mi", storageClassName="bare", dataSource=cloned), user("k", "k"))
    kubectl.ready("pod/r", "pod/k")
    assert kubectl("exec", "r", "--", "cat", "/data/x").strip() == "written"
    assert kubectl("exec", "k", "--", "cat", "/data/x").strip() == "later"
    found = [c for c in kubectl.get("csistoragecapacities", "-n", "kube-system") if c["storageClassName"] == "bare"]
    assert [c["capacity"] for c in found] == ["5Gi"]
    kubectl("delete", "pod", "p", "r", "k")
    kubectl("delete", "volumesnapshot", "s")
    volumes = [kubectl.get("pvc", name)["spec"]["volumeName"] for name in ("c", "r", "k")]
    kubectl("delete", "pvc", "c", "r", "k")
    for volume in volumes:
        kubectl.wait("delete", f"pv/{volume}")
    assert [*(driver.parent / "volumes").iterdir()] == []
