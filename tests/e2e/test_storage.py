"""Claims of the default class in a real cluster: made, filled, grown, moved to another node, shared, and gone."""

import json
import os

import pytest

from tests.e2e import processes
from tests.e2e.manifests import IDLE, pod

pytestmark = pytest.mark.e2e
MOUNT = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}


def claim(name: str, size: str = "64Mi", **spec) -> dict:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}} | spec
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def user(name: str, of: str = "c", script: str = IDLE, **more) -> dict:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": of}}]
    return pod(name, script, volumes=volumes, container=MOUNT | more.pop("container", {}), **more)


def on(node: str) -> dict:
    return {"kubernetes.io/hostname": node}


def write(kubectl, pod: str, text: str, file: str = "/data/x") -> None:
    kubectl("exec", pod, "--", "sh", "-c", f"echo {text} > {file}")


def other(node: str) -> str:
    return "node-1" if node == "node-2" else "node-2"


def gone(kubectl, podo, name: str) -> None:
    """Delete a claim, and see its volume go."""
    volume = kubectl.get("pvc", name)["spec"]["volumeName"]
    kubectl("delete", "pvc", name)
    kubectl.wait("delete", f"pv/{volume}")
    assert not (podo.state / "volumes" / volume).exists()


def test_data_outlives_its_pod_and_is_read_on_another_node(kubectl, podo):
    kubectl.apply(claim("c"), user("first"))
    kubectl.ready("pod/first")
    write(kubectl, "first", "kept")
    node = kubectl.get("pod", "first")["spec"]["nodeName"]
    found = kubectl.get("pvc", "c")
    assert (found["status"]["phase"], found["status"]["capacity"]) == ("Bound", {"storage": "64Mi"})
    kubectl("delete", "pod", "first")
    kubectl.apply(user("second", nodeName=other(node)))
    kubectl.ready("pod/second")
    assert kubectl("exec", "second", "--", "cat", "/data/x") == "kept\n"
    kubectl("delete", "pod", "second")
    gone(kubectl, podo, "c")


def test_two_pods_on_two_nodes_share_a_volume(kubectl, podo):
    kubectl.apply(claim("c", accessModes=["ReadWriteMany"]))
    kubectl.apply(user("one", nodeSelector=on("node-1")), user("two", nodeSelector=on("node-2")))
    kubectl.ready("pod/one", "pod/two")
    write(kubectl, "one", "shared")
    assert kubectl("exec", "two", "--", "cat", "/data/x") == "shared\n"
    kubectl("delete", "pod", "one", "two")
    gone(kubectl, podo, "c")


def test_a_volume_holds_what_was_asked_for_and_then_grows(kubectl, podo):
    kubectl.apply(claim("c"), user("full"))
    kubectl.ready("pod/full")
    fill = "dd if=/dev/zero of=/data/big bs=1M count=90"
    assert "No space left on device" in kubectl.refusal("exec", "full", "--", "sh", "-c", fill)
    bigger = {"spec": {"resources": {"requests": {"storage": "128Mi"}}}}
    kubectl("patch", "pvc", "c", "-p", json.dumps(bigger))
    kubectl.wait("jsonpath={.spec.capacity.storage}=128Mi", "pv", kubectl.get("pvc", "c")["spec"]["volumeName"])
    if kubectl.get("pvc", "c")["status"]["capacity"]["storage"] != "128Mi":  # without CAP_SYS_RESOURCE
        kubectl.wait("condition=FileSystemResizePending", "pvc/c")
        kubectl("delete", "pod", "full")
        kubectl.apply(user("full"))
        kubectl.ready("pod/full")
    kubectl.wait("jsonpath={.status.capacity.storage}=128Mi", "pvc/c")
    kubectl("exec", "full", "--", "sh", "-c", fill)
    assert "conditions" not in kubectl.get("pvc", "c")["status"]
    kubectl("delete", "pod", "full")
    gone(kubectl, podo, "c")


