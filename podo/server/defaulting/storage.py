"""Defaults of the storage, scheduling and authentication groups."""

from collections.abc import Callable
from typing import Any

from podo.server.defaulting.scalars import round_up_resources
from podo.server.defaulting.volumes import source_defaults

Object = dict[str, Any]


def storage_class(obj: Object) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def csi_driver(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("attachRequired", True)
    spec.setdefault("podInfoOnMount", False)
    spec.setdefault("storageCapacity", False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    spec.setdefault("requiresRepublish", False)
    spec.setdefault("seLinuxMount", False)


def priority_class(obj: Object) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def token_request(obj: Object) -> None:
    if obj["spec"]["expirationSeconds"] is None:
        obj["spec"]["expirationSeconds"] = 3600


def volume_attachment(obj: Object) -> None:
    inline = obj["spec"]["source"].get("inlineVolumeSpec")
    if inline is not None:
        round_up_resources(inline.get("capacity"))
        source_defaults(inline)


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("storage.k8s.io/v1", "StorageClass"): storage_class,
    ("storage.k8s.io/v1", "CSIDriver"): csi_driver,
    ("storage.k8s.io/v1", "VolumeAttachment"): volume_attachment,
    ("scheduling.k8s.io/v1", "PriorityClass"): priority_class,
    ("authentication.k8s.io/v1", "TokenRequest"): token_request,
}
