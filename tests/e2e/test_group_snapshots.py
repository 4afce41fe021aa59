"""Snapshots of groups of volumes: all are of one moment, and each is restored like any other."""

import json

import pytest

from tests.e2e import processes
from tests.e2e.manifests import pod
from tests.e2e.test_storage import claim

pytestmark = pytest.mark.e2e
GROUP = "groupsnapshot.storage.k8s.io/v1beta2"
BOTH = {"volumeMounts": [{"name": n, "mountPath": f"/{n}"} for n in ("one", "two")]}
WRITER = "i=0; while true; do i=$((i+1)); echo $i > /one/n; sync /one/n; echo $i > /two/n; sync /two/n; done"


def labelled(name: str) -> dict:
    made = claim(name)
    made["metadata"]["labels"] = {"group": "shop"}
    return made


def user_of_both(name: str, script: str, **claims: str) -> dict:
    volumes = [{"name": n, "persistentVolumeClaim": {"claimName": c}} for n, c in claims.items()]
    return pod(name, script, volumes=volumes, container=BOTH)


def test_a_group_of_volumes_is_taken_at_one_moment_and_restored(kubectl, podo):
    kubectl.apply(labelled("one"), labelled("two"), user_of_both("p", WRITER, one="one", two="two"))
    kubectl.ready("pod/p")
    name = f"group-{kubectl.namespace}"
    kinds = {"driver": "local.csi.podo", "deletionPolicy": "Delete", "metadata": {"name": name}}
    spec = {"source": {"selector": {"matchLabels": {"group": "shop"}}}, "volumeGroupSnapshotClassName": name}
    kubectl.apply(
        {"apiVersion": GROUP, "kind": "VolumeGroupSnapshotClass", **kinds},
        {"apiVersion": GROUP, "kind": "VolumeGroupSnapshot", "metadata": {"name": "g"}, "spec": spec},
    )
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumegroupsnapshot/g")
    content = kubectl.get("volumegroupsnapshot", "g")["status"]["boundVolumeGroupSnapshotContentName"]
    infos = kubectl.get("volumegroupsnapshotcontent", content)["status"]["volumeSnapshotInfoList"]
    volumes = {kubectl.get("pvc", n)["spec"]["volumeName"]: n for n in ("one", "two")}
    by_handle = {kubectl.get("pv", v)["spec"]["csi"]["volumeHandle"]: n for v, n in volumes.items()}
    assert sorted(by_handle[i["volumeHandle"]] for i in infos) == ["one", "two"]
    members = json.loads(kubectl("get", "volumesnapshots", "-o", "json"))["items"]
    assert {m["metadata"]["ownerReferences"][0]["name"] for m in members} == {"g"}
    assert len(members) == 2
    for member in members:
        kubectl.wait("jsonpath={.status.readyToUse}=true", f"volumesnapshot/{member['metadata']['name']}")
        held = kubectl.get("volumesnapshotcontent", member["spec"]["source"]["volumeSnapshotContentName"])
        origin = next(i["volumeHandle"] for i in infos if i["snapshotHandle"] == held["status"]["snapshotHandle"])
        source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": member["metadata"]["name"]}
        kubectl.apply(claim(f"r-{by_handle[origin]}", dataSource=source))
    kubectl.apply(user_of_both("r", "exec sleep 3600", one="r-one", two="r-two"))
    kubectl.ready("pod/r")
    first, second = (int(kubectl("exec", "r", "--", "cat", f"/{n}/n")) for n in ("one", "two"))
    assert first - second in (0, 1)  # the second is written after the first
    kubectl("delete", "pod", "p", "r", "--grace-period=1")
    kubectl("delete", "volumegroupsnapshot", "g")
    for member in members:
        kubectl.wait("delete", f"volumesnapshot/{member['metadata']['name']}")
    kubectl("delete", "pvc", "--all")
    left = lambda: [*(podo.state / "volumes").glob("groupsnapshot-*")]  # noqa: E731
    processes.until("the snapshots are gone", lambda: not left())
    kubectl("delete", "volumegroupsnapshotclass", name)
