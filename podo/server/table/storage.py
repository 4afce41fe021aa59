"""Volumes, claims and their classes."""

from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import UNSET, Cells, age, going, joined, name, spec, status

MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULTS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def access_modes(modes: list[str] | None) -> str:
    """Access modes, short and in a fixed order."""
    return ",".join(short for mode, short in MODES.items() if mode in (modes or ()))


def _class(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations[OLD_CLASS] if OLD_CLASS in annotations else spec(obj).get("storageClassName") or "")


def _given(obj: Object, field: str) -> str:
    value = spec(obj).get(field)
    return UNSET if value is None else str(value)


def _phase(obj: Object) -> str:
    return "Terminating" if going(obj) else status(obj).get("phase", "")


def volume(obj: Object, now: datetime) -> Cells:
    """Name, size, modes, reclaim policy, phase, claim, classes, reason, age; mode."""
    wanted, claim = spec(obj), spec(obj).get("claimRef")
    size = (wanted.get("capacity") or {}).get("storage", "0")
    bound = "" if claim is None else f"{claim.get('namespace', '')}/{claim.get('name', '')}"
    policy = wanted.get("persistentVolumeReclaimPolicy", "")
    shown = [name(obj), size, access_modes(wanted.get("accessModes")), policy, _phase(obj), bound, _class(obj)]
    shown += [_given(obj, "volumeAttributesClassName"), status(obj).get("reason", ""), age(obj, now)]
    return [*shown, _given(obj, "volumeMode")]


def claim(obj: Object, now: datetime) -> Cells:
    """Name, phase, volume, capacity, modes, classes, age; mode."""
    bound = spec(obj).get("volumeName") or ""
    capacity, modes = "", ""
    if bound:
        capacity = (status(obj).get("capacity") or {}).get("storage", "0")
        modes = access_modes(status(obj).get("accessModes"))
    shown = [name(obj), _phase(obj), bound, capacity, modes, _class(obj), _given(obj, "volumeAttributesClassName")]
    return [*shown, age(obj, now), _given(obj, "volumeMode")]


def storage_class(obj: Object, now: datetime) -> Cells:
    """Name, provisioner, policies, whether volumes may grow, age."""
    annotations = obj["metadata"].get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in DEFAULTS)
    shown = [f"{name(obj)} (default)" if default else name(obj), obj.get("provisioner", "")]
    policies = [obj.get("reclaimPolicy") or "Delete", obj.get("volumeBindingMode") or "Immediate"]
    return [*shown, *policies, obj.get("allowVolumeExpansion") or False, age(obj, now)]


def attributes_class(obj: Object, now: datetime) -> Cells:
    """Name, driver, age."""
    return [name(obj), obj.get("driverName", ""), age(obj, now)]


def attachment(obj: Object, now: datetime) -> Cells:
    """Name, attacher, volume, node, whether attached, age."""
    wanted = spec(obj)
    source = (wanted.get("source") or {}).get("persistentVolumeName") or ""
    shown = [name(obj), wanted.get("attacher", ""), source, wanted.get("nodeName", "")]
    return [*shown, status(obj).get("attached") or False, age(obj, now)]


def csi_driver(obj: Object, now: datetime) -> Cells:
    """Name, what the driver needs, token audiences, modes, age."""
    wanted = spec(obj)
    tokens = wanted.get("tokenRequests")
    audiences = UNSET if tokens is None else ",".join(token.get("audience", "") for token in tokens)
    needs = [wanted.get("attachRequired", True), wanted.get("podInfoOnMount") or False]
    shown = [name(obj), *needs, wanted.get("storageCapacity") or False, audiences]
    return [*shown, wanted.get("requiresRepublish") or False, joined(wanted.get("volumeLifecycleModes")), age(obj, now)]


def csi_node(obj: Object, now: datetime) -> Cells:
    """Name, how many drivers, age."""
    return [name(obj), len(spec(obj).get("drivers") or ()), age(obj, now)]
