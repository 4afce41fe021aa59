"""ObjectMeta: names, labels, annotations, owners, finalizers, managed fields."""

from collections.abc import Callable, Mapping, Sequence

from podo.api import names
from podo.api.field_errors import forbidden, invalid, required, too_long
from podo.server.validation.fields import NEGATIVE, Errors, Object, immutable, named

ANNOTATIONS_MAX = 256 * 1024
MANAGER_MAX, SUBRESOURCE_MAX = 128, 256
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
NameCheck = Callable[[str], list[str]]


def object_meta(errs: Errors, meta: Object, namespaced: bool, check: NameCheck = names.dns1123_subdomain) -> None:
    """The metadata of a new object, whose name has been generated already; `check` says what a name of its kind is."""
    if generate := meta.get("generateName"):
        for message in check(mask_trailing_dash(generate)):
            errs.append(invalid("metadata.generateName", generate, message))
    if name := meta.get("name"):
        named(errs, "metadata.name", name, check)
    else:
        errs.append(required("metadata.name", "name or generateName is required"))
    namespace = meta.get("namespace")
    if not namespaced:
        if namespace:
            errs.append(forbidden("metadata.namespace", "not allowed on this type"))
    elif namespace:
        named(errs, "metadata.namespace", namespace, names.dns1123_label)
    else:
        errs.append(required("metadata.namespace"))
    if meta.get("generation", 0) < 0:
        errs.append(invalid("metadata.generation", meta["generation"], NEGATIVE))
    _changeable(errs, meta)


def object_meta_update(errs: Errors, meta: Object, old: Object) -> None:
    """The metadata of a changed object."""
    if old.get("deletionTimestamp"):
        extra = sorted(set(meta.get("finalizers", ())) - set(old.get("finalizers", ())))
        if extra:
            shown = ", ".join(f'"{name}"' for name in extra)
            detail = "no new finalizers can be added if the object is being deleted, found new finalizers "
            errs.append(forbidden("metadata.finalizers", f"{detail}[]string{{{shown}}}"))
    if not meta.get("resourceVersion"):
        errs.append(invalid("metadata.resourceVersion", "", "must be specified for an update"))
    if meta.get("generation", 0) < old.get("generation", 0):
        errs.append(invalid("metadata.generation", meta.get("generation", 0), "must not be decremented"))
    for key in ("name", "namespace", "uid"):
        immutable(errs, f"metadata.{key}", meta.get(key, ""), old.get(key, ""))
    for key in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        immutable(errs, f"metadata.{key}", meta.get(key), old.get(key))
    _changeable(errs, meta, finalizer_names=False)


def _changeable(errs: Errors, meta: Object, *, finalizer_names: bool = True) -> None:
    if values := meta.get("labels"):
        labels(errs, values, "metadata.labels")
    if values := meta.get("annotations"):
        annotations(errs, values, "metadata.annotations")
    if owners := meta.get("ownerReferences"):
        owner_references(errs, owners, "metadata.ownerReferences")
    finalizers_ = meta.get("finalizers", ())
    if finalizers_ and finalizer_names:
        finalizers(errs, finalizers_, "metadata.finalizers")
    if entries := meta.get("managedFields"):
        managed_fields(errs, entries, "metadata.managedFields")


def new_meta(errs: Errors, obj: Object, *, namespaced: bool = True, check: NameCheck = names.dns1123_subdomain) -> None:
    """The metadata of a new object of a built-in kind."""
    object_meta(errs, obj["metadata"], namespaced, check)
    kube_finalizers(errs, obj["metadata"])


def plain_meta(errs: Errors, obj: Object, *, namespaced: bool, check: NameCheck = names.dns1123_subdomain) -> None:
    """The metadata of a new object of a kind that does not mind finalizers without a domain."""
    object_meta(errs, obj["metadata"], namespaced, check)


def changed_meta(errs: Errors, obj: Object, old: Object) -> None:
    """The metadata of a changed object of a built-in kind."""
    object_meta_update(errs, obj["metadata"], old["metadata"])
    kube_finalizers(errs, obj["metadata"])


def kube_finalizers(errs: Errors, meta: Object) -> None:
    """Finalizers without a domain must be Kubernetes' own."""
    if "finalizers" not in meta:
        return
    for index, name in enumerate(meta["finalizers"]):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            path = f"metadata.finalizers[{index}]"
            message = "name is neither a standard finalizer name nor is it fully qualified"
            errs.append(invalid(path, name, message))