def test_a_block_volume_is_a_device(kubectl, podo):
    device = {"volumeDevices": [{"name": "data", "devicePath": "/dev/xvda"}], "volumeMounts": []}
    kubectl.apply(claim("c", volumeMode="Block"), user("raw", container=device))
    kubectl.ready("pod/raw")
    kubectl("exec", "raw", "--", "sh", "-c", "echo raw > /dev/xvda")
    kubectl("delete", "pod", "raw")
    kubectl.apply(user("again", container=device))
    kubectl.ready("pod/again")
    assert kubectl("exec", "again", "--", "head", "-c", "3", "/dev/xvda") == "raw"
    kubectl("delete", "pod", "again")
    gone(kubectl, podo, "c")


def test_the_group_of_a_pod_may_write_and_parts_are_mounted_alone(kubectl, podo):
    group = {"securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000}}
    part = {"volumeMounts": [{"name": "data", "mountPath": "/part", "subPath": "a/b"}]}
    kubectl.apply(claim("c"), user("writer", **group))
    kubectl.ready("pod/writer")
    write(kubectl, "writer", "mine")
    assert kubectl("exec", "writer", "--", "stat", "-c", "%u %g", "/data/x") == "1000 2000\n"
    kubectl("delete", "pod", "writer")
    kubectl.apply(user("parts", container=part))
    kubectl.ready("pod/parts")
    write(kubectl, "parts", "part", "/part/y")
    kubectl("delete", "pod", "parts")
    mounted = podo.state / "volumes" / kubectl.get("pvc", "c")["spec"]["volumeName"] / "mounted"
    processes.until("nobody has the volume mounted", lambda: not os.path.ismount(mounted))
    kubectl.apply(user("whole"))
    kubectl.ready("pod/whole")
    assert kubectl("exec", "whole", "--", "cat", "/data/x", "/data/a/b/y") == "mine\npart\n"
    kubectl("delete", "pod", "whole")
    gone(kubectl, podo, "c")


def test_a_stateful_set_keeps_the_data_of_each_of_its_pods(kubectl, podo):
    template = user("db")
    spec = template["spec"]
    del spec["volumes"]
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 2,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": spec},
            "volumeClaimTemplates": [claim("data")],
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
        },
    }
    kubectl.apply(stateful)
    kubectl.rolled_out("statefulset/db")
    write(kubectl, "db-1", "kept")
    kubectl("delete", "pod", "db-1")
    kubectl.wait("create", "pod/db-1")
    kubectl.ready("pod/db-1")
    assert kubectl("exec", "db-1", "--", "cat", "/data/x") == "kept\n"
    kubectl("delete", "statefulset", "db")
    for number in range(2):
        kubectl.wait("delete", f"pvc/data-db-{number}")


def test_an_ephemeral_volume_comes_and_goes_with_its_pod(kubectl):
    template = {"spec": claim("x")["spec"]}
    volumes = [{"name": "data", "ephemeral": {"volumeClaimTemplate": template}}]
    kubectl.apply(pod("scratch", volumes=volumes, container=MOUNT))
    kubectl.ready("pod/scratch")
    assert kubectl.get("pvc", "scratch-data")["status"]["phase"] == "Bound"
    kubectl("delete", "pod", "scratch")
    kubectl.wait("delete", "pvc/scratch-data")


def test_a_folder_of_a_node_is_a_volume_of_that_node(kubectl, tmp_path):
    name = f"local-{tmp_path.name}".replace("_", "-").lower()
    requirement = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "local": {"path": str(tmp_path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}},
        },
    }
    try:
        kubectl.apply(volume, claim("c", storageClassName="", volumeName=name))
        kubectl.apply(user("p"))
        kubectl.ready("pod/p")
        write(kubectl, "p", "local")
        assert kubectl.get("pod", "p")["spec"]["nodeName"] == "node-2"
        assert (tmp_path / "x").read_text() == "local\n"
        kubectl("delete", "pod", "p")
        kubectl("delete", "pvc", "c")
        kubectl.wait("jsonpath={.status.phase}=Released", f"pv/{name}")
    finally:
        kubectl.try_("delete", "pv", name)


