"""PostgreSQL under load: its Pod is killed, its node lost, its volume grown, snapshotted and cloned. No row is lost."""

import json
import os
import re

import pytest

from tests.e2e import processes
from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import pod
from tests.e2e.postgres_image import START, write_context
from tests.e2e.test_storage import claim, on

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
IMAGE = "postgres:e2e"
OWNER = {"securityContext": {"runAsUser": 1000, "fsGroup": 1000}}
WRITE = """\
until psql -h pg-0.pg -qc 'create table rows (n int primary key)'; do sleep 0.1; done 2>/dev/null
for n in $(seq 1000000); do
  psql -h pg-0.pg -qc "insert into rows values ($n)" 2>/dev/null && echo acknowledged $n || sleep 0.1
done
"""


@pytest.fixture(scope="module")
def podo(tmp_path_factory):
    command = Podo(f"e2e-pg-{os.getpid()}", tmp_path_factory.mktemp("home"))
    context = tmp_path_factory.mktemp("postgres")
    write_context(context)
    with cluster(command, "--nodes", "3"):
        command("build", "-t", IMAGE, str(context))
        yield command


@pytest.fixture
def kubectl(podo):
    return Kubectl(podo.state / "kubeconfig", podo.home)


def server(name: str, of: str, **more) -> dict:
    container = {"image": IMAGE, "volumeMounts": [{"name": "data", "mountPath": "/data"}]} | more.pop("container", {})
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": of}}]
    return pod(name, START, volumes=volumes, container=container, **OWNER, **more)


def database() -> list[dict]:
    probe = {"exec": {"command": ["psql", "-h", "/tmp", "-c", "select 1"]}, "periodSeconds": 1}
    spec = server("pg", "x", container={"readinessProbe": probe})["spec"]
    del spec["volumes"]
    tolerations = [
        {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
        for why in ("not-ready", "unreachable")
    ]
    selector = {"app": "pg"}
    service = {"clusterIP": "None", "selector": selector, "ports": [{"port": 5432}], "publishNotReadyAddresses": True}
    template = {
        "metadata": {"labels": selector},
        "spec": spec | {"tolerations": tolerations, "affinity": away_from("node-1")},
    }
    stateful = {
        "replicas": 1,
        "serviceName": "pg",
        "selector": {"matchLabels": selector},
        "template": template,
        "volumeClaimTemplates": [claim("data", "256Mi")],
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "pg"}, "spec": service},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "pg"}, "spec": stateful},
    ]


def acknowledged(kubectl) -> set[int]:
    """The rows that the database has said to have."""
    return {int(n) for n in re.findall(r"acknowledged (\d+)", kubectl("logs", "writer"))}


def rows(kubectl, pod: str) -> set[int]:
    return {int(n) for n in kubectl("exec", pod, "--", "psql", "-h", "/tmp", "-qtAc", "select n from rows").split()}


def goes_on(kubectl) -> None:
    """More is written than was until now."""
    before = len(acknowledged(kubectl))
    processes.until("more rows are acknowledged", lambda: len(acknowledged(kubectl)) > before + 3, 60)


def is_back(kubectl, old: str) -> None:
    """Another Pod is the database, and works."""

    def look() -> bool:
        found = json.loads(kubectl.try_("get", "pod", "pg-0", "-o", "json").stdout or "{}")
        return found.get("metadata", {}).get("uid", old) != old

    processes.until("another Pod is the database", look, 60)
    kubectl.wait("condition=Ready", "pod/pg-0", seconds=60)
    goes_on(kubectl)


def uid(kubectl) -> str:
    return kubectl.get("pod", "pg-0")["metadata"]["uid"]


def test_no_acknowledged_row_is_lost_whatever_happens_to_pod_node_and_volume(podo, kubectl):
    kubectl.apply(*database(), pod("writer", WRITE, container={"image": IMAGE}, nodeSelector=on("node-1")))
    kubectl.ready("pod/writer")
    goes_on(kubectl)

    old = uid(kubectl)
    kubectl("delete", "pod", "pg-0", "--force", "--grace-period=0")
    is_back(kubectl, old)

    old, node = uid(kubectl), kubectl.get("pod", "pg-0")["spec"]["nodeName"]
    podo("node", "stop", node)
    is_back(kubectl, old)
    assert kubectl.get("pod", "pg-0")["spec"]["nodeName"] != node
    podo("node", "start", node)

    safe = acknowledged(kubectl)
    snapshot = {"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": {"name": "s"}}
    kubectl.apply(snapshot | {"spec": {"source": {"persistentVolumeClaimName": "data-pg-0"}}})
    kubectl.wait("jsonpath={.status.readyToUse}=true", "volumesnapshot/s")
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
    clone = {"kind": "PersistentVolumeClaim", "name": "data-pg-0"}
    kubectl.apply(claim("restored", "256Mi", dataSource=source), claim("cloned", "256Mi", dataSource=clone))
    kubectl.apply(server("restored", "restored"), server("cloned", "cloned"))
    kubectl.ready("pod/restored", "pod/cloned")
    for copy in ("restored", "cloned"):
        ask = lambda copy=copy: not kubectl.try_("exec", copy, "--", "psql", "-h", "/tmp", "-c", "select 1").status  # noqa: E731
        processes.until(f"{copy} answers", ask, 30)
        assert safe <= rows(kubectl, copy)

    kubectl("patch", "pvc", "data-pg-0", "-p", json.dumps({"spec": {"resources": {"requests": {"storage": "512Mi"}}}}))
    volume = kubectl.get("pvc", "data-pg-0")["spec"]["volumeName"]
    kubectl.wait("jsonpath={.spec.capacity.storage}=512Mi", f"pv/{volume}")
    old = uid(kubectl)
    kubectl("delete", "pod", "pg-0")  # the file system grows with the next mount where it cannot while it is mounted
    is_back(kubectl, old)
    kubectl.wait("jsonpath={.status.capacity.storage}=512Mi", "pvc/data-pg-0")

    said = acknowledged(kubectl)
    assert said <= rows(kubectl, "pg-0")
    assert len(said) > 20


def away_from(node: str) -> dict:
    """What keeps Pods from a node."""
    expression = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [node]}
    term = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