def mask_trailing_dash(name: str) -> str:
    """A generateName with an end that a name may have."""
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name


def labels(errs: Errors, values: Mapping[str, str], path: str) -> None:
    """Label keys and values."""
    for key, value in values.items():
        named(errs, path, key, names.qualified_name)
        named(errs, path, value, names.label_value)


def annotations(errs: Errors, values: Mapping[str, str], path: str) -> None:
    """Annotation keys and their size in sum."""
    size = 0
    for key, value in values.items():
        size += len(key) + len(value)
        for message in names.qualified_name(key.lower()):
            errs.append(invalid(path, key, message))
    if size * 4 > ANNOTATIONS_MAX:
        size = sum(len(key.encode()) + len(value.encode()) for key, value in values.items())
        if size > ANNOTATIONS_MAX:
            errs.append(too_long(path, ANNOTATIONS_MAX))


def owner_references(errs: Errors, owners: Sequence[Object], path: str) -> None:
    """What owns an object; at most one of them controls it."""
    first = ""
    for owner in owners:
        version = owner["apiVersion"].rpartition("/")[2]
        if not version or owner["apiVersion"].count("/") > 1:
            errs.append(invalid(f"{path}.apiVersion", owner["apiVersion"], "version must not be empty"))
        for key in ("kind", "name", "uid"):
            if not owner[key]:
                errs.append(invalid(f"{path}.{key}", owner[key], "must not be empty"))
        if (owner["apiVersion"], owner["kind"]) == ("v1", "Event"):
            errs.append(invalid(path, _in_order(owner), "/v1, Kind=Event is disallowed from being an owner"))
        if owner.get("controller"):
            current = f"{owner['kind']}/{owner['name']}"
            if first:
                detail = 'Only one reference can have Controller set to true. Found "true" in references for '
                errs.append(invalid(path, [_in_order(o) for o in owners], f"{detail}{first} and {current}"))
            else:
                first = current


def _in_order(owner: Object) -> Object:
    order = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return {key: owner[key] for key in order if key in owner}


def finalizers(errs: Errors, values: Sequence[str], path: str) -> None:
    """Names of finalizers, and that they do not contradict each other."""
    for name in values:
        named(errs, path, name, names.qualified_name)
    if "orphan" in values and "foregroundDeletion" in values:
        message = "finalizer orphan and foregroundDeletion cannot be both set"
        errs.append(invalid(path, list(values), message))


def managed_fields(errs: Errors, entries: Sequence[Object], path: str) -> None:
    """Who manages which fields."""
    for index, entry in enumerate(entries):
        where = f"{path}[{index}]"
        operation = entry.get("operation", "")
        if operation not in ("Apply", "Update"):
            errs.append(invalid(f"{where}.operation", operation, "must be `Apply` or `Update`"))
        if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
            errs.append(invalid(f"{where}.fieldsType", entry["fieldsType"], "must be `FieldsV1`"))
        field_manager(errs, entry.get("manager", ""), f"{where}.manager")
        if len(entry.get("subresource", "")) > SUBRESOURCE_MAX:
            errs.append(too_long(f"{where}.subresource", SUBRESOURCE_MAX))


def field_manager(errs: Errors, manager: str, path: str) -> None:
    """The name of a field manager."""
    if len(manager) > MANAGER_MAX:
        errs.append(too_long(path, MANAGER_MAX))
    if not manager.isprintable():
        for position, letter in enumerate(manager):
            if not letter.isprintable():
                message = f"invalid character U+{ord(letter):04X} (at position {position})"
                errs.append(invalid(path, manager, message))


def template_meta(errs: Errors, meta: Object, path: str) -> None:
    """The metadata of a template that may hold nothing but labels and annotations."""
    annotations(errs, meta.get("annotations", {}), f"{path}.annotations")
    labels(errs, meta.get("labels", {}), f"{path}.labels")
    for key in meta:
        if key not in ("annotations", "labels"):
            errs.append(forbidden(f"{path}.{key}", "cannot be set"))


def changed_only(obj: Object, old: Object) -> Errors:
    """For an update where nothing but the metadata is looked at."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    return errs
