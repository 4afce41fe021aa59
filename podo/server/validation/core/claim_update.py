"""PersistentVolumeClaims, new and changed."""

from podo.api import names
from podo.api.field_errors import forbidden, not_supported, required
from podo.server.validation.core.claim import claim_spec
from podo.server.validation.core.resources import basic_resource, is_native, resource_value
from podo.server.validation.differences import difference
from podo.server.validation.fields import Errors, Object, amount, immutable, named
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import has_bad_value

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
CHANGEABLE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
)
RESIZE_STATUSES = (
    *("ControllerResizeInProgress", "ControllerResizeInfeasible"),
    *("NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"),
)


def create(obj: Object) -> Errors:
    """What is wrong with a new PersistentVolumeClaim."""
    errs: Errors = []
    new_meta(errs, obj)
    claim_spec(errs, obj["spec"], "spec")
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed PersistentVolumeClaim."""
    errs: Errors = []
    spec, stored = obj["spec"], old["spec"]
    changed_meta(errs, obj, old)
    new_meta(errs, obj)
    groups = (stored.get(key, {}).get("apiGroup") for key in ("dataSource", "dataSourceRef"))
    bad_groups = any(group and names.dns1123_subdomain(group) for group in groups)
    claim_spec(errs, spec, "spec", lenient_selector=has_bad_value(stored.get("selector")), lenient_groups=bad_groups)
    _spec_stays(errs, obj, old)
    size, before = (amount(s["resources"].get("requests", {}).get("storage", "0")) for s in (spec, stored))
    if size < before and size <= amount(old["status"].get("capacity", {}).get("storage", "0")):
        message = "field can not be less than status.capacity"
        errs.append(forbidden("spec.resources.requests.storage", message))
    immutable(errs, "volumeMode", spec.get("volumeMode"), stored.get("volumeMode"))
    key = "volumeAttributesClassName"
    if spec.get(key) != stored.get(key) and "currentVolumeAttributesClassName" in old["status"] and not spec.get(key):
        shown = "empty string" if key in spec else "nil"
        message = f"update to {shown} is forbidden when status.currentVolumeAttributesClassName is not nil"
        errs.append(forbidden(f"spec.{key}", message))
    return errs


def _spec_stays(errs: Errors, obj: Object, old: Object) -> None:
    stored = dict(old["spec"])
    clone = dict(obj["spec"])
    if not stored.get("volumeName") and clone.get("volumeName"):
        stored["volumeName"] = clone["volumeName"]
    annotation, now = (o["metadata"].get("annotations", {}).get(BETA_CLASS) for o in (old, obj))
    name, key = clone.get("storageClassName"), "storageClassName"
    takes_over = annotation is not None and key not in stored and name == annotation and now in (None, annotation)
    if takes_over:
        clone.pop(key, None)
    else:
        immutable(errs, f"metadata.annotations.{BETA_CLASS}", now or "", annotation or "")
        if name is not None and key not in stored and annotation in (None, name):
            clone.pop(key)
    if obj["status"].get("phase") == "Bound":
        if "requests" in clone["resources"]:
            size = stored["resources"].get("requests", {}).get("storage", "0")
            clone["resources"] = {
                **clone["resources"],
                "requests": {**clone["resources"]["requests"], "storage": size},
            }
        clone.pop("volumeAttributesClassName", None)
        if "volumeAttributesClassName" in stored:
            clone["volumeAttributesClassName"] = stored["volumeAttributesClassName"]
    if clone != stored:
        errs.append(forbidden("spec", CHANGEABLE + difference("PersistentVolumeClaimSpec", stored, clone)))


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    status = obj["status"]
    if not obj["spec"].get("accessModes"):
        errs.append(required("Spec.accessModes"))
    for name, text in status.get("capacity", {}).items():
        basic_resource(errs, f"status.capacity[{name}]", text)
    path = "status.allocatedResourceStatuses"
    for name, word in status.get("allocatedResourceStatuses", {}).items():
        _resource_key(errs, path, name)
        if word not in RESIZE_STATUSES:
            errs.append(not_supported(path, name, RESIZE_STATUSES))
    path = "status.allocatedResources"
    for name, text in status.get("allocatedResources", {}).items():
        before = len(errs)
        _resource_key(errs, path, name)
        if len(errs) == before:
            basic_resource(errs, f"{path}[{name}]", text)
        if len(errs) == before:
            resource_value(errs, f"{path}[{name}]", "storage", text)
    return errs


def _resource_key(errs: Errors, path: str, name: str) -> None:
    before = len(errs)
    named(errs, path, name, names.qualified_name)
    if len(errs) == before and is_native(name) and name != "storage":
        errs.append(not_supported(path, name, ("storage",)))
