"""Pods: create. Updates stand in `pod_update.py`."""

from collections.abc import Mapping

from podo.api.field_errors import forbidden, invalid
from podo.server.validation.core import windows
from podo.server.validation.core.containers import image_spacing
from podo.server.validation.core.deletion_cost import ANNOTATION, bad_deletion_cost
from podo.server.validation.core.options import POD, PodOptions
from podo.server.validation.core.pod_spec import pod_spec
from podo.server.validation.fields import Errors, Object
from podo.server.validation.metadata import new_meta
from podo.server.validation.paths import descending

MIRROR = "kubernetes.io/config.mirror"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def create(obj: Object) -> Errors:
    """What is wrong with a new Pod."""
    errs: Errors = []
    spec = obj["spec"]
    metadata_and_spec(errs, obj, POD)
    if spec.get("ephemeralContainers"):
        errs.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errs.append(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    if annotations := obj["metadata"].get("annotations"):
        annotations_match_fields(errs, annotations, spec, "spec")
    return errs


def metadata_and_spec(errs: Errors, obj: Object, opts: PodOptions) -> None:
    """What is checked at every create and update."""
    meta, spec = obj["metadata"], obj["spec"]
    new_meta(errs, obj)
    if annotations := meta.get("annotations"):
        pod_annotations(errs, annotations, spec, "metadata.annotations", opts)
    pod_spec(errs, spec, meta, "spec", opts)
    if not spec.get("serviceAccountName"):
        for index, volume in enumerate(spec.get("volumes", ())):
            for position, source in enumerate(volume.get("projected", {}).get("sources") or ()):
                if "serviceAccountToken" in source:
                    path = f"spec.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                    errs.append(forbidden(path, "must not be specified when serviceAccountName is not set"))
    for key in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            image_spacing(errs, container, f"spec.{key}[{index}]")


def pod_annotations(errs: Errors, annotations: dict[str, str], spec: Object, path: str, opts: PodOptions) -> None:
    """Annotations that mean something to Kubernetes."""
    if MIRROR in annotations and not spec.get("nodeName"):
        message = "must set spec.nodeName if mirror pod annotation is set"
        errs.append(invalid(f"{path}[{MIRROR}]", annotations[MIRROR], message))
    if not opts.allow_bad_deletion_cost and bad_deletion_cost(annotations):
        errs.append(invalid(f"{path}[{ANNOTATION}]", annotations[ANNOTATION], "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        _seccomp_name(errs, annotations[SECCOMP_POD], f"{path}.{SECCOMP_POD}")
    for key, value in annotations.items():
        if key.startswith(SECCOMP_CONTAINER):
            _seccomp_name(errs, value, f"{path}.{key}")
    for key, value in annotations.items():
        if key.startswith(APP_ARMOR):
            _app_armor(errs, key, value, spec, f"{path}[{key}]")


def _seccomp_name(errs: Errors, name: str, path: str) -> None:
    if name in ("runtime/default", "docker/default", "unconfined"):
        return
    if name.startswith("localhost/"):
        descending(errs, path, name.removeprefix("localhost/"))
    else:
        errs.append(invalid(path, name, "must be a valid seccomp profile"))


def _app_armor(errs: Errors, key: str, value: str, spec: Object, path: str) -> None:
    container = key.removeprefix(APP_ARMOR)
    if all(c["name"] != container for c, _ in windows.every_container(spec, "spec")):
        errs.append(invalid(path, container, "container not found"))
    if value not in ("", "runtime/default", "unconfined") and not value.startswith("localhost/"):
        errs.append(invalid(path, value, f'invalid AppArmor profile name: "{value}"'))


def annotations_match_fields(errs: Errors, annotations: dict[str, str], spec: Object, path: str) -> None:
    """Old annotations must not contradict the fields that replaced them."""
    _seccomp_matches(errs, annotations, spec, path)
    _app_armor_matches(errs, annotations, spec, path)


def _seccomp_matches(errs: Errors, annotations: dict[str, str], spec: Object, path: str) -> None:
    if SECCOMP_POD in annotations:
        profile = spec["securityContext"].get("seccompProfile")
        _seccomp_match(errs, annotations[SECCOMP_POD], profile, f"{path}.securityContext.seccompProfile")
    for container, where in windows.every_container(spec, path):
        annotation = annotations.get(SECCOMP_CONTAINER + container["name"])
        if annotation is not None:
            profile = container.get("securityContext", {}).get("seccompProfile")
            _seccomp_match(errs, annotation, profile, f"{where}.securityContext.seccompProfile")


def _seccomp_match(errs: Errors, annotation: str, profile: Object | None, path: str) -> None:
    if profile is None:
        return
    plain = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default", "docker/default")}
    _match(errs, annotation, profile, plain, path, "seccomp")


def _app_armor_matches(errs: Errors, annotations: dict[str, str], spec: Object, path: str) -> None:
    if spec.get("os", {}).get("name") == "windows":
        return
    plain = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}
    for container, where in windows.every_container(spec, path):
        own = container.get("securityContext", {}).get("appArmorProfile")
        profile = own or spec["securityContext"].get("appArmorProfile")
        annotation = annotations.get(APP_ARMOR + container["name"])
        if profile is not None and annotation is not None:
            _match(errs, annotation, profile, plain, f"{where}.securityContext.appArmorProfile", "apparmor")


def _match(
    errs: Errors, annotation: str, profile: Object, plain: Mapping[str, tuple[str, ...]], path: str, what: str
) -> None:
    """The old annotation and the new field must say the same."""
    kind = profile["type"]
    same_type = (
        annotation.startswith("localhost/") if kind == "Localhost" else annotation in plain.get(kind, (annotation,))
    )
    if not same_type:
        errs.append(forbidden(f"{path}.type", f"{what} type in annotation and field must match"))
    elif kind == "Localhost" and profile.get("localhostProfile") != annotation.removeprefix("localhost/"):
        errs.append(forbidden(f"{path}.localhostProfile", f"{what} profile in annotation and field must match"))
