"""The objects that are written, as small as they may be, and where they lie in the API."""

import json
from typing import Any

Manifest = dict[str, Any]


def configmaps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def configmap(name: str, size: int, labels: dict[str, str] | None = None) -> Manifest:
    """`size` characters of data."""
    metadata: Manifest = {"name": name}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": "x" * size}}


def pod_spec(image: str, **more: Any) -> Manifest:
    container = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent"}
    return {"containers": [container], "terminationGracePeriodSeconds": 1, **more}


def pod(name: str, image: str, **spec: Any) -> Manifest:
    metadata = {"name": name, "labels": {"app": "bench"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(image, **spec)}


def idle_pod(name: str) -> Manifest:
    """A Pod that no scheduler takes, for measures of the API alone."""
    return pod(name, "bench.invalid/none", schedulerName="bench-none")


def deployment(name: str, image: str, replicas: int) -> Manifest:
    """Updates never fall below `replicas`."""
    labels = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec(image)},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def encoded(manifest: Manifest) -> bytes:
    return json.dumps(manifest, separators=(",", ":")).encode()
