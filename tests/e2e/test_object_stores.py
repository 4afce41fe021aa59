"""Object storage as volumes, in a real cluster: containers of Azure Blob Storage and buckets of S3, shared by nodes."""

import os
import signal
import subprocess

import msgspec
import pytest

from tests.e2e import processes
from tests.e2e.manifests import pod
from tests.e2e.object_stores import Relay, azurite, moto
from tests.e2e.test_storage import claim, on, user, write

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    with azurite(tmp_path_factory.mktemp("azurite")) as (connection, _):
        yield connection


@pytest.fixture(scope="module")
def buckets(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as endpoint:
        yield {"accessKeyId": "a", "secretAccessKey": "s", "endpoint": endpoint}


def secret(values: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store"}, "stringData": values}


def storage_class(kubectl, driver: str, **parameters) -> dict:
    place = {"name": "store", "namespace": kubectl.namespace}
    secrets = {f"csi.storage.k8s.io/provisioner-secret-{k}": v for k, v in place.items()}
    meta = {"name": f"cloud-{kubectl.namespace}"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": meta,
        "provisioner": driver,
        "parameters": secrets | parameters,
    }


def shared(kubectl, **spec) -> dict:
    return claim("c", storageClassName=f"cloud-{kubectl.namespace}", accessModes=["ReadWriteMany"], **spec)


@pytest.fixture
def cloud(kubectl):
    """Classes of a test go with it, once its claims have gone."""
    yield
    kubectl("delete", "pods,pvc", "--all")
    kubectl("delete", "storageclass", f"cloud-{kubectl.namespace}", "--ignore-not-found")


def staged(podo, node: str, driver: str) -> list:
    return sorted((podo.state / "nodes" / node / "staged" / driver).glob("*/volume.json"))


def process_of(podo, node: str, driver: str) -> int:
    (file,) = staged(podo, node, driver)
    return msgspec.json.decode(file.read_bytes())["pid"]


def killed(podo, node: str, driver: str) -> None:
    """End what serves the only mount of a node, and wait for its successor."""
    dead = process_of(podo, node, driver)
    os.kill(dead, signal.SIGKILL)
    processes.until("another serves it", lambda: process_of(podo, node, driver) != dead)


def reads(kubectl, pod: str, text: str, file: str = "/data/x") -> None:
    look = lambda: kubectl.try_("exec", pod, "--", "cat", file).stdout == text + "\n"  # noqa: E731
    processes.until(f"{pod} reads {text}", look)


def two_nodes_share(kubectl, podo, driver: str) -> None:
    kubectl.apply(storage_class(kubectl, driver), shared(kubectl))
    kubectl.apply(user("one", nodeSelector=on("node-1")), user("two", nodeSelector=on("node-2")))
    kubectl.ready("pod/one", "pod/two")
    write(kubectl, "one", "shared")
    reads(kubectl, "two", "shared")
    write(kubectl, "two", "more", "/data/a-folder-less-file")
    reads(kubectl, "one", "more", "/data/a-folder-less-file")
    kubectl("delete", "pod", "one")
    assert staged(podo, "node-1", driver) == []
    assert len(staged(podo, "node-2", driver)) == 1
    kubectl("delete", "pod", "two")
    assert staged(podo, "node-2", driver) == []
    kubectl.apply(user("three"))
    kubectl.ready("pod/three")
    assert kubectl("exec", "three", "--", "cat", "/data/x") == "shared\n"


def test_two_nodes_share_a_container_that_was_made_for_a_claim(kubectl, podo, blobs, cloud):
    kubectl.apply(secret({"connectionString": blobs}))
    two_nodes_share(kubectl, podo, "blob.csi.podo")
    volume = kubectl.get("pvc", "c")["spec"]["volumeName"]
    kubectl("delete", "pod", "three")
    kubectl("delete", "pvc", "c")
    kubectl.wait("delete", f"pv/{volume}")


def test_two_nodes_share_a_bucket_that_was_made_for_a_claim(kubectl, podo, buckets, cloud):
    kubectl.apply(secret(buckets))
    two_nodes_share(kubectl, podo, "s3.csi.podo")


def test_an_ordinary_user_writes_and_the_account_s_key_is_on_no_node(kubectl, podo, blobs, cloud):
    kubectl.apply(secret({"connectionString": blobs}), storage_class(kubectl, "blob.csi.podo"), shared(kubectl))
    kubectl.apply(user("u", securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000}))
    kubectl.ready("pod/u")
    write(kubectl, "u", "mine")
    reads(kubectl, "u", "mine")
    run = os.path.join("/run/podo", podo.name)
    found = subprocess.run(["grep", "-rlF", "Eby8vdM02xNO", run, str(podo.state / "nodes")], capture_output=True)
    assert found.stdout == b""


def test_a_mount_that_dies_is_mounted_again_and_running_pods_have_it(kubectl, podo, blobs, cloud):
    kubectl.apply(secret({"connectionString": blobs}), storage_class(kubectl, "blob.csi.podo"), shared(kubectl))
    kubectl.apply(user("p", nodeSelector=on("node-1")))
    kubectl.ready("pod/p")
    write(kubectl, "p", "before")
    reads(kubectl, "p", "before")
    for _ in range(2):
        killed(podo, "node-1", "blob.csi.podo")
        reads(kubectl, "p", "before")
    write(kubectl, "p", "after", "/data/y")
    assert kubectl.get("pod", "p")["status"]["containerStatuses"][0]["restartCount"] == 0


def test_a_mount_outlives_the_agent_and_is_kept_by_the_next(kubectl, podo, blobs, cloud):
    kubectl.apply(secret({"connectionString": blobs}), storage_class(kubectl, "blob.csi.podo"), shared(kubectl))
    kubectl.apply(user("p", nodeSelector=on("node-1")))
    kubectl.ready("pod/p")
    write(kubectl, "p", "before")
    serving = process_of(podo, "node-1", "blob.csi.podo")
    os.kill(podo.pids()["node-1"], signal.SIGKILL)
    podo("up", "--nodes", "2")
    reads(kubectl, "p", "before")
    assert process_of(podo, "node-1", "blob.csi.podo") == serving
    killed(podo, "node-1", "blob.csi.podo")
    reads(kubectl, "p", "before")
    kubectl("delete", "pod", "p")
    assert staged(podo, "node-1", "blob.csi.podo") == []


def test_a_store_that_is_gone_gives_errors_and_no_node_hangs(kubectl, podo, cloud, tmp_path):
    with azurite(tmp_path) as (connection, running):
        kubectl.apply(
            secret({"connectionString": connection}), storage_class(kubectl, "blob.csi.podo"), shared(kubectl)
        )
        kubectl.apply(user("p", nodeSelector=on("node-1")))
        kubectl.ready("pod/p")
        write(kubectl, "p", "kept")
        reads(kubectl, "p", "kept")
        running.process.terminate()
        running.process.wait(20)
        look = lambda: "put/output error" in kubectl.refusal("exec", "p", "--", "cat", "/data/new", seconds=90)  # noqa: E731
        processes.until("the Pod gets an error", look, 60)
        kubectl.apply(pod("other", nodeSelector=on("node-1")))
        kubectl.ready("pod/other")
        kubectl("delete", "pod", "p", "other", "--grace-period=1", seconds=90)
        assert staged(podo, "node-1", "blob.csi.podo") == []
        port = int(connection.split("127.0.0.1:")[1].split("/")[0])
        with azurite(tmp_path, port):
            kubectl.apply(user("again"))
            kubectl.ready("pod/again")
            reads(kubectl, "again", "kept")
            kubectl("delete", "pod", "again")
            volume = kubectl.get("pvc", "c")["spec"]["volumeName"]
            kubectl("delete", "pvc", "c")
            kubectl.wait("delete", f"pv/{volume}")


def test_a_store_that_falls_silent_gives_errors_within_a_minute_and_comes_back(kubectl, podo, cloud, tmp_path):
    with azurite(tmp_path) as (connection, _):
        port = connection.split("127.0.0.1:")[1].split("/")[0]
        relay = Relay(int(port))
        values = secret({"connectionString": connection.replace(f":{port}/", f":{relay.port}/")})
        kubectl.apply(values, storage_class(kubectl, "blob.csi.podo"), shared(kubectl))
        kubectl.apply(user("p", nodeSelector=on("node-1")))
        kubectl.ready("pod/p")
        write(kubectl, "p", "kept")
        relay.be_silent()
        refused = kubectl.refusal("exec", "p", "--", "sh", "-c", "sleep 2; cat /data/new", seconds=75)
        assert any(words in refused for words in ("connection abort", "not connected", "put/output error")), refused
        relay.speak()
        processes.until(
            "it is read again",
            lambda: kubectl.try_("exec", "p", "--", "cat", "/data/x", seconds=75).stdout == "kept\n",
            90,
        )
        kubectl("delete", "pod", "p", "--grace-period=1", seconds=90)
        relay.close()


def test_a_bucket_that_is_there_is_a_volume_and_a_folder_of_it_another(kubectl, podo, buckets, cloud):
    kubectl.apply(secret(buckets), storage_class(kubectl, "s3.csi.podo", bucket="company-data"), shared(kubectl))
    kubectl.apply(user("in-a-folder"))
    kubectl.ready("pod/in-a-folder")
    write(kubectl, "in-a-folder", "mine")
    folder = kubectl.get("pvc", "c")["spec"]["volumeName"]
    reference = {"name": "store", "namespace": kubectl.namespace}
    whole = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": kubectl.namespace},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadOnlyMany"],
            "storageClassName": "",
            "mountOptions": ["ro", "uid=1000"],
            "csi": {"driver": "s3.csi.podo", "volumeHandle": "company-data", "nodeStageSecretRef": reference},
        },
    }
    static = claim("whole", accessModes=["ReadOnlyMany"], storageClassName="", volumeName=kubectl.namespace)
    try:
        kubectl.apply(whole, static)
        kubectl.apply(user("all", "whole"))
        kubectl.ready("pod/all")
        reads(kubectl, "all", "mine", f"/data/{folder}/x")
        assert "Read-only" in kubectl.refusal("exec", "all", "--", "touch", "/data/y")
        kubectl("delete", "pod", "all")
    finally:
        kubectl("delete", "pvc", "whole", "--ignore-not-found", "--wait=false")
        kubectl("delete", "pv", kubectl.namespace, "--ignore-not-found", "--wait=false")


def test_wrong_credentials_are_told(kubectl, blobs, cloud):
    wrong = blobs.replace("AccountKey=E", "AccountKey=F")
    kubectl.apply(secret({"connectionString": wrong}), storage_class(kubectl, "blob.csi.podo"), shared(kubectl))
    look = lambda: "refuses: Auth" in kubectl("get", "events", "-o", "jsonpath={.items[*].message}")  # noqa: E731
    processes.until("an event says so", look)
