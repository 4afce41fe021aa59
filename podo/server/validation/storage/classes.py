"""StorageClasses, VolumeAttributesClasses and CSIStorageCapacities."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long
from podo.server.validation.fields import IMMUTABLE, Errors, Object, immutable, named, non_negative_quantity
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import label_selector, labels_shown, selector_shown

PARAMETERS_MAX, PARAMETERS_SIZE_MAX = 512, 256 * 1024
RECLAIM_POLICIES = ("Delete", "Retain")
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")


def create_class(obj: Object) -> Errors:
    """What is wrong with a new StorageClass."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _class(errs, obj)
    return errs


def _class(errs: Errors, obj: Object) -> None:
    _provisioner(errs, obj.get("provisioner", ""), "provisioner")
    _parameters(errs, obj.get("parameters", {}))
    policy, mode = obj.get("reclaimPolicy"), obj.get("volumeBindingMode")
    if policy and policy not in RECLAIM_POLICIES:
        errs.append(not_supported("reclaimPolicy", policy, RECLAIM_POLICIES))
    if mode is None:
        errs.append(required("volumeBindingMode"))
    elif mode not in BINDING_MODES:
        errs.append(not_supported("volumeBindingMode", mode, BINDING_MODES))
    terms = obj.get("allowedTopologies", ())
    seen: list[dict[str, set[str]]] = [{} for _ in terms]  # Kubernetes has as many empty ones, with which it compares
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}]"
        wanted = _topology(errs, term, f"{path}.matchLabelExpressions")
        errs += [duplicate(f"{path}.matchLabelExpressions", "") for other in seen if other == wanted]
        seen.append(wanted)


def _provisioner(errs: Errors, name: str, path: str) -> None:
    if name:
        for message in names.qualified_name(name.lower()):
            errs.append(invalid(path, name.lower(), message))
    else:
        errs.append(required(path))


def _parameters(errs: Errors, parameters: dict[str, str], *, needed: bool = False) -> None:
    path = "parameters"
    if len(parameters) > PARAMETERS_MAX:
        errs.append(too_long(path, PARAMETERS_MAX))
        return
    if "" in parameters:
        errs.append(invalid(path, "", "field can not be empty."))
    if sum(len(k.encode()) + len(v.encode()) for k, v in parameters.items()) > PARAMETERS_SIZE_MAX:
        errs.append(too_long(path, PARAMETERS_SIZE_MAX))
    if needed and not parameters:
        errs.append(required(path, "must contain at least one key/value pair"))


def _topology(errs: Errors, term: Object, path: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for index, expression in enumerate(term.get("matchLabelExpressions", ())):
        where, key, values = f"{path}[{index}]", expression["key"], expression.get("values") or []
        if not values:
            errs.append(required(f"{where}.values"))
        seen: set[str] = set()
        for position, value in enumerate(values):
            if value in seen:
                errs.append(duplicate(f"{where}.values[{position}]", value))
            seen.add(value)
        named(errs, f"{where}.key", key, names.qualified_name)
        if key in found:
            errs.append(duplicate(f"{where}.key", key))
        found[key] = seen
    return found


def update_class(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed StorageClass."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _class(errs, obj)
    parameters, stored = obj.get("parameters"), old.get("parameters")
    if (parameters or {}) != (stored or {}):
        errs.append(invalid("parameters", labels_shown(parameters), IMMUTABLE))
    for key in ("provisioner", "reclaimPolicy", "volumeBindingMode"):
        immutable(errs, key, obj.get(key), old.get(key))
    return errs


def create_attributes(obj: Object) -> Errors:
    """What is wrong with a new VolumeAttributesClass."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _provisioner(errs, obj.get("driverName", ""), "driverName")
    _parameters(errs, obj.get("parameters", {}), needed=True)
    return errs


def update_attributes(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed VolumeAttributesClass."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    for key in ("driverName", "parameters"):
        if obj.get(key) != old.get(key):
            errs.append(forbidden(key, f"updates to {key} are forbidden."))
    return errs + create_attributes(obj)


def create_capacity(obj: Object) -> Errors:
    """What is wrong with a new CSIStorageCapacity."""
    errs: Errors = []
    new_meta(errs, obj)
    _storage_capacity(errs, obj)
    return errs


def _storage_capacity(errs: Errors, obj: Object) -> None:
    label_selector(errs, obj.get("nodeTopology"), "nodeTopology")
    named(errs, "storageClassName", obj.get("storageClassName", ""), names.dns1123_subdomain)
    if "capacity" in obj:
        non_negative_quantity(errs, "capacity", obj["capacity"])


def update_capacity(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed CSIStorageCapacity."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _storage_capacity(errs, obj)
    if obj.get("nodeTopology") != old.get("nodeTopology"):
        errs.append(invalid("nodeTopology", selector_shown(obj.get("nodeTopology")), IMMUTABLE))
    immutable(errs, "storageClassName", obj.get("storageClassName", ""), old.get("storageClassName", ""))
    return errs
