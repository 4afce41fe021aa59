"""Manifests, as short as Kubernetes takes them."""

from copy import deepcopy
from typing import Any

IMAGE, PORT = "hello:v1", 8080
IDLE = "trap exit TERM; while true; do sleep 3600 & wait; done"


def pod(name: str, script: str = IDLE, **spec: Any) -> dict[str, Any]:
    """A Pod of one container, `main`, that runs a script."""
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script]} | spec.pop("container", {})
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def web(name: str, **spec: Any) -> dict[str, Any]:
    """A Pod of the example application."""
    made = pod(name, **spec)
    container = {"name": "main", "image": IMAGE, "ports": [{"containerPort": PORT}], "readinessProbe": deepcopy(PROBE)}
    made["spec"]["containers"] = [container]
    return made


PROBE = {"httpGet": {"path": "/cgi-bin/index.cgi", "port": PORT}, "periodSeconds": 1}


def deployment(name: str, replicas: int = 1, image: str = IMAGE, **spec: Any) -> dict[str, Any]:
    """A Deployment of the example application; its container is `main`."""
    template = web(name)
    template["spec"]["containers"][0]["image"] = image
    template = {"metadata": {"labels": {"app": name}}, "spec": template["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(name: str, **spec: Any) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": PORT}]} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
