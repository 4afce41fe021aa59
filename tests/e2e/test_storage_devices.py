"""Volumes of kinds that Kubernetes itself knows: devices of a node, folders behind links, shares of file servers."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from podo.storage.local import loops
from tests.e2e import processes
from tests.e2e.manifests import pod
from tests.e2e.test_storage import MOUNT, claim, user, write

pytestmark = pytest.mark.e2e


def persistent(name: str, node: str, **source) -> dict:
    requirement = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    spec = {
        "capacity": {"storage": "64Mi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec | source}


@pytest.fixture
def device(tmp_path) -> Iterator[Path]:
    """A blank block device."""
    image = tmp_path / "disk"
    image.touch()
    os.truncate(image, 64 << 20)
    found = loops.attach(image, until_unused=False)
    yield found
    loops.detach(found)


def test_a_device_gets_a_file_system_for_its_first_pod_which_the_next_one_finds(kubectl, device, tmp_path):
    name = f"device-{os.getpid()}"
    kubectl.apply(persistent(name, "node-1", local={"path": str(device)}))
    kubectl.apply(claim("c", storageClassName="", volumeName=name))
    try:
        for pod_name, text in (("p", "first"), ("q", "second")):
            group = {"securityContext": {"fsGroup": 1234}}
            kubectl.apply(user(pod_name, **group))
            kubectl.ready(f"pod/{pod_name}")
            write(kubectl, pod_name, text, f"/data/{pod_name}")
            assert kubectl("exec", pod_name, "--", "stat", "-c", "%g", "/data").strip() == "1234"
        assert kubectl("exec", "q", "--", "cat", "/data/p").strip() == "first"
        assert subprocess.check_output(["blkid", "-p", "-s", "TYPE", "-o", "value", device], text=True) == "ext4\n"
        kubectl("delete", "pod", "p", "q")
        mounted = lambda: str(device) in Path("/proc/mounts").read_text()  # noqa: E731
        processes.until("it is unmounted", lambda: not mounted())
    finally:
        kubectl("delete", "pvc", "c")
        kubectl("delete", "pv", name)


def test_a_folder_behind_a_link_is_given_to_the_pods_group(kubectl, tmp_path):
    name, folder, link = f"link-{os.getpid()}", tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    kubectl.apply(
        persistent(name, "node-1", local={"path": str(link)}), claim("c", storageClassName="", volumeName=name)
    )
    try:
        kubectl.apply(user("p", securityContext={"fsGroup": 1234}))
        kubectl.ready("pod/p")
        assert folder.stat().st_gid == 1234
        kubectl("delete", "pod", "p")
    finally:
        kubectl("delete", "pvc", "c")
        kubectl("delete", "pv", name)


def test_a_share_that_cannot_be_mounted_is_told_by_an_event_and_its_pod_can_go(kubectl):
    share = [{"name": "data", "nfs": {"server": "127.0.0.1", "path": "/nothing"}}]
    kubectl.apply(pod("p", volumes=share, container=MOUNT))
    found: list = []

    def told() -> bool:
        events = kubectl("get", "events", "--field-selector=reason=FailedMount", "-o", "json")
        found[:] = [e["message"] for e in json.loads(events)["items"]]
        return bool(found)

    processes.until("it is told", told)
    assert 'MountVolume.SetUp failed for volume "data" : mount failed: exit status' in found[0]
    assert "-t nfs 127.0.0.1:/nothing" in found[0]
    kubectl("delete", "pod", "p", "--timeout=20s")