def test_a_snapshot_and_a_clone_have_the_data_of_their_moment(kubectl, podo):
    kubectl.apply(claim("c"), user("first"))
    kubectl.ready("pod/first")
    write(kubectl, "first", "one")
    snapshot = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": "s"},
        "spec": {"source": {"persistentVolumeClaimName": "c"}},
    }
    kubectl.apply(snapshot)
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumesnapshot/s")
    assert kubectl.get("volumesnapshot", "s")["status"]["restoreSize"] == "64Mi"
    write(kubectl, "first", "two")
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
    clone = {"kind": "PersistentVolumeClaim", "name": "c"}
    kubectl.apply(claim("restored", dataSource=source), claim("cloned", "128Mi", dataSource=clone))
    kubectl.apply(user("r", "restored"), user("n", "cloned"))
    kubectl.ready("pod/r", "pod/n")
    assert kubectl("exec", "r", "--", "cat", "/data/x") == "one\n"
    assert kubectl("exec", "n", "--", "cat", "/data/x") == "two\n"
    kubectl("delete", "volumesnapshot", "s")
    kubectl("delete", "pod", "first", "r", "n")
    for name in ("c", "restored", "cloned"):
        gone(kubectl, podo, name)
    assert not list((podo.state / "volumes").glob("snapshot-*"))


def test_a_snapshot_that_an_administrator_brings_goes_with_its_content_by_its_policy(kubectl, podo):
    kubectl.apply(claim("c"), user("first"))
    kubectl.ready("pod/first")
    first = {"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": {"name": "s"}}
    kubectl.apply(first | {"spec": {"source": {"persistentVolumeClaimName": "c"}}})
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumesnapshot/s")
    bound = kubectl.get("volumesnapshot", "s")["status"]["boundVolumeSnapshotContentName"]
    handle = kubectl.get("volumesnapshotcontent", bound)["status"]["snapshotHandle"]
    kubectl("patch", "volumesnapshotcontent", bound, "--type=merge", "-p", '{"spec":{"deletionPolicy":"Retain"}}')
    kubectl("delete", "volumesnapshot", "s")
    kubectl("delete", "volumesnapshotcontent", bound)
    assert (podo.state / "volumes" / handle).exists()
    content = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotContent",
        "metadata": {"name": kubectl.namespace},
        "spec": {
            "deletionPolicy": "Delete",
            "driver": "local.csi.podo",
            "source": {"snapshotHandle": handle},
            "volumeSnapshotRef": {"namespace": kubectl.namespace, "name": "again"},
        },
    }
    source = {"source": {"volumeSnapshotContentName": kubectl.namespace}}
    kubectl.apply(content, first | {"metadata": {"name": "again"}, "spec": source})
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumesnapshot/again")
    kubectl("delete", "volumesnapshot", "again")
    assert "NotFound" in kubectl.refusal("get", "volumesnapshotcontent", kubectl.namespace)
    assert not (podo.state / "volumes" / handle).exists()
    kubectl("delete", "pod", "first")
    gone(kubectl, podo, "c")


def test_a_volume_for_one_pod_is_refused_to_another_that_no_scheduler_placed(kubectl, podo):
    kubectl.apply(claim("c", accessModes=["ReadWriteOncePod"]), user("one"))
    kubectl.ready("pod/one")
    node = kubectl.get("pod", "one")["spec"]["nodeName"]
    kubectl.apply(user("two", nodeName=node))
    words = "volume uses the ReadWriteOncePod access mode and is already in use by another pod"
    messages = ("get", "events", "-o", "jsonpath={.items[*].message}")
    processes.until("an event says why", lambda: words in kubectl(*messages))
    kubectl("delete", "pod", "one")
    kubectl.ready("pod/two")
    kubectl("delete", "pod", "two")
    gone(kubectl, podo, "c")
