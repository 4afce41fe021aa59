"""PersistentVolumes."""

from collections.abc import Callable
from posixpath import normpath

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.core import volume_sources
from podo.server.validation.core.claim import VOLUME_MODES, access_modes
from podo.server.validation.core.resources import basic_resource
from podo.server.validation.core.scheduling import node_selector
from podo.server.validation.differences import difference
from podo.server.validation.fields import (
    NOT_POSITIVE,
    Errors,
    Object,
    amount,
    immutable,
    named,
    needed,
    needed_name,
)
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_only, new_meta
from podo.server.validation.paths import no_backsteps

RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
WITH_MOUNT_OPTIONS = frozenset(
    {"gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs"}
    | {"azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk"}
)
MORE_THAN_ONE = "may not specify more than 1 volume type"
NAMESPACE = "if the endpointnamespace is set, it must be a valid namespace name"
BETA_TO_GA = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
ORDER = (
    *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte"),
    *("cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk"),
    *("portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi"),
)
SECRETS = ("controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")


def create(obj: Object) -> Errors:
    """What is wrong with a new PersistentVolume."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _spec(errs, obj["spec"], obj["metadata"].get("name", ""), "spec")
    _mount_options(errs, obj)
    return errs


def _mount_options(errs: Errors, obj: Object) -> None:
    """The annotation that was there before the field: only for kinds of volumes that are that old."""
    if MOUNT_OPTIONS in obj["metadata"].get("annotations", {}) and not WITH_MOUNT_OPTIONS & obj["spec"].keys():
        message = "may not specify mount options for this volume type"
        errs.append(forbidden(f"metadata.annotations.{MOUNT_OPTIONS}", message))


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed PersistentVolume; what is with any, Kubernetes finds twice."""
    errs = create(obj) * 2
    spec, stored = obj["spec"], old["spec"]
    source, before = _source(spec), _source(stored)
    secret = "controllerExpandSecretRef"
    if "csi" in source and secret not in before.get("csi", {secret: None}):
        source["csi"] = {k: v for k, v in source["csi"].items() if k != secret}
    if source != before:
        shown = difference("PersistentVolumeSource", before, source)
        errs.append(
            forbidden(
                "spec.persistentvolumesource", f"spec.persistentvolumesource is immutable after creation\n{shown}"
            )
        )
    immutable(errs, "volumeMode", spec.get("volumeMode"), stored.get("volumeMode"))
    affinity, bound = spec.get("nodeAffinity"), stored.get("nodeAffinity")
    if bound is not None and affinity != bound and affinity != _with_new_labels(bound, affinity):
        message = "field is immutable, except for updating from beta label to GA"
        found = None if affinity is None else internal_form("VolumeNodeAffinity", affinity)
        errs.append(invalid("nodeAffinity", found, message))
    key = "volumeAttributesClassName"
    if key in stored and key not in spec:
        errs.append(forbidden(f"spec.{key}", "update from non-nil value to nil is forbidden"))
    return errs


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    return changed_only(obj, old)


def _source(spec: Object) -> Object:
    return {kind: spec[kind] for kind in ORDER if kind in spec}


def _with_new_labels(old: Object, new: Object | None) -> Object | None:
    """The old affinity, where the new one has the final name of a label with that name."""
    if new is None:
        return old
    terms, others = (a.get("required", {}).get("nodeSelectorTerms") or [] for a in (old, new))
    if len(terms) != len(others):
        return old
    renamed = []
    for term, other in zip(terms, others, strict=True):
        expressions, wanted = (t.get("matchExpressions", []) for t in (term, other))
        if len(expressions) == len(wanted):
            expressions = [
                {**one, "key": other["key"]} if BETA_TO_GA.get(one["key"]) == other["key"] else one
                for one, other in zip(expressions, wanted, strict=True)
            ]
        renamed.append({**term, "matchExpressions": expressions} if "matchExpressions" in term else term)
    return {**old, "required": {**old.get("required", {}), "nodeSelectorTerms": renamed}}


