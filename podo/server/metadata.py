"""What the registry itself fills in and checks of metadata, for every kind (apimachinery's rules)."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError, forbidden, invalid, required

SUFFIX_ALPHABET, SUFFIX_LENGTH, GENERATED_MAX = "bcdfghjklmnpqrstvwxz2456789", 5, 63
ANNOTATIONS_MAX = 256 << 10
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
DUPLICATE_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject "
    "such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
)
Object = dict[str, Any]
NameErrors = Callable[[str], list[str]]
IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def generated_name(prefix: str, choice: Callable[[str], str]) -> str:
    """A name for generateName: the prefix, cut where it is too long, and five characters of chance."""
    return prefix[: GENERATED_MAX - SUFFIX_LENGTH] + "".join(choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))


def create_errors(meta: Object, namespaced: bool, name_errors: NameErrors) -> Iterator[FieldError]:
    """What is wrong with the metadata of a new object."""
    if generate := meta.get("generateName"):
        for text in name_errors(f"{generate}a" if generate.endswith("-") else generate):
            yield invalid("metadata.generateName", generate, text)
    if name := meta.get("name"):
        for text in name_errors(name):
            yield invalid("metadata.name", name, text)
    else:
        yield required("metadata.name", "name or generateName is required")
    namespace = meta.get("namespace", "")
    if namespaced and not namespace:
        yield required("metadata.namespace")
    elif namespaced:
        for text in names.dns1123_label(namespace):
            yield invalid("metadata.namespace", namespace, text)
    elif namespace:
        yield forbidden("metadata.namespace", "not allowed on this type")
    yield from _content_errors(meta)


def update_errors(meta: Object, old: Object) -> Iterator[FieldError]:
    """What is wrong with changed metadata."""
    if old.get("deletionTimestamp"):
        fresh = [name for name in meta.get("finalizers") or () if name not in (old.get("finalizers") or ())]
        if fresh:
            shown = "[]string{" + ", ".join(json.dumps(name) for name in fresh) + "}"
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            yield forbidden("metadata.finalizers", text)
    if not meta.get("resourceVersion"):
        yield invalid("metadata.resourceVersion", "", "must be specified for an update")
    if meta.get("generation", 0) < old.get("generation", 0):
        yield invalid("metadata.generation", meta.get("generation", 0), "must not be decremented")
    for field in IMMUTABLE:
        if meta.get(field) != old.get(field):
            yield invalid(f"metadata.{field}", meta.get(field), "field is immutable")
    yield from _content_errors(meta)


def _content_errors(meta: Object) -> Iterator[FieldError]:
    """What create and update check alike."""
    if meta.get("generation", 0) < 0:
        yield invalid("metadata.generation", meta["generation"], "must be greater than or equal to 0")
    yield from label_errors(meta.get("labels") or {}, "metadata.labels")
    yield from annotation_errors(meta.get("annotations") or {}, "metadata.annotations")
    yield from owner_errors(meta.get("ownerReferences") or (), "metadata.ownerReferences")
    yield from _finalizer_errors(meta.get("finalizers") or ())
    for position, entry in enumerate(meta.get("managedFields") or ()):
        yield from _managed_fields_errors(entry, f"metadata.managedFields[{position}]")


def label_errors(labels: dict[str, str], path: str) -> Iterator[FieldError]:
    """What is wrong with a map of labels."""
    for key, value in labels.items():
        for text in names.qualified_name(key):
            yield invalid(path, key, text)
        for text in names.label_value(value):
            yield invalid(path, value, text)


def annotation_errors(annotations: dict[str, str], path: str) -> Iterator[FieldError]:
    """What is wrong with a map of annotations; the case of their names does not matter."""
    size = 0
    for key, value in annotations.items():
        for text in names.qualified_name(key.lower()):
            yield invalid(path, key, text)
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_MAX:
        yield FieldError("Too long", path, detail=f"may not be more than {ANNOTATIONS_MAX} bytes")


def owner_errors(owners: Sequence[Object], path: str) -> Iterator[FieldError]:
    """What is wrong with owner references."""
    controller = ""
    for owner in owners:
        for field, text in (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")):
            if not owner.get(field):
                yield invalid(f"{path}.{field}", owner.get(field, ""), f"{text} must not be empty")
        if owner.get("kind") == "Event" and owner.get("apiVersion") in ("v1", "events.k8s.io/v1"):
            yield invalid(path, owner, f"{owner['apiVersion']}, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            if controller:
                text = 'Only one reference can have Controller set to true. Found "true" in references for '
                yield invalid(path, list(owners), f"{text}{controller} and {owner.get('name', '')}")
            controller = controller or owner.get("name", "")


def _finalizer_errors(finalizers: Sequence[str]) -> Iterator[FieldError]:
    for finalizer in finalizers:
        for text in names.qualified_name(finalizer):
            yield invalid("metadata.finalizers", finalizer, text)
    if ORPHAN in finalizers and FOREGROUND in finalizers:
        text = f"finalizer {ORPHAN} and {FOREGROUND} cannot be both set"
        yield invalid("metadata.finalizers", list(finalizers), text)


def _managed_fields_errors(entry: Object, path: str) -> Iterator[FieldError]:
    if entry.get("operation") not in ("Apply", "Update"):
        yield invalid(f"{path}.operation", entry.get("operation", ""), "must be `Apply` or `Update`")
    if entry.get("fieldsType") not in ("FieldsV1", None, ""):
        yield invalid(f"{path}.fieldsType", entry["fieldsType"], "must be `FieldsV1`")
    yield from manager_errors(entry.get("manager", ""), f"{path}.manager")


def manager_errors(manager: str, path: str) -> Iterator[FieldError]:
    """What is wrong with the name of a field manager."""
    if len(manager) > 128:
        yield FieldError("Too long", path, detail="may not be more than 128 bytes")
    for position, character in enumerate(manager):
        if not character.isprintable():
            yield invalid(path, manager, f"invalid character U+{ord(character):04X} (at position {position})")


def dedup_owners(meta: Object) -> list[str]:
    """Drop owner references that stand there twice; the warnings for it."""
    owners: list[Any] = meta.get("ownerReferences") or []
    kept: list[Any] = []
    for owner in owners:
        if owner not in kept:
            kept.append(owner)
    if len(kept) == len(owners):
        return []
    twice = [owner.get("uid", "") for position, owner in enumerate(owners) if owner in owners[:position]]
    meta["ownerReferences"] = kept
    return [f"{DUPLICATE_OWNERS}{', '.join(dict.fromkeys(twice))}"]
