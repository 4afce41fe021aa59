"""Defaults of the core group, but for Pods (`pod.py`) and volumes (`volumes.py`)."""

import base64
from collections.abc import Callable
from typing import Any

from podo.server.defaulting import pod, volumes
from podo.server.defaulting.scalars import round_up_resources

Object = dict[str, Any]
CLIENT_IP_SECONDS = 10800


def service(obj: Object) -> None:
    """A Service; the allocators fill in addresses and node ports later."""
    spec = obj["spec"]
    affinity = spec.setdefault("sessionAffinity", "None")
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP" and (
        spec.get("sessionAffinityConfig", {}).get("clientIP", {}).get("timeoutSeconds") is None
    ):
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": CLIENT_IP_SECONDS}}
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port["targetPort"] in (0, ""):
            port["targetPort"] = port["port"]
    balanced = kind == "LoadBalancer"
    if balanced or kind == "NodePort" or (kind == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if balanced:
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in obj["status"]["loadBalancer"].get("ingress", ()):
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def replication_controller(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    template = spec.get("template")
    if template is None:
        return
    labels = template["metadata"].get("labels")
    if labels:
        spec.setdefault("selector", dict(labels))
        obj["metadata"].setdefault("labels", dict(labels))
    pod.template(template)


def secret(obj: Object) -> None:
    """A Secret; the write-only `stringData` is folded into `data`."""
    if texts := obj.pop("stringData", None):
        data = obj.setdefault("data", {})
        data |= {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    obj.setdefault("type", "Opaque")


def namespace(obj: Object) -> None:
    if name := obj["metadata"].get("name"):
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    obj["status"].setdefault("phase", "Active")


def node(obj: Object) -> None:
    """A Node; the one range of old and the list of ranges say the same, the former decides."""
    status, spec = obj["status"], obj["spec"]
    cidr, cidrs = spec.get("podCIDR"), spec.get("podCIDRs")
    if cidr and (not cidrs or cidrs[0] != cidr):
        spec["podCIDRs"] = [cidr]
    elif cidrs:
        spec["podCIDR"] = cidrs[0]
    round_up_resources(status.get("capacity"))
    if "capacity" in status and "allocatable" not in status:
        status["allocatable"] = dict(status["capacity"])
    round_up_resources(status.get("allocatable"))


def endpoints(obj: Object) -> None:
    for subset in obj.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def persistent_volume(obj: Object) -> None:
    spec = obj["spec"]
    obj["status"].setdefault("phase", "Pending")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    round_up_resources(spec.get("capacity"))
    volumes.source_defaults(spec)


def persistent_volume_claim(obj: Object) -> None:
    obj["status"].setdefault("phase", "Pending")
    volumes.claim_spec(obj["spec"])
    round_up_resources(obj["status"].get("capacity"))
    round_up_resources(obj["status"].get("allocatedResources"))


def limit_range(obj: Object) -> None:
    for item in obj["spec"]["limits"] or ():
        for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
            round_up_resources(item.get(key))
        if item["type"] == "Container":
            limits = {**item.get("max", {}), **item.get("default", {})}
            requests = {**item.get("min", {}), **limits, **item.get("defaultRequest", {})}
            item |= {"default": limits} if limits else {}
            item |= {"defaultRequest": requests} if requests else {}


def resource_quota(obj: Object) -> None:
    round_up_resources(obj["spec"].get("hard"))
    round_up_resources(obj["status"].get("hard"))
    round_up_resources(obj["status"].get("used"))


def pod_template(obj: Object) -> None:
    pod.template(obj["template"])


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("v1", "Pod"): pod.pod,
    ("v1", "PodTemplate"): pod_template,
    ("v1", "ReplicationController"): replication_controller,
    ("v1", "Service"): service,
    ("v1", "Secret"): secret,
    ("v1", "Namespace"): namespace,
    ("v1", "Node"): node,
    ("v1", "Endpoints"): endpoints,
    ("v1", "PersistentVolume"): persistent_volume,
    ("v1", "PersistentVolumeClaim"): persistent_volume_claim,
    ("v1", "LimitRange"): limit_range,
    ("v1", "ResourceQuota"): resource_quota,
}