def _spec(errs: Errors, spec: Object, volume: str, path: str) -> None:
    if not spec.get("accessModes"):
        errs.append(required(f"{path}.accessModes"))
    access_modes(errs, spec.get("accessModes", []), f"{path}.accessModes")
    _capacity(errs, spec.get("capacity"), f"{path}.capacity")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in RECLAIM_POLICIES:
        errs.append(not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if "required" in affinity:
            node_selector(errs, affinity["required"], f"{path}.nodeAffinity.required")
        else:
            errs.append(required(f"{path}.nodeAffinity.required", "must specify required node constraints"))
    sources(errs, spec, volume, path)
    if policy == "Recycle" and "hostPath" in spec and normpath(spec["hostPath"]["path"] or ".") in ("/", "//"):
        message = "may not be 'recycle' for a hostPath mount of '/'"
        errs.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", message))
    if name := spec.get("storageClassName"):
        named(errs, f"{path}.storageClassName", name, names.dns1123_subdomain)
    if "volumeMode" in spec and spec["volumeMode"] not in VOLUME_MODES:
        errs.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], VOLUME_MODES))
    if "volumeAttributesClassName" in spec:
        where, name = f"{path}.volumeAttributesClassName", spec["volumeAttributesClassName"]
        if name:
            named(errs, where, name, names.dns1123_subdomain)
        else:
            errs.append(required(where, "an empty string is disallowed"))
        if "csi" not in spec:
            errs.append(required(f"{path}.csi", "has to be specified when using volumeAttributesClassName"))


def _capacity(errs: Errors, capacity: Object | None, path: str) -> None:
    if not capacity:
        errs.append(required(path))
    if list(capacity or ()) != ["storage"]:
        errs.append(not_supported(path, capacity, ("storage",)))
    for name, text in (capacity or {}).items():
        basic_resource(errs, f"{path}[{name}]", text)
        if amount(text) <= 0:
            errs.append(invalid(f"{path}[{name}]", text, NOT_POSITIVE))


def sources(errs: Errors, spec: Object, volume: str, path: str) -> None:
    """The one source that a volume must have; `volume` is its name."""
    kinds = [kind for kind in ORDER if kind in spec]
    for position, kind in enumerate(kinds):
        where, source = f"{path}.{kind}", spec[kind]
        if position and kind != "flexVolume":
            errs.append(forbidden(f"{path}.cephFS" if kind == "cephfs" else where, MORE_THAN_ONE))
        elif kind == "iscsi":
            volume_sources.iscsi_persistent(errs, source, where, volume)
        else:
            volume_sources.shared(errs, kind, source, where)
            if kind in MORE:
                MORE[kind](errs, source, where)
        if kind == "local" and not position and "nodeAffinity" not in spec:
            errs.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    if not kinds:
        errs.append(required(path, "must specify a volume type"))


def _glusterfs(errs: Errors, source: Object, path: str) -> None:
    if (namespace := source.get("endpointsNamespace")) is not None:
        where = f"{path}.endpointsNamespace"
        if namespace:
            named(errs, where, namespace, names.dns1123_label)
        else:
            errs.append(invalid(where, namespace, NAMESPACE))


def _secret_namespace(errs: Errors, source: Object, path: str) -> None:
    if (secret := source.get("secretRef")) is not None:
        needed(errs, secret, f"{path}.secretRef", "namespace")


def _azure_file(errs: Errors, source: Object, path: str) -> None:
    if source.get("secretNamespace") == "":
        errs.append(required(f"{path}.secretNamespace"))


def _local(errs: Errors, source: Object, path: str) -> None:
    if source["path"]:
        no_backsteps(errs, f"{path}.path", source["path"])
    else:
        errs.append(required(f"{path}.path"))


def _csi(errs: Errors, source: Object, path: str) -> None:
    volume_sources.driver_name(errs, f"{path}.driver", source["driver"])
    needed(errs, source, path, "volumeHandle")
    for key in SECRETS:
        if (secret := source.get(key)) is not None:
            needed_name(errs, f"{path}.{key}.name", secret.get("name", ""), names.dns1123_subdomain)
            needed_name(errs, f"{path}.{key}.namespace", secret.get("namespace", ""), names.dns1123_label)


MORE: dict[str, Callable[[Errors, Object, str], None]] = {
    "glusterfs": _glusterfs,
    "cinder": _secret_namespace,
    "storageos": _secret_namespace,
    "azureFile": _azure_file,
    "local": _local,
    "csi": _csi,
}
"""What is asked of a source beyond what is asked of it in a Pod."""
