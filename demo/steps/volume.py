"""Data outlives the Pod that wrote it, and that Pod's node: a claim of the default class, nothing installed for it."""

import json
import time
from typing import Any

from demo.stage import Broken, Stage

TITLE = "Data: written by a Pod, read by another after the first and its node are gone"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "demo-data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "64Mi"}}},
}


def run(stage: Stage) -> str:
    started = time.monotonic()
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(CLAIM))
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(pod("demo-writer")))
    stage.kubectl("wait", "--for=condition=Ready", "--timeout=20s", "pod/demo-writer")
    claimed = time.monotonic() - started
    stage.kubectl("exec", "demo-writer", "--", "sh", "-c", "echo kept > /data/x; sync")
    node = stage.get("pod", "demo-writer")["spec"]["nodeName"]
    stage.podo("node", "stop", node)
    stage.kubectl("delete", "pod", "demo-writer", "--now", "--ignore-not-found")
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(pod("demo-reader")))
    stage.kubectl("wait", "--for=condition=Ready", "--timeout=20s", "pod/demo-reader")
    read = stage.kubectl("exec", "demo-reader", "--", "cat", "/data/x").strip()
    where = stage.get("pod", "demo-reader")["spec"]["nodeName"]
    stage.podo("node", "start", node)
    stage.kubectl("delete", "pod", "demo-reader", "--now")
    stage.kubectl("delete", "pvc", "demo-data")
    if (read, where == node) != ("kept", False):
        raise Broken(f"{where} read {read!r} of what {node} wrote")
    return f"claim bound and Pod Ready after {claimed:.2f} s; {node} lost, {where} reads the data"


def pod(name: str) -> dict[str, Any]:
    """A Pod that has the claim's volume at /data."""
    container = {
        "name": "main",
        "image": "hello:v1",
        "command": ["sleep", "3600"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "demo-data"}}],
        "terminationGracePeriodSeconds": 0,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
