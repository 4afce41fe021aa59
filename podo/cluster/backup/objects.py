"""Which objects a backup has, and what of them: what users made, without what a cluster adds. Pure."""

import copy
from collections.abc import Iterable
from typing import Any, TypedDict

Object = dict[str, Any]
LEFT_OUT = {  # what a cluster makes by itself, or what is of one moment only
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("", "Endpoints"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "Binding"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("coordination.k8s.io", "Lease"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "CSIStorageCapacity"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("apiregistration.k8s.io", "APIService"),
    ("snapshot.storage.k8s.io", "VolumeSnapshot"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotContent"),
}
FIRST = (  # the order of restoring; other kinds come between Service and Pod
    "Namespace",
    "CustomResourceDefinition",
    "StorageClass",
    "PriorityClass",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "ResourceQuota",
    "LimitRange",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "Service",
)
LAST = ("Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})
ADDED = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "ownerReferences")


class Resource(TypedDict):
    """A kind as discovery names it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool


def path(resource: Resource, namespace: str = "", name: str = "") -> str:
    """Where the API has objects of a kind, or one of them."""
    root = f"/apis/{resource['group']}/{resource['version']}" if resource["group"] else f"/api/{resource['version']}"
    within = f"/namespaces/{namespace}" if resource["namespaced"] and namespace else ""
    return f"{root}{within}/{resource['plural']}" + (f"/{name}" if name else "")


def is_kept(resource: Resource, obj: Object) -> bool:
    """Whether a backup has it: not what its owner makes again, but every claim, whoever made it."""
    meta = obj["metadata"]
    if (resource["group"], resource["kind"]) in LEFT_OUT or meta.get("deletionTimestamp"):
        return False
    if resource["kind"] == "PersistentVolumeClaim":
        return True
    if any(r.get("controller") for r in meta.get("ownerReferences", ())):
        return False
    if resource["kind"] == "Secret" and obj.get("type") == "kubernetes.io/service-account-token":
        return False
    bootstrap = meta.get("labels", {}).get("kubernetes.io/bootstrapping")
    return not bootstrap and not (resource["kind"] == "ConfigMap" and meta["name"] == "kube-root-ca.crt")


def cleaned(obj: Object, into: str = "") -> Object:
    """As it is created anew, in the namespace `into` if that is another one."""
    new = copy.deepcopy(obj)
    new.pop("status", None)
    for name in ADDED:
        new["metadata"].pop(name, None)
    if into and "namespace" in new["metadata"]:
        new["metadata"]["namespace"] = into
        for subject in new.get("subjects") or ():
            if subject.get("namespace") == obj["metadata"]["namespace"]:
                subject["namespace"] = into
    if clean := CLEANERS.get(new["kind"]):
        clean(new)
    return new


def _service(obj: Object) -> None:
    spec = obj["spec"]
    if spec.get("clusterIP") != "None":
        for name in ("clusterIP", "clusterIPs"):
            spec.pop(name, None)
    spec.pop("healthCheckNodePort", None)
    for port in spec.get("ports", ()):
        port.pop("nodePort", None)


def _claim(obj: Object) -> None:
    obj["spec"].pop("volumeName", None)
    notes = obj["metadata"].get("annotations", {})
    for name in [n for n in notes if n.partition("/")[0] in ("pv.kubernetes.io", "volume.kubernetes.io")]:
        del notes[name]
    obj["metadata"].pop("finalizers", None)


def _pod(obj: Object) -> None:
    spec = obj["spec"]
    spec.pop("nodeName", None)
    made = {v["name"] for v in spec.get("volumes", ()) if v["name"].startswith("kube-api-access-")}
    spec["volumes"] = [v for v in spec.get("volumes", ()) if v["name"] not in made]
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        container["volumeMounts"] = [m for m in container.get("volumeMounts", ()) if m["name"] not in made]


def _job(obj: Object) -> None:
    if obj["spec"].get("manualSelector"):
        return
    obj["spec"].pop("selector", None)
    for meta in (obj["metadata"], obj["spec"]["template"].get("metadata", {})):
        for name in ("controller-uid", "batch.kubernetes.io/controller-uid"):
            meta.get("labels", {}).pop(name, None)


def _namespace(obj: Object) -> None:
    obj.pop("spec", None)


CLEANERS = {"Service": _service, "PersistentVolumeClaim": _claim, "Pod": _pod, "Job": _job, "Namespace": _namespace}


def ordered(objects: Iterable[Object]) -> list[Object]:
    """As they are to be created: what others need first, what starts containers last."""

    def rank(obj: Object) -> tuple[int, int]:
        kind = obj["kind"]
        if kind in FIRST:
            return 0, FIRST.index(kind)
        return (2, LAST.index(kind)) if kind in LAST else (1, 0)

    return sorted(objects, key=rank)
