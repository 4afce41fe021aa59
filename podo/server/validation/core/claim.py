"""PersistentVolumeClaims, and the claims that Pods and StatefulSets make from templates."""

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.core.resources import resource_value
from podo.server.validation.fields import NOT_POSITIVE, Errors, Object, amount, named, needed, one_of
from podo.server.validation.metadata import template_meta
from podo.server.validation.selectors import label_selector

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
DEFAULT_GROUP = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"


def template(errs: Errors, obj: Object, path: str) -> None:
    """The template of an ephemeral volume's claim."""
    template_meta(errs, obj.get("metadata", {}), f"{path}.metadata")
    claim_spec(errs, obj["spec"], f"{path}.spec")


def access_modes(errs: Errors, modes: list[str], path: str) -> None:
    """How a volume may be mounted."""
    for mode in modes:
        one_of(errs, path, mode, ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(m in ACCESS_MODES and m != "ReadWriteOncePod" for m in modes):
        errs.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def claim_spec(
    errs: Errors, spec: Object, path: str, *, lenient_selector: bool = False, lenient_groups: bool = False
) -> None:
    """The spec of a claim; the flags tolerate what an old one has."""
    modes = spec.get("accessModes", [])
    if not modes:
        errs.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    label_selector(errs, spec.get("selector"), f"{path}.selector", lenient_values=lenient_selector)
    access_modes(errs, modes, f"{path}.accessModes")
    storage = spec["resources"].get("requests", {}).get("storage")
    where = f"{path}.resources[storage]"
    if storage is None:
        errs.append(required(where))
    elif amount(storage) <= 0:
        errs.append(invalid(where, storage, NOT_POSITIVE))
    else:
        resource_value(errs, where, "storage", storage)
    if name := spec.get("storageClassName"):
        named(errs, f"{path}.storageClassName", name, names.dns1123_subdomain)
    if "volumeMode" in spec and spec["volumeMode"] not in VOLUME_MODES:
        errs.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], VOLUME_MODES))
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None:
        _data_source(errs, source, f"{path}.dataSource", lenient_groups)
    if ref is not None:
        _data_source(errs, ref, f"{path}.dataSourceRef", lenient_groups)
        if ref.get("namespace"):
            named(errs, f"{path}.dataSourceRef.namespace", ref["namespace"], names.dns1123_label)
    if source is not None and ref is not None:
        if ref.get("namespace"):
            errs.append(invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified"))
        elif any(source.get(key) != ref.get(key) for key in ("apiGroup", "kind", "name")):
            errs.append(invalid(path, {}, "must match dataSourceRef"))
    if name := spec.get("volumeAttributesClassName"):
        named(errs, f"{path}.volumeAttributesClassName", name, names.dns1123_subdomain)


def _data_source(errs: Errors, source: Object, path: str, lenient_group: bool) -> None:
    needed(errs, source, path, "name", "kind")
    group = source.get("apiGroup")
    if not group and source["kind"] != "PersistentVolumeClaim":
        errs.append(invalid(path, source["kind"], DEFAULT_GROUP))
    if group and not lenient_group:
        named(errs, f"{path}.apiGroup", group, names.dns1123_subdomain)
