"""Changes of a Pod: nearly all of it stays. Also ephemeral containers and in-place resize."""

from copy import deepcopy

from podo.api.field_errors import forbidden, invalid, required
from podo.server.validation.core.gated_pod import gated_changes
from podo.server.validation.core.options import PodOptions
from podo.server.validation.core.pod import APP_ARMOR, MIRROR, metadata_and_spec, pod_annotations
from podo.server.validation.core.ratchet import pod_options
from podo.server.validation.core.scheduling import tolerations
from podo.server.validation.differences import difference
from podo.server.validation.fields import Errors, Object
from podo.server.validation.metadata import changed_meta

MAX_INT32 = 2**31 - 1
UPDATABLE = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
)


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Pod."""
    errs: Errors = []
    opts = pod_options(old)
    spec, stored = obj["spec"], old["spec"]
    changed_meta(errs, obj, old)
    metadata_and_spec(errs, obj, opts)
    annotation_changes(errs, obj, old, opts)
    for key in ("containers", "initContainers"):
        if not _same_containers(errs, spec.get(key) or [], stored.get(key) or [], f"spec.{key}"):
            return errs
    if not _deadline(errs, spec, stored):
        return errs
    if _tolerations_added(errs, spec.get("tolerations", []), stored.get("tolerations", [])):
        tolerations(errs, spec.get("tolerations", []), "spec.tolerations")
    _gates_removed(errs, spec.get("schedulingGates", []), stored.get("schedulingGates", []))
    if spec == stored:
        return errs
    munged = _without_allowed_changes(spec, stored)
    if stored.get("schedulingGates"):
        gated_changes(errs, munged, stored)
    if munged != stored:
        shown = difference("PodSpec", stored, munged)
        errs.append(forbidden("spec", f"pod updates may not change fields other than {UPDATABLE}\n{shown}"))
    return errs


def annotation_changes(errs: Errors, obj: Object, old: Object, opts: PodOptions) -> None:
    """Annotations that stay as they are."""
    path = "metadata.annotations"
    new_values, old_values = (o["metadata"].get("annotations", {}) for o in (obj, old))
    for key, value in old_values.items():
        if new_values.get(key) != value:
            if key.startswith(APP_ARMOR):
                errs.append(forbidden(f"{path}[{key}]", "may not remove or update AppArmor annotations"))
            if key == MIRROR:
                errs.append(forbidden(f"{path}[{key}]", "may not remove or update mirror pod annotation"))
    for key in new_values:
        if key not in old_values:
            if key.startswith(APP_ARMOR):
                errs.append(forbidden(f"{path}[{key}]", "may not add AppArmor annotations"))
            if key == MIRROR:
                errs.append(forbidden(f"{path}[{key}]", "may not add mirror pod annotation"))
    if new_values:
        pod_annotations(errs, new_values, obj["spec"], path, opts)


def _same_containers(errs: Errors, new: list[Object], old: list[Object], path: str) -> bool:
    """Whether there are as many as before; their images are checked again."""
    if len(new) != len(old):
        errs.append(forbidden(path, "pod updates may not add or remove containers"))
        return False
    for index, container in enumerate(new):
        image = container.get("image", "")
        if not image:
            errs.append(required(f"{path}[{index}].image"))
        if image != image.strip():
            message = "must not have leading or trailing whitespace"
            errs.append(invalid(f"{path}[{index}].image", image, message))
    return True


def _deadline(errs: Errors, spec: Object, old: Object) -> bool:
    """The deadline may only come nearer. Gives whether to go on."""
    path, new_value, old_value = "spec.activeDeadlineSeconds", *(o.get("activeDeadlineSeconds") for o in (spec, old))
    if new_value is None:
        if old_value is not None:
            errs.append(invalid(path, None, "must not update from a positive integer to nil value"))
        return True
    if not 0 <= new_value <= MAX_INT32:
        errs.append(invalid(path, new_value, f"must be between 0 and {MAX_INT32}, inclusive"))
        return False
    if old_value is not None and old_value < new_value:
        errs.append(invalid(path, new_value, "must be less than or equal to previous value"))
        return False
    return True


def _tolerations_added(errs: Errors, new: list[Object], old: list[Object]) -> bool:
    without_time = [{k: v for k, v in t.items() if k != "tolerationSeconds"} for t in new]
    for toleration in old:
        if {k: v for k, v in toleration.items() if k != "tolerationSeconds"} not in without_time:
            message = "existing toleration can not be modified except its tolerationSeconds"
            errs.append(forbidden("spec.tolerations", message))
            return False
    return True


def _gates_removed(errs: Errors, new: list[Object], old: list[Object]) -> None:
    known = {gate["name"] for gate in old}
    for index, gate in enumerate(new):
        if gate["name"] not in known:
            message = f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"
            errs.append(forbidden(f"spec.schedulingGates[{index}].name", message))


def _without_allowed_changes(spec: Object, old: Object) -> Object:
    """`spec` with what may change as it is in `old`."""
    munged = deepcopy(spec)
    for key in ("containers", "initContainers"):
        for container, other in zip(munged.get(key) or (), old.get(key) or (), strict=True):
            _take(container, other, "image")
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _take(munged, old, key)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and munged.get("terminationGracePeriodSeconds") == 1:
        _take(munged, old, "terminationGracePeriodSeconds")
    return munged


def _take(target: Object, source: Object, key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def ephemeral_containers_update(obj: Object, old: Object) -> Errors:
    """What is wrong with new ephemeral containers: old ones stay as they are."""
    errs: Errors = []
    opts = pod_options(old)
    changed_meta(errs, obj, old)
    metadata_and_spec(errs, obj, opts)
    annotation_changes(errs, obj, old, opts)
    if MIRROR in old["metadata"].get("annotations", {}):
        return [forbidden("", "static pods do not support ephemeral containers")]
    path = "spec.ephemeralContainers"
    given = {c["name"]: c for c in obj["spec"].get("ephemeralContainers", ())}
    for container in old["spec"].get("ephemeralContainers", ()):
        name = container["name"]
        if name not in given:
            errs.append(forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n'))
        elif given[name] != container:
            shown = difference("EphemeralContainer", container, given[name])
            message = f'existing ephemeral containers "{name}" may not be changed\n{shown}'
            errs.append(forbidden(path, message))
    return errs
