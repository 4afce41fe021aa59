"""Namespaces, and the Bindings that put Pods on nodes."""

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.metadata import STANDARD_FINALIZERS, changed_only, new_meta


def create(obj: Object) -> Errors:
    errs: Errors = []
    new_meta(errs, obj, namespaced=False, check=names.dns1123_label)
    for name in obj["spec"].get("finalizers", ()):
        _finalizer(errs, name, "spec.finalizers")
    return errs


def _finalizer(errs: Errors, name: str, path: str) -> None:
    named(errs, path, name, names.qualified_name)
    if "/" not in name and name not in STANDARD_FINALIZERS:
        message = "name is neither a standard finalizer name nor is it fully qualified"
        errs.append(invalid(path, name, message))


def update(obj: Object, old: Object) -> Errors:
    return [*create(obj), *changed_only(obj, old)]


def status_update(obj: Object, old: Object) -> Errors:
    errs = changed_only(obj, old)
    wanted = "Terminating" if obj["metadata"].get("deletionTimestamp") else "Active"
    phase = obj["status"].get("phase", "")
    if phase != wanted:
        state = "is empty" if wanted == "Active" else "is not empty"
        message = f"may only be '{wanted}' if `deletionTimestamp` {state}"
        errs.append(invalid("status.Phase", phase, message))
    return errs


def finalize_update(obj: Object, old: Object) -> Errors:
    errs = changed_only(obj, old)
    for index, name in enumerate(obj["spec"].get("finalizers", ())):
        _finalizer(errs, name, f"spec.finalizers[{index}]")
    return errs


def binding(obj: Object) -> Errors:
    """A Binding; its target is a node."""
    errs: Errors = []
    target = obj["target"]
    if target.get("kind") not in (None, "", "Node"):
        errs.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errs.append(required("target.name"))
    return errs
