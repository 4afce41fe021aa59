"""In-place resize: only what containers ask for of CPU and memory may change."""

from copy import deepcopy

from podo.api.field_errors import forbidden, invalid
from podo.server.defaulting.qos import qos_class
from podo.server.validation.core.pod import MIRROR, metadata_and_spec
from podo.server.validation.core.ratchet import pod_options
from podo.server.validation.fields import Errors, Object
from podo.server.validation.metadata import changed_meta

RESIZABLE = ("cpu", "memory")
ONLY = "only cpu and memory resources are mutable"


def resize_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a resize."""
    errs: Errors = []
    spec, stored = obj["spec"], old["spec"]
    changed_meta(errs, obj, old)
    metadata_and_spec(errs, obj, pod_options(old))
    if MIRROR in old["metadata"].get("annotations", {}):
        return [forbidden("", "static pods cannot be resized")]
    if stored.get("os", {}).get("name") == "windows":
        return [forbidden("", "windows pods cannot be resized")]
    old_class = old["status"].get("qosClass") or qos_class(stored)
    if old_class != qos_class(spec):
        message = "Pod QOS Class may not change as a result of resizing"
        errs.append(invalid("spec", obj["status"].get("qosClass", ""), message))
    if not _node_supports(old):
        errs.append(forbidden("spec", "Pod running on node without support for resize"))
    munged = deepcopy(spec)
    if any((o.get("resources") or {}).get(key) for o in (spec, stored) for key in ("requests", "limits")):
        _pod_level(errs, spec, stored, munged)
    if old["status"].get("nodeAllocatableResourceClaimStatuses"):
        errs.append(forbidden("spec", "pods with node allocatable resource claims cannot be resized"))
    if not _same_containers(errs, spec, stored):
        return errs
    _containers(errs, spec, stored, munged)
    if not errs and munged != stored:
        errs.append(forbidden("spec", ONLY))
    return errs


def _node_supports(pod: Object) -> bool:
    for status in pod["status"].get("containerStatuses", ()):
        if "running" in status["state"]:
            return "resources" in status
    return True


def _removed(new: Object, old: Object, key: str) -> bool:
    return bool(old.get(key, {}).keys() - new.get(key, {}).keys())


def _pod_level(errs: Errors, spec: Object, old: Object, munged: Object) -> None:
    new, stored = spec.get("resources"), old.get("resources")
    if stored is not None:
        if new is None:
            errs.append(forbidden("spec.resources", "pod-level resources cannot be removed"))
            return
        for key in ("requests", "limits"):
            if _removed(new, stored, key):
                errs.append(forbidden(f"spec.resources.{key}", f"pod-level resource {key} cannot be removed"))
    kept = restored(new or {}, stored or {})
    if kept or stored is not None:
        munged["resources"] = kept
    else:
        munged.pop("resources", None)
    if munged.get("resources") != stored:
        errs.append(forbidden("spec", "only cpu and memory resources are mutable at pod-level"))


def restored(new: Object, old: Object) -> Object:
    """Resources with their CPU and memory as in `old`."""
    result = {key: value for key, value in new.items() if key not in ("requests", "limits")}
    for key in ("limits", "requests"):
        amounts = {n: v for n, v in new.get(key, {}).items() if n not in RESIZABLE}
        amounts |= {n: v for n, v in old.get(key, {}).items() if n in RESIZABLE}
        if amounts:
            result[key] = amounts
    return result


def _same_containers(errs: Errors, spec: Object, old: Object) -> bool:
    before = len(errs)
    for key in ("containers", "initContainers"):
        new_list, old_list = spec.get(key) or [], old.get(key) or []
        if len(new_list) != len(old_list):
            errs.append(forbidden(f"spec.{key}", f"{key} may not be added or removed on resize"))
            continue
        for index, (container, other) in enumerate(zip(new_list, old_list, strict=True)):
            if container["name"] != other["name"]:
                message = f"{key} may not be renamed or reordered on resize"
                errs.append(forbidden(f"spec.{key}[{index}].name", message))
    return len(errs) == before


def _containers(errs: Errors, spec: Object, old: Object, munged: Object) -> None:
    for key in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(key) or ()):
            for which in ("requests", "limits"):
                if _removed(container["resources"], old[key][index]["resources"], which):
                    path = f"spec.{key}[{index}].resources.{which}"
                    errs.append(forbidden(path, f"resource {which} cannot be removed"))
    for index, container in enumerate(munged.get("containers") or ()):
        container["resources"] = _own(container, old["containers"][index])
        if container != old["containers"][index]:
            errs.append(forbidden("spec", ONLY))
    for index, container in enumerate(munged.get("initContainers") or ()):
        other, path = old["initContainers"][index], f"spec.initContainers[{index}]"
        modified = container != other
        container["resources"] = _own(container, other)
        if container != other:
            message = "only cpu and memory resources for init or sidecar containers are mutable"
            errs.append(forbidden(path, message))
        if modified and container.get("restartPolicy") != "Always":
            for policy in container.get("resizePolicy", ()):
                if policy["restartPolicy"] == "RestartContainer":
                    message = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
                    errs.append(forbidden(path, message))


def _own(container: Object, other: Object) -> Object:
    """A container's resources with the old CPU and memory; claims do not survive, as upstream has it."""
    kept = restored(container["resources"], other["resources"])
    kept.pop("claims", None)
    return kept
