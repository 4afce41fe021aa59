"""Objects for these tests, defaulted as the server does it, and what is found wrong with them."""

from copy import deepcopy
from typing import Any

from podo.server.defaulting import default
from podo.server.validation import validate_create, validate_update

Object = dict[str, Any]
CLUSTER_SCOPED = frozenset({"Namespace", "Node", "PersistentVolume", "StorageClass", "ClusterRole", "PriorityClass"})


def built(api_version: str, kind: str, *, metadata: Object | None = None, **rest: Any) -> Object:
    """A defaulted object named x; `rest` are its top-level fields."""
    meta = {"name": "x"} if kind in CLUSTER_SCOPED else {"name": "x", "namespace": "ns"}
    obj = {"apiVersion": api_version, "kind": kind, "metadata": meta | (metadata or {}), **deepcopy(rest)}
    default(api_version, kind, obj)
    return obj


def complaints(obj: Object) -> list[str]:
    """What is wrong with it as a new object, each as `path: message`."""
    return [str(e) for e in validate_create(obj["apiVersion"], obj["kind"], obj)]


def update_complaints(new: Object, old: Object, subresource: str = "") -> list[str]:
    """What is wrong with changing `old` into `new`."""
    for obj in (new, old):
        obj["metadata"].setdefault("resourceVersion", "1")
    return [str(e) for e in validate_update(new["apiVersion"], new["kind"], new, old, subresource)]


def pod(**spec: Any) -> Object:
    """A good Pod, as admission leaves it, with `spec` changed."""
    base = {"containers": [{"name": "c", "image": "i"}], "serviceAccountName": "default"}
    return built("v1", "Pod", spec=base | spec)


def pod_problems(**spec: Any) -> list[str]:
    """What is wrong with a Pod with this spec."""
    return complaints(pod(**spec))


def container_problems(**fields: Any) -> list[str]:
    """What is wrong with a Pod whose one container has these fields."""
    return pod_problems(containers=[{"name": "c", "image": "i", **fields}])
