"""Defaults of Pods and of Pod templates: what only Pods get would change the hash of every template (`pod`, `spec`)."""

from typing import Any

from podo.server.defaulting import volumes
from podo.server.defaulting.pod_resources import default_pod_level_resources
from podo.server.defaulting.scalars import round_up_resources

Object = dict[str, Any]
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


INIT_CONTAINERS = frozenset(
    f"pod.{level}.kubernetes.io/init-container{part}" for level in ("alpha", "beta") for part in ("s", "-statuses")
)
"""Annotations of old, in which init containers once were."""


def pod(obj: Object) -> None:
    """A Pod."""
    pod_spec_of_a_pod(obj["spec"])
    spec(obj["spec"])
    if obj["spec"]["terminationGracePeriodSeconds"] < 0:
        obj["spec"]["terminationGracePeriodSeconds"] = 1
    annotations = obj["metadata"].get("annotations", {})
    if annotations.keys() & INIT_CONTAINERS:
        obj["metadata"]["annotations"] = {k: v for k, v in annotations.items() if k not in INIT_CONTAINERS}
    status = obj["status"]
    if not status:
        return
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and (not addresses or addresses[0]["ip"] != address):
        status["podIPs"] = [{"ip": address}]
    elif addresses:
        status["podIP"] = addresses[0]["ip"]
    for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for container_status in status.get(key, ()):
            round_up_resources(container_status.get("allocatedResources"))
            resources(container_status.get("resources"))


def pod_spec_of_a_pod(spec: Object) -> None:
    """What a Pod gets and a template does not."""
    for containers in (spec["containers"] or (), spec.get("initContainers", ())):
        for container in containers:
            _requests_from_limits(container["resources"])
    default_pod_level_resources(spec)
    spec.setdefault("enableServiceLinks", True)
    if spec.get("hostNetwork"):
        for containers in (spec["containers"] or (), spec.get("initContainers", ())):
            for container in containers:
                for port in container.get("ports", ()):
                    if "hostPort" not in port and port["containerPort"]:
                        port["hostPort"] = port["containerPort"]


def _requests_from_limits(resources: Object) -> None:
    limits = resources.get("limits")
    if limits is not None:
        resources["requests"] = {**limits, **resources.get("requests", {})}


def template(obj: Object | None) -> None:
    """A Pod template."""
    if obj is not None:
        spec(obj["spec"])


def spec(obj: Object) -> None:
    """A PodSpec, wherever it stands."""
    if name := obj.get("serviceAccountName"):
        obj["serviceAccount"] = name
    elif name := obj.get("serviceAccount"):
        obj["serviceAccountName"] = name
    fill = obj.setdefault
    fill("dnsPolicy", "ClusterFirst")
    fill("restartPolicy", "Always")
    fill("securityContext", {})
    fill("terminationGracePeriodSeconds", 30)
    fill("schedulerName", "default-scheduler")
    for volume in obj.get("volumes", ()):
        volumes.volume(volume)
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for one in obj.get(key) or ():
            container(one)
    round_up_resources(obj.get("overhead"))
    resources(obj.get("resources"))


def container(obj: Object) -> None:
    """A container of any sort."""
    fill = obj.setdefault
    if "imagePullPolicy" not in obj:
        obj["imagePullPolicy"] = volumes.pull_policy(obj.get("image", ""))
    fill("terminationMessagePath", "/dev/termination-log")
    fill("terminationMessagePolicy", "File")
    for port in obj.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for env in obj.get("env", ()):
        if source := env.get("valueFrom"):
            _env_source(source)
    if obj["resources"]:
        resources(obj["resources"])
    for key in PROBES:
        if key in obj:
            probe(obj[key])
    for hook in obj.get("lifecycle", {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            http_get(hook["httpGet"])


def _env_source(source: Object) -> None:
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "fileKeyRef" in source:
        source["fileKeyRef"].setdefault("optional", False)


def resources(obj: Object | None) -> None:
    """Requests and limits, wherever they stand."""
    if obj:
        round_up_resources(obj.get("limits"))
        round_up_resources(obj.get("requests"))


def probe(obj: Object) -> None:
    fill = obj.setdefault
    fill("timeoutSeconds", 1)
    fill("periodSeconds", 10)
    fill("successThreshold", 1)
    fill("failureThreshold", 3)
    if "httpGet" in obj:
        http_get(obj["httpGet"])
    if "grpc" in obj:
        obj["grpc"]["service"] = obj["grpc"]["service"] or ""


def http_get(obj: Object) -> None:
    obj.setdefault("path", "/")
    obj.setdefault("scheme", "HTTP")
