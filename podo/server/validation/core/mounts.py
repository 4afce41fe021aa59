"""Volume mounts and devices of a container."""

from podo.api.field_errors import forbidden, invalid, not_found, not_supported, required
from podo.server.validation.fields import Errors, Object
from podo.server.validation.paths import descending

PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
RECURSIVE = ("Disabled", "Enabled", "IfPossible")
BLOCK_ONLY = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"


def mounts(errs: Errors, container: Object, volumes: dict[str, Object], path: str) -> None:
    """Where a container sees volumes as files; `volumes` are the good ones of the Pod."""
    devices = {d["name"]: d["devicePath"] for d in container.get("volumeDevices", ())}
    taken: set[str] = set()
    for index, mount in enumerate(container["volumeMounts"]):
        where, name, target = f"{path}[{index}]", mount["name"], mount["mountPath"]
        if not name:
            errs.append(required(f"{where}.name"))
        if name not in volumes:
            errs.append(not_found(f"{where}.name", name))
        if not target:
            errs.append(required(f"{where}.mountPath"))
        if target in taken:
            errs.append(invalid(f"{where}.mountPath", target, "must be unique"))
        taken.add(target)
        if devices:
            if name in devices:
                errs.append(invalid(f"{where}.name", name, "must not already exist in volumeDevices"))
            if target in devices.values():
                message = "must not already exist as a path in volumeDevices"
                errs.append(invalid(f"{where}.mountPath", target, message))
        if len(mount) > 2:
            _details(errs, mount, container, where, path)


def _details(errs: Errors, mount: Object, container: Object, where: str, path: str) -> None:
    """What few mounts have. Some of it is reported without the index, as upstream does."""
    if sub_path := mount.get("subPath"):
        descending(errs, f"{path}.subPath", sub_path)
    if expression := mount.get("subPathExpr"):
        if sub_path:
            message = "subPathExpr and subPath are mutually exclusive"
            errs.append(invalid(f"{where}.subPathExpr", expression, message))
        descending(errs, f"{path}.subPathExpr", expression)
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in PROPAGATIONS:
            errs.append(not_supported(f"{path}.mountPropagation", propagation, PROPAGATIONS))
        elif propagation == "Bidirectional" and not container.get("securityContext", {}).get("privileged"):
            message = "Bidirectional mount propagation is available only to privileged containers"
            errs.append(forbidden(f"{path}.mountPropagation", message))
    recursive = mount.get("recursiveReadOnly")
    if recursive in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            message = "may only be specified when readOnly is true"
            errs.append(forbidden(f"{path}.recursiveReadOnly", message))
        if propagation not in (None, "None"):
            message = "may only be specified when mountPropagation is None or not specified"
            errs.append(forbidden(f"{path}.recursiveReadOnly", message))
    elif recursive not in (None, "Disabled"):
        errs.append(not_supported(f"{path}.recursiveReadOnly", recursive, RECURSIVE))


def devices(errs: Errors, container: Object, volumes: dict[str, Object], path: str) -> None:
    """Where a container sees volumes as block devices."""
    mounted = {m["name"]: m["mountPath"] for m in container.get("volumeMounts", ())}
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        name, target = device["name"], device["devicePath"]
        name_path, target_path = f"{path}[{index}].name", f"{path}[{index}].devicePath"
        volume = volumes.get(name)
        if not name:
            errs.append(required(name_path))
        if name in names:
            errs.append(invalid(name_path, name, "must be unique"))
        if volume is None:
            errs.append(not_found(name_path, name))
        elif "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            errs.append(invalid(name_path, name, BLOCK_ONLY))
        if not target:
            errs.append(required(target_path))
        if target in paths:
            errs.append(invalid(target_path, target, "must be unique"))
        if ".." in target.split("/"):
            errs.append(invalid(target_path, target, "can not contain backsteps ('..')"))
        else:
            paths.add(target)
        if name in mounted:
            errs.append(invalid(name_path, name, "must not already exist in volumeMounts"))
        if target in mounted.values():
            errs.append(invalid(target_path, target, "must not already exist as a path in volumeMounts"))
        if name:
            names.add(name)
